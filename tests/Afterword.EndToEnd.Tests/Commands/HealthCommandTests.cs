using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Cli.Operations;
using Afterword.Server.Configuration;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary><c>afterword health</c>, as a container asks.</summary>
public sealed class HealthCommandTests
{
    [Fact]
    public async Task A_server_that_serves_is_ready_and_one_that_is_gone_is_not()
    {
        string address;
        var store = await SqliteStore.NewAsync();
        await using (var server = await ServerProcess.StartAsync(store))
        {
            address = server.Url.GetLeftPart(UriPartial.Authority);
            var ready = (await Command.RunAsync("health", "--url", address)).Is(0);
            Assert.Equal(($"{address}/ is ready.", ""), (ready.Output.Trim(), ready.Errors));

            var json = (await Command.RunAsync("health", "--url", address, "--json")).Is(0);
            Assert.Equal((true, "ok"), (json.Json.GetProperty("ready").GetBoolean(), json["says"]));

            // By what the server wrote beside its store, and by the settings alone.
            Assert.Equal(ready, await Command.RunAsync("health", "--data", store.Place.Value));
            Assert.Equal(ready, await Command.RunAsync("health", "--set", $"Kestrel:Endpoints:Here:Url={address}"));
        }

        Assert.Contains("is not ready", (await Command.RunAsync("health", "--url", address)).Is(1).Output, StringComparison.Ordinal);
        Assert.False((await Command.RunAsync("health", "--url", address, "--json")).Is(1).Json.GetProperty("ready").GetBoolean());
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
