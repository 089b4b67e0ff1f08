using System.Net;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Afterword.Client.AspNetCore;
using Afterword.Client.OAuth;
using Afterword.Client.Wire;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Client.Tests;

/// <summary>The programs of <c>docs/client.md</c>, of <c>docs/sandbox.md</c> and of the packages' readmes, as they stand there: they compile without a warning, and do what the page says.</summary>
public sealed partial class DocumentedClientTests
{
    // What a project of Microsoft.NET.Sdk.Web uses by itself, as far as the page needs it.
    private const string ImplicitUsings =
        """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        """;

    [Fact]
    public async Task The_programs_compile_and_a_customer_is_asked_once_whatever_gets_lost()
    {
        using var folder = TestFolder.Create("client");
        var program = Path.Combine(folder.Path, "documented.dll");
        string[] files = [ImplicitUsings, .. Programs("docs/client.md"), .. Programs("docs/sandbox.md"), AsMethod(Assert.Single(Programs("readme/client.md")), "Client"), AsMethod(Assert.Single(Programs("readme/aspnetcore.md")), "AspNetCore")];
        foreach (var (at, file) in files.Index()) await File.WriteAllTextAsync(Path.Combine(folder.Path, $"{at}.cs"), file);

        await Compiler.RunAsync(program, Directory.EnumerateFiles(folder.Path, "*.cs"), "-target:exe", "-nullable:enable", "-warn:9", "-warnaserror");

        var network = new FakeNetwork().Fails().Answers("""{"errors":[{"code":130,"message":"Over capacity."}]}""", HttpStatusCode.ServiceUnavailable).Answers(Asked);
        var clock = new ManualClock("2026-01-05T09:00:00Z");
        using var client = new FeedbackClient(new(new("https://feedback.example"), new OAuthCredentials("key", "secret", "token", "token secret")) { Clock = clock }, network);
        var requests = AssemblyLoadContext.Default.LoadFromAssemblyPath(program).GetType("FeedbackRequests", throwOnError: true)!;
        dynamic asking = Activator.CreateInstance(requests, client, clock)!;

        var feedback = await (Task<FeedbackJson?>)asking.SendAsync("5555", "343434343434", TestContext.Current.CancellationToken);
        Assert.Equal("684095374270562304", feedback?.Id);
        Assert.Equal(["ticket-5555", "ticket-5555", "ticket-5555"], network.Requests.Select(request => request.IdempotencyKey));
        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)], clock.Waits);

        network.Answers("""{"errors":[{"code":88,"message":"Rate limit exceeded."}]}""", HttpStatusCode.TooManyRequests);
        Assert.Null(await (Task<FeedbackJson?>)asking.SendAsync("5556", "343434343434", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_client_is_there_for_the_whole_app()
    {
        var services = new ServiceCollection().AddFeedbackClient(Settings(("Server", "https://feedback.example"), ("Key", "k"), ("Secret", "s"), ("Token", "t"), ("TokenSecret", "u")));
        using var provider = services.BuildServiceProvider();
        Assert.Same(provider.GetRequiredService<FeedbackClient>(), provider.GetRequiredService<FeedbackClient>());
        Assert.Equal(new OAuthCredentials("k", "s", "t", "u"), provider.GetRequiredService<FeedbackClientOptions>().Credentials);
    }

    [Fact]
    public void What_is_missing_is_named_at_once()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddFeedbackClient(Settings(("Server", "feedback.example"), ("Key", "k"), ("TokenSecret", "u"))));
        Assert.Equal("The feedback client needs Feedback:Server, an http or https address; Feedback:Secret; Feedback:Token.", refused.Message);
    }

    private static string Asked
    {
        get
        {
            using var golden = new StreamReader(typeof(DocumentedClientTests).Assembly.GetManifestResourceStream("golden/feedback.json")!);
            return golden.ReadToEnd();
        }
    }

    private static IConfigurationSection Settings(params (string Name, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(one => KeyValuePair.Create($"Feedback:{one.Name}", (string?)one.Value))).Build().GetSection("Feedback");

    private static IEnumerable<string> Programs(string page)
    {
        using var reader = new StreamReader(typeof(DocumentedClientTests).Assembly.GetManifestResourceStream(page)!);
        return Fence().Matches(reader.ReadToEnd()).Select(match => match.Groups["code"].Value);
    }

    // One program has top-level statements alone. Those of another go into a method, behind their usings.
    private static string AsMethod(string program, string name)
    {
        var usings = Using().Match(program).Value;
        return $"{usings}\npublic static class {name}Readme {{ public static async Task RunAsync() {{ await Task.Yield();\n{program[usings.Length..]}\n}} }}";
    }

    [GeneratedRegex(@"\A(using [\w.]+;\n)+")]
    private static partial Regex Using();

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
