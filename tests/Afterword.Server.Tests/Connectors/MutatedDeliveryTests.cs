using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Thousands of deliveries with something changed in them, signed all the same, many at once: none is a fault of ours, and nothing is decided twice.</summary>
public abstract class MutatedDeliveryTests(Engine engine) : IAsyncLifetime
{
    private ConnectorFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task No_mutation_fails_and_nothing_is_decided_twice()
    {
        var random = new Random(20);
        var connectors = new Dictionary<string, Connector>();
        foreach (var kind in Preset.Kinds) connectors[kind] = await _world.FindAsync(await _world.AddAsync(kind));
        var receive = _world.Server.Get<ReceiveDelivery>();
        var (many, events, undecided) = (LongForm.Or(250, 25_000), 0L, 0L);

        foreach (var batch in Enumerable.Range(0, many).Select(_ => Mutations.Next(random)).Chunk(50))
        {
            // Each twice, and all at once.
            var outcomes = await Task.WhenAll(batch.Concat(batch).Select(one => receive.RunAsync(connectors[one.Kind], _world.Signed(connectors[one.Kind], one.Body), "https://feedback.example", test: false, default)));
            foreach (var outcome in outcomes)
            {
                if (outcome is ReceiveOutcome.Decided decided) events += decided.Events.Count;
                else undecided++;
            }
        }

        Assert.Equal(0, undecided);
        Assert.Equal(events, await _world.Server.Server.Store.Main.ReadAsync(session => session.Sql("select cast(sum(times) as bigint) from connector_event").FirstAsync(row => row.GetInt64(0), default), default));
        Assert.Equal(0, await _world.Server.CountAsync("(select external_id from conversation where decision = 0 group by external_id having count(*) > 1) as twice", "1 = 1"));
        Assert.True(await _world.Server.CountAsync("conversation") > 15);
        await _world.Server.AllIsWellAsync();
    }
}

public sealed class SqliteMutatedDeliveryTests() : MutatedDeliveryTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresMutatedDeliveryTests() : MutatedDeliveryTests(Engine.Postgres);
