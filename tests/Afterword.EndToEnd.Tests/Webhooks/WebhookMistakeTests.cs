using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Webhooks;

/// <summary>What the commands of webhooks refuse, and what they take no notice of. Neither is the store's affair.</summary>
public sealed class WebhookMistakeTests : IAsyncLifetime
{
    private TestStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await SqliteStore.NewAsync();

    [Theory]
    [InlineData(2, "allow", "webhook", "@furni", "ftp://x.example/")]
    [InlineData(2, "allow", "webhook", "@furni", "https://x.example/", "--basic", "nocolon")]
    [InlineData(1, "allow", "webhook", "@nobody", "https://x.example/")]
    [InlineData(2, "webhook", "add", "@furni")]
    [InlineData(2, "webhook", "add", "@furni", "https://x.example/", "--poll")]
    [InlineData(2, "webhook", "add", "@furni", "--poll", "--basic", "a:b")]
    [InlineData(1, "webhook", "show", "1")]
    [InlineData(1, "deny", "webhook", "1")]
    [InlineData(2, "webhook", "replay", "1")]
    [InlineData(2, "webhook", "replay", "1", "--event", "2", "--dead")]
    [InlineData(2, "webhook", "replay", "1", "--from", "yesterday")]
    public async Task What_is_wrong_is_said_on_stderr_and_by_the_exit_code(int exitCode, params string[] arguments)
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);

        var command = (await RunAsync(arguments)).Is(exitCode);

        Assert.Equal("", command.Output);
        Assert.NotEqual("", command.Errors);
        Assert.DoesNotContain("   at ", command.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_that_is_polled_is_added_without_an_address_and_nothing_is_sent_to_it()
    {
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);

        var added = (await RunAsync("webhook", "add", "@furni", "--poll")).Is(0);
        Assert.Equal("poll", added["kind"]);
        Assert.StartsWith("whsec_", added["secret"], StringComparison.Ordinal);
        var listed = (await Command.RunAsync(["webhook", "list", .. Place])).Is(0);
        Assert.Contains($"{added["id"]}  @furni  polled by its receiver", listed.Output, StringComparison.Ordinal);
        foreach (var sent in (string[][])[["webhook", "test", added["id"]], ["webhook", "replay", added["id"], "--dead"]]) Assert.Contains("its receiver polls", (await RunAsync(sent)).Is(1).Errors, StringComparison.Ordinal);
        Assert.False((await RunAsync("deny", "webhook", added["id"])).Is(0).Json.TryGetProperty("url", out _));
    }

    [Fact]
    public async Task Proxies_of_the_environment_are_passed_by()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        await using var receiver = await Receiver.StartAsync();
        (await RunAsync("user", "add", "@furni", "--name", "Furni")).Is(0);
        var id = (await RunAsync("allow", "webhook", "@furni", receiver.Url.ToString())).Is(0)["id"];
        var address = $"http://{proxy.LocalEndpoint}";

        Assert.Equal(0, await RunBehindAsync(address, Path.Combine(AppContext.BaseDirectory, "afterword"), ["webhook", "test", id, .. Place, .. WebhookCommandTests.Development]));
        Assert.Single(receiver.All);
        Assert.False(proxy.Pending());

        // The control: a client that heeds them goes there.
        var control = RunBehindAsync(address, "python3", ["-c", $"import urllib.request; urllib.request.urlopen('{receiver.Url}', timeout=1)"]);
        using var caught = await proxy.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        caught.Close();
        Assert.NotEqual(0, await control);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<int> RunBehindAsync(string proxy, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in (string[])["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) start.Environment[name] = proxy;
        start.Environment["NO_PROXY"] = start.Environment["no_proxy"] = "";
        using var process = Process.Start(start)!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync(), process.WaitForExitAsync());
        return process.ExitCode;
    }

    private string[] Place => [$"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value];

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, .. Place, .. WebhookCommandTests.Development, "--json"]);
}
