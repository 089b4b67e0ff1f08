using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Cli;
using Afterword.Server.Hosting;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary><c>afterword health</c>, as a container asks.</summary>
public sealed class HealthCommandTests
{
    [Fact]
    public async Task A_server_that_serves_is_ready_and_one_that_is_gone_is_not()
    {
        var store = await SqliteStore.NewAsync();
        await using var server = await ServerProcess.StartAsync(store);
        var address = server.Url.GetLeftPart(UriPartial.Authority);

        var ready = (await Command.RunAsync("health", "--url", address)).Is(0);
        Assert.Equal((1, ""), (ready.Output.Trim().Split('\n').Length, ready.Errors));
        Assert.Equal("True ok", $"{(await Command.RunAsync("health", "--url", address, "--json")).Is(0).Json.GetProperty("ready").GetBoolean()} {(await Command.RunAsync("health", "--url", address, "--json"))["says"]}");

        // It found the server by its settings, and the variable of the process if there is none.
        var configured = await Command.RunAsync("health", "--set", $"Kestrel:Endpoints:Here:Url={address}");
        Assert.Equal(ready, configured);

        await server.DisposeAsync();
        Assert.Contains("is not ready", (await Command.RunAsync("health", "--url", address)).Is(1).Output, StringComparison.Ordinal);
        (await Command.RunAsync("health", "--url", "localhost")).Is(2);
    }

    [Theory]
    [InlineData(null, null, "http://localhost:5000/")]
    [InlineData(null, "http://*:8080;https://*:8443", "http://localhost:8080/")]
    [InlineData(null, "http://0.0.0.0:8080", "http://localhost:8080/")]
    [InlineData(null, "http://[::]:8080", "http://localhost:8080/")]
    [InlineData("https://+:443", "http://*:8080", "https://localhost/")]
    [InlineData("http://10.0.0.7:80", null, "http://10.0.0.7/")]
    public void It_asks_where_the_server_listens(string? endpoint, string? variable, string expected)
    {
        var given = new Dictionary<string, string?> { ["Kestrel:Endpoints:One:Url"] = endpoint };
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());

        Assert.Equal(expected, HealthCommand.AddressOf(settings!, variable).AbsoluteUri);
    }
}
