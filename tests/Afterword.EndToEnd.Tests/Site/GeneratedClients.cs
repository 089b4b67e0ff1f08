using System.Reflection;
using System.Runtime.Loader;
using Afterword.Client.OAuth;
using Afterword.EndToEnd.Tests.Interop;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Site;

/// <summary>A server, and clients that were generated from its OpenAPI document, compiled with the calls in <c>tests/openapi/clients</c>.</summary>
public sealed class GeneratedClients : IAsyncLifetime
{
    private static readonly string s_openApi = Path.Combine(Repository.Root, "tests", "openapi");

    private readonly TestFolder _folder = TestFolder.Create("generated");
    private ServerProcess _server = null!;
    private OAuthCredentials _credentials = null!;
    private Task<Assembly> _csharp = null!;
    private Task _typeScript = null!;

    /// <summary>Who calls.</summary>
    public long Sender { get; private set; }

    /// <summary>Who is asked.</summary>
    public long Customer { get; private set; }

    private string Document => Path.Combine(_folder.Path, "openapi.json");

    public async ValueTask InitializeAsync()
    {
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 1, customers: 0);
        (Sender, Customer, _credentials) = (data.Senders[0].Id, data.Users[0].Id, data.Senders[0].Credentials);
        _server = await ServerProcess.StartAsync(store, "Limits:RecipientInterval=00:00:00");
        using (var http = new HttpClient()) await File.WriteAllTextAsync(Document, await http.GetStringAsync(new Uri(_server.Url, "/openapi/v1.json")));

        // Side by side; each test waits for its own.
        (_csharp, _typeScript) = (MakeCSharpAsync(), MakeTypeScriptAsync());
    }

    /// <summary>Calls with the client that <paramref name="calls"/> is about.</summary>
    public async Task<IReadOnlyList<string>> RunCSharpAsync(string calls)
    {
        using var http = new HttpClient(new OAuthHandler(_credentials) { InnerHandler = new SocketsHttpHandler() });
        var run = (await _csharp).GetType(calls, throwOnError: true)!.GetMethod("RunAsync")!;
        return await (Task<IReadOnlyList<string>>)run.Invoke(null, [http, _server.Url.GetLeftPart(UriPartial.Authority), $"{Customer}"])!;
    }

    public async Task<IReadOnlyList<string>> RunTypeScriptAsync()
    {
        await _typeScript;
        var written = await ClientScript.RunAsync(
            _folder.Path, "node", Path.Combine(_folder.Path, "calls.js"), _server.Url.GetLeftPart(UriPartial.Authority),
            _credentials.ConsumerKey, _credentials.ConsumerSecret, _credentials.Token!, _credentials.TokenSecret!, $"{Customer}");
        return written.TrimEnd('\n').Split('\n');
    }

    public async ValueTask DisposeAsync()
    {
        // What is still under way writes into the folder.
        await Task.WhenAny(Task.WhenAll(_csharp, _typeScript));
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<Assembly> MakeCSharpAsync()
    {
        var (nswag, kiota) = (Path.Combine(_folder.Path, "nswag.cs"), Path.Combine(_folder.Path, "kiota"));
        await Task.WhenAll(
            ClientScript.RunAsync(
                _folder.Path, "dotnet", Compiler.Tool("NSwag"), "openapi2csclient", $"/input:{Document}", $"/output:{nswag}", "/namespace:Feedback.NSwag", "/classname:FeedbackApi",
                "/jsonLibrary:SystemTextJson", "/jsonLibraryVersion:10", "/generateOptionalPropertiesAsNullable:true"),
            ClientScript.RunAsync(
                _folder.Path, "env", "KIOTA_CLI_TELEMETRY_OPTOUT=true", "KIOTA_TUTORIAL_ENABLED=false", "KIOTA_UPDATE__DISABLED=true",
                "dotnet", Compiler.Tool("Kiota"), "generate", "--language", "csharp", "--openapi", Document, "--output", kiota, "--namespace-name", "Feedback.Kiota", "--class-name", "FeedbackApi", "--log-level", "Error"));

        var library = Path.Combine(_folder.Path, "clients.dll");
        await Compiler.RunAsync(library, [nswag, .. Directory.EnumerateFiles(kiota, "*.cs", SearchOption.AllDirectories), .. Directory.EnumerateFiles(Path.Combine(s_openApi, "clients"), "*.cs")]);
        return AssemblyLoadContext.Default.LoadFromAssemblyPath(library);
    }

    private async Task MakeTypeScriptAsync()
    {
        // Where node and its compiler look for packages.
        var modules = Path.Combine(_folder.Path, "node_modules");
        File.CreateSymbolicLink(modules, Path.Combine(s_openApi, "node_modules"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "package.json"), """{"type":"module"}""");
        File.Copy(Path.Combine(s_openApi, "clients", "calls.ts"), Path.Combine(_folder.Path, "calls.ts"));

        await ClientScript.RunAsync(_folder.Path, "node", Path.Combine(modules, "openapi-typescript", "bin", "cli.js"), Document, "--output", "api.ts");
        await ClientScript.RunAsync(_folder.Path, "node", Path.Combine(modules, "typescript", "bin", "tsc"), "--module", "nodenext", "--target", "es2022", "--strict", "--skipLibCheck", "--types", "node", "calls.ts");
    }
}
