using System.Text;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Tests.Abuse;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>No delivery fails, and none costs much, whatever is in it.</summary>
[Collection(nameof(Alone))]
public sealed class HostileDeliveryTests : IAsyncLifetime
{
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, AddedConnector> _connectors = [];
    private ConnectorFixture _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await ConnectorFixture.StartAsync(Engine.Sqlite, "Connectors:CallsPerConnector=0");
        foreach (var kind in Preset.Kinds) _connectors[kind] = await _world.AddAsync(kind);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task No_mutation_takes_more_than_50_ms_of_processor_time_or_any_answer_but_200()
    {
        var random = new Random(21);
        for (var i = LongForm.Or(100, 50_000); i > 0; i--)
        {
            var (kind, body) = Mutations.Next(random);
            await TakesLittleAsync(kind, Encoding.UTF8.GetString(body), body);
        }
    }

    [Fact]
    public async Task No_body_of_one_MiB_takes_more_than_50_ms_of_processor_time()
    {
        foreach (var (what, body) in Largest())
        {
            foreach (var kind in (string[])["zendesk", "chatwoot", "front", "freescout", "rocketchat", "generic"]) await TakesLittleAsync(kind, what, Encoding.UTF8.GetBytes(body));
        }
    }

    private static IEnumerable<(string What, string Body)> Largest()
    {
        const int Most = ConnectorEndpoints.MostBytes - 200;

        // What every one of them looks for comes first, or last, or a hundred thousand times.
        const string Close = "\"event\":\"closed\",\"type\":\"LivechatSession\",\"status\":\"resolved\",\"external_id\":\"t1\",\"id\":1,\"ticket_id\":1";
        string Filled(string before, string piece, string after) => before + string.Concat(Enumerable.Repeat(piece, (Most - before.Length - after.Length) / piece.Length)) + after;

        yield return ("members", Filled($"{{{Close}", ",\"a\":1", "}"));
        yield return ("different members", $"{{{Close}{string.Concat(Enumerable.Range(0, 60_000).Select(i => $",\"m{i}\":{i}"))}}}");
        yield return ("members before", Filled("{", "\"a\":1,", $"{Close}}}"));
        yield return ("the same member", Filled("{", "\"status\":\"solved\",", $"{Close}}}"));
        yield return ("a text of escapes", Filled($"{{{Close},\"name\":\"", "\\u00e9", "\"}"));
        yield return ("tags", Filled($"{{{Close},\"tags\":[1", ",{\"name\":\"a\"}", "],\"labels\":[]}"));
        yield return ("labels within labels", Filled($"{{{Close},\"labels\":[1", ",[[[[]]]]", "],\"tags\":[]}"));
        yield return ("messages", Filled($"{{{Close},\"messages\":[1", ",{\"sender\":{\"name\":1}}", "]}"));
        yield return ("lists of long texts within a list", Filled($"{{{Close},\"tags\":[1", $",{{\"name\":[{string.Join(',', Enumerable.Repeat($"\"{new string('x', 500)}\"", 50))}]}}", "]}"));
        yield return ("spaces", Filled($"{{{Close}", " ", "}"));
        yield return ("no JSON", Filled("{", "\"a\":{", "x"));
    }

    private async Task TakesLittleAsync(string kind, string what, byte[] body)
    {
        var connector = _connectors[kind];
        var took = await Alone.LeastAsync(s_most, async () => (await _world.SendAsync(connector, body, connector.Secret)).Is(200));
        Assert.True(took <= s_most, $"{kind} took {took.TotalMilliseconds:0.0} ms for {what[..Math.Min(what.Length, 200)]}");
    }
}
