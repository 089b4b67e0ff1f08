using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json.Serialization;
using Afterword.Server.Configuration;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword health</c>: asks the server on this machine whether it can serve, for containers and service managers.</summary>
internal static class HealthCommand
{
    // Longer than the server takes to find out that its store does not answer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);

    private static readonly Option<Uri?> s_url = new("--url")
    {
        Description = "The server to ask; by default where the server on this store said that it listens, or where settings and variables say so.", HelpName = "URL",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https") return url;

            result.AddError($"--url is \"{result.Tokens[0].Value}\"; it must be an http or https address, such as http://localhost:5000.");
            return null;
        },
    };

    public static Command Create()
    {
        var command = new Command("health", "Ask a running server whether it can serve; fails if it cannot. Example: afterword health --url http://localhost:8080") { s_url };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var given = parsed.GetValue(s_url);
        var url = given ?? Served(StoreOptions.SettingsOf(parsed), Environment.GetEnvironmentVariable("ASPNETCORE_URLS"));
        var health = await AskAsync(url, trustsAny: given is null, stop);
        parsed.Say(health, HealthContext.Default.HealthJson, health.Ready ? $"{health.Url} is ready." : $"{health.Url} is not ready: {health.Says}");
        return health.Ready ? ExitCode.Done : ExitCode.Failed;
    }

    /// <summary>Where the server on this store said that it listens; else where one with these settings would.</summary>
    internal static Uri Served(Settings settings, string? urls) => ServedAddress.Read(settings) is { } address ? new Uri(address) : AddressOf(settings, urls);

    /// <summary>Where a server with these settings is reached from its own machine.</summary>
    /// <param name="settings">As the server has them.</param>
    /// <param name="urls">The variable <c>ASPNETCORE_URLS</c>.</param>
    internal static Uri AddressOf(Settings settings, string? urls)
    {
        // An endpoint of Kestrel's section goes before the variable.
        var endpoint = settings.Kestrel.Where(pair => IsUrlOfEndpoint(pair.Key)).Select(pair => pair.Value).FirstOrDefault();
        var first = (endpoint ?? urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "http://localhost:5000";
        var named = first.Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal);
        if (!Uri.TryCreate(named, UriKind.Absolute, out var url)) throw new CommandException(ExitCode.WrongUse, $"The server listens at \"{first}\", which cannot be asked. Name an address with --url.");

        return IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) ? new UriBuilder(url) { Host = "localhost" }.Uri : url;
    }

    private static bool IsUrlOfEndpoint(string key) =>
        key.Split(':') is [_, var section, _, var name] && section.Equals("Endpoints", StringComparison.OrdinalIgnoreCase) && name.Equals("Url", StringComparison.OrdinalIgnoreCase);

    private static async Task<HealthJson> AskAsync(Uri url, bool trustsAny, CancellationToken stop)
    {
        // Whether it can serve is said at the root, whatever page was named.
        url = new Uri(url, "/");

        // A certificate is for the name that customers call, and this asks its own machine.
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
#pragma warning disable CA5359 // nothing secret is sent, and whoever answers at this machine's own address is believed
        if (trustsAny) handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        using var http = new HttpClient(handler) { Timeout = s_patience };
        try
        {
            using var answer = await http.GetAsync(new Uri(url, "/healthz/ready"), stop);
            var says = (await answer.Content.ReadAsStringAsync(stop)).Trim();
            return new(answer.IsSuccessStatusCode, url.AbsoluteUri, says.Contains('\n', StringComparison.Ordinal) || says.Length is 0 or > 200 ? string.Create(CultureInfo.InvariantCulture, $"status {(int)answer.StatusCode}") : says);
        }
        catch (HttpRequestException error)
        {
            return new(false, url.AbsoluteUri, error.Message);
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            return new(false, url.AbsoluteUri, string.Create(CultureInfo.InvariantCulture, $"no answer within {s_patience.TotalSeconds} seconds"));
        }
    }
}

/// <param name="Says">What the server says, or why it says nothing.</param>
internal sealed record HealthJson(bool Ready, string Url, string Says);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(HealthJson))]
internal sealed partial class HealthContext : JsonSerializerContext;
