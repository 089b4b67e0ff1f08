using System.Diagnostics.Metrics;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>What waits, since when, and what failed for good, as metrics tell it.</summary>
public abstract class BacklogTests(Engine engine)
{
    [Fact]
    public async Task What_waits_grows_old_and_what_is_settled_is_gone()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = Volatile.Read(ref status);
            return Task.CompletedTask;
        });
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:RetrySchedule=1h", "Webhooks:DisableAfter=10.00:00:00");
        var world = new RulesFixture(fixture.Fixture);
        Assert.DoesNotContain("afterword.nonces", Measure(fixture.Server).Keys);
        var none = await LookAsync(fixture.Server);
        Assert.All(none.Where(one => one.Key is not ("afterword.nonces" or "afterword.disk.free")), one => Assert.Equal(0, one.Value));
        Assert.Equal(engine == Engine.Sqlite, none.ContainsKey("afterword.disk.free"));

        await fixture.AddAsync(receiver);
        await world.RunAsync("update account set channel = 1, mail = 'ana@ana.example' where screen_name = 'ana'");
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        await world.RuleAsync("""{"recipient_interval_days":0,"rules":[{"name":"all","ask":""" + RulesFixture.Ask.Replace("PT0S", "PT5M", StringComparison.Ordinal) + "}]}");
        Assert.Equal("scheduled", (await world.CloseAsync("ticket")).Outcome);
        await world.RunAsync($"update automation set holder = 7, lease_until = {world.Now + 320_000}");
        await fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(10));

        var waiting = await LookAsync(fixture.Server);
        Assert.Equal((1, 310), (waiting["afterword.deliveries.waiting"], Math.Round(waiting["afterword.deliveries.oldest"])));
        Assert.Equal((1, 310, 0), (waiting["afterword.webhooks.failing"], Math.Round(waiting["afterword.webhooks.failing_for"]), waiting["afterword.deliveries.dead"]));
        Assert.Equal((1, 310, 0), (waiting["afterword.dispatches.waiting"], Math.Round(waiting["afterword.dispatches.overdue"]), waiting["afterword.dispatches.dead"]));
        Assert.Equal((1, 10), (waiting["afterword.conversations.due"], waiting["afterword.conversations.late"]));
        Assert.True(waiting["afterword.nonces"] >= 3);

        await world.RunAsync("update conversation set decision = 3, due_at = null where decision = 0");

        // The repetition fails, too: it was the last.
        await fixture.AdvanceAsync(TimeSpan.FromMinutes(75));
        await world.RunAsync("update dispatch set state = 3");
        var failed = await LookAsync(fixture.Server);
        Assert.Equal((0, 0, 1), (failed["afterword.deliveries.waiting"], failed["afterword.deliveries.oldest"], failed["afterword.deliveries.dead"]));
        Assert.Equal((0, 0, 1), (failed["afterword.dispatches.waiting"], failed["afterword.dispatches.overdue"], failed["afterword.dispatches.dead"]));

        await world.RunAsync("update webhook set disabled_at = 1, disabled_reason = 'Off.'");
        var off = await LookAsync(fixture.Server);
        Assert.Equal((0, 0, 1), (off["afterword.webhooks.failing"], off["afterword.webhooks.failing_for"], off["afterword.webhooks.off"]));
    }

    private static async Task<Dictionary<string, double>> LookAsync(TestServer server)
    {
        await server.Get<BacklogMetrics>().LookAsync(TestContext.Current.CancellationToken);
        return Measure(server);
    }

    private static Dictionary<string, double> Measure(TestServer server)
    {
        string[] prefixes = ["afterword.deliveries.", "afterword.webhooks.", "afterword.dispatches.", "afterword.conversations.", "afterword.disk."];
        var found = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == server.Server.Store.Problems.Meter && instrument.IsObservable && (instrument.Name == "afterword.nonces" || Array.Exists(prefixes, prefix => instrument.Name.StartsWith(prefix, StringComparison.Ordinal)))) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => found[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => found[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return found;
    }
}

public sealed class SqliteBacklogTests() : BacklogTests(Engine.Sqlite);

public sealed class PostgresBacklogTests() : BacklogTests(Engine.Postgres);
