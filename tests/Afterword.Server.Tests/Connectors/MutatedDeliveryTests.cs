using System.Text;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Tests.World;
using Afterword.Support;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Thousands of deliveries with something changed in them, signed all the same, many at once: none is a fault of ours, and nothing is decided twice.</summary>
public abstract class MutatedDeliveryTests(Engine engine, int quick) : IAsyncLifetime
{
    private ConnectorWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await ConnectorWorld.StartAsync(engine);

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task No_mutation_fails_and_nothing_is_decided_twice()
    {
        var random = new Random(20);
        var connectors = new Dictionary<string, Connector>();
        foreach (var kind in Preset.Kinds) connectors[kind] = await _world.FindAsync(await _world.AddAsync(kind));
        (string Kind, string Body)[] seeds = [.. Recorded.All, ("generic", ConnectorWorld.Close("t1")), .. Preset.Kinds.Select(kind => (kind, Preset.Find(kind)!.Sample))];
        var receive = _world.Server.Get<ReceiveDelivery>();
        var (many, events, undecided) = (LongForm.Or(quick, quick * 25), 0L, 0L);

        foreach (var batch in Enumerable.Range(0, many).Select(_ => seeds[random.Next(seeds.Length)]).Select(seed => (seed.Kind, Body: Mutate(Encoding.UTF8.GetBytes(seed.Body), random))).Chunk(50))
        {
            // Each twice, and all at once.
            var outcomes = await Task.WhenAll(batch.Concat(batch).Select(one => receive.RunAsync(connectors[one.Kind], Signed(connectors[one.Kind], one.Body), "https://feedback.example", test: false, default)));
            foreach (var outcome in outcomes)
            {
                if (outcome is ReceiveOutcome.Decided decided) events += decided.Events.Count;
                else undecided++;
            }
        }

        Assert.Equal(0, undecided);
        Assert.Equal(events, await _world.Server.Server.Store.Main.ReadAsync(session => session.Sql("select cast(sum(times) as bigint) from connector_event").FirstAsync(row => row.GetInt64(0), default), default));
        Assert.Equal(0, await _world.Server.CountAsync("(select external_id from conversation where decision = 0 group by external_id having count(*) > 1) as twice", "1 = 1"));
        Assert.True(await _world.Server.CountAsync("conversation") > 20);
        await _world.Server.AllIsWellAsync();
    }

    private IncomingRequest Signed(Connector connector, byte[] body)
    {
        var headers = new Dictionary<string, string>(connector.Preset.SampleHeaders, StringComparer.OrdinalIgnoreCase);
        var request = new IncomingRequest("POST", "https://feedback.example/in/x", name => headers.GetValueOrDefault(name), body);
        if (connector.HasSecret)
        {
            var secret = Encoding.UTF8.GetString(_world.Server.Server.Store.Secrets.Unprotect(connector.SealedSecrets[0]));
            foreach (var (name, value) in connector.Definition.Signatures[0].Sign(request, secret, _world.Server.Clock.GetUtcNow())) headers[name] = value;
        }

        return request;
    }

    /// <summary>Some bytes are others, missing, or there twice; or a value is one that is seldom thought of.</summary>
    private static byte[] Mutate(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                    break;
                case 3:
                    var digits = Enumerable.Range(0, bytes.Count).Where(i => bytes[i] is >= (byte)'0' and <= (byte)'9').ToArray();
                    if (digits.Length > 0) bytes[digits[random.Next(digits.Length)]] = (byte)('0' + random.Next(10));
                    break;
                default:
                    Replace(bytes, random);
                    break;
            }

            if (bytes.Count == 0) bytes.Add((byte)' ');
        }

        return [.. bytes];
    }

    private static void Replace(List<byte> bytes, Random random)
    {
        string[] odd =
        [
            "null", "true", "[]", "{}", "-1", "1e999", "99999999999999999999999999", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\u202e\"", "\"'; drop table connector; --\"", "\"resolved\"", "\"open\"",
            $"\"{new string('x', 5_000)}\"", "\"mia@example.com\"", "[[[[]]]]", "0.1", "\"\\uFFFE\"",
        ];
        var text = Encoding.Latin1.GetString([.. bytes]);
        var colons = Enumerable.Range(0, text.Length).Where(i => text[i] == ':' && i + 1 < text.Length).ToArray();
        if (colons.Length == 0) return;

        var from = colons[random.Next(colons.Length)] + 1;
        var to = text.IndexOfAny([',', '}', ']'], from);
        if (to < 0) return;

        bytes.RemoveRange(from, to - from);
        bytes.InsertRange(from, Encoding.UTF8.GetBytes(odd[random.Next(odd.Length)]));
    }
}

public sealed class SqliteMutatedDeliveryTests() : MutatedDeliveryTests(Engine.Sqlite, 1_000);

[LongForm]
public sealed class PostgresMutatedDeliveryTests() : MutatedDeliveryTests(Engine.Postgres, 1_000);
