using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Connectors;

/// <summary>The built program of <c>samples/helpdesk</c>, as someone meets it who tries it: closed there, asked there, answered.</summary>
public sealed partial class HelpdeskSampleTests
{
    private static readonly string[] s_settings = ["Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true"];

    private SqliteStore _store = null!;

    [Fact]
    public async Task A_conversation_that_is_closed_in_any_helpdesk_gets_a_request_and_its_customer_answers()
    {
        _store = await SqliteStore.NewAsync();
        await using var server = await ServerProcess.StartAsync(_store, s_settings);
        using var folder = TestFolder.Create("helpdesk");
        var (rules, token, secretFile) = (Path.Combine(folder.Path, "rules.json"), Path.Combine(folder.Path, "token"), Path.Combine(folder.Path, "secret"));
        await File.WriteAllTextAsync(secretFile, "of their own", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(rules, """{"rules":[{"name":"all","ask":{"type":"csat","delay":"PT0S","privacy_url":"https://furni.example/privacy","message":{"en":"Hi {first_name}"}}}]}""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(token, "sample", TestContext.Current.CancellationToken);
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        (await RunAsync("allow", "sender", "@furni")).Is(0);
        (await RunAsync("rules", "set", "@furni", rules)).Is(0);

        using var http = new HttpClient();
        foreach (var (kind, account) in new[] { ("chatwoot", "7"), ("zendesk", "ana@furni.example"), ("intercom", "7"), ("zammad", null) })
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}");
            (await RunAsync(["allow", "channel", "@furni", "conversation", "--kind", kind, "--url", place, "--token-file", token, .. account is null ? Array.Empty<string>() : ["--account", account]])).Is(0);
            string[] secret = kind == "zammad" ? [] : ["--secret-file", secretFile];
            var added = (await RunAsync(["connector", "add", "@furni", "--kind", kind, .. secret])).Is(0);
            using var sample = Start(
                "--kind", kind, "--connector", new Uri(server.Url, new Uri(added["address"]).AbsolutePath).ToString(), "--secret", kind == "zammad" ? added["secret"] : "of their own", "--urls", place,
                "--mail", $"{kind}@customers.example");
            try
            {
                using var score = new FormUrlEncodedContent([new("score", "5")]);
                using var answer = await http.PostAsync(await CardAsync(sample), score, TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
            finally
            {
                sample.Kill();
                await sample.WaitForExitAsync();
            }
        }

        (await RunAsync("doctor")).Is(0);
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        using var sample = Start("--kind", "chatwoot");
        await sample.WaitForExitAsync();

        Assert.Equal(2, sample.ExitCode);
        Assert.StartsWith("--connector must be the address", await sample.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    /// <summary>The link in the request that the helpdesk was sent.</summary>
    private static async Task<Uri> CardAsync(Process sample)
    {
        var said = "";
        while (await sample.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            said += $"{line}\n";
            if (Card.Match(line) is { Success: true } card) return new Uri(card.Value);
        }

        throw new InvalidOperationException($"No request came. {said}");
    }

    private Task<Command> RunAsync(params string[] arguments) =>
        Command.RunAsync([.. arguments, "--data", _store.Place.Value, .. s_settings.SelectMany(setting => (string[])["--set", setting]), "--json"]);

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "helpdesk"), arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
    })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex("http://[^ ]*/f/[A-Za-z0-9_-]+")]
    private static partial Regex Card { get; }
}
