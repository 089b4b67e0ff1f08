using Afterword.Server.Admin.Health;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>What is kept of deliveries, for how long, and what can be sent again.</summary>
public abstract class KeepingTests(Engine engine)
{
    [Fact]
    public async Task Attempts_are_forgotten_after_their_time_and_nothing_else()
    {
        var healthy = true;
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = healthy ? 200 : 500;
            return Task.CompletedTask;
        });
        await using var fixture = await WebhookFixture.StartAsync(engine, "Webhooks:KeepAttempts=10.00:00:00", "Webhooks:RetrySchedule=5s");
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();
        healthy = false;
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();
        await fixture.AdvanceAsync(TimeSpan.FromSeconds(7));
        healthy = true;
        await fixture.AdvanceAsync(TimeSpan.FromDays(9));
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        await fixture.AdvanceAsync(TimeSpan.FromDays(2));
        await fixture.Server.Get<PruneDeliveries>().RunAsync(default);

        Assert.Equal(5, await fixture.CountAsync());
        Assert.Equal(4, await fixture.CountAsync("state = 1"));
        Assert.Equal(1, await fixture.CountAsync("state = 2"));
        Assert.Equal(0, await fixture.Server.CountAsync("delivery_attempt"));
        var history = fixture.Server.Get<DeliveryHistory>();
        Assert.Equal([200], (await history.LatestAsync(endpoint.Key, deadOnly: false, 1, default))[0].Attempts.Select(attempt => attempt.Status));

        // Whatever was told can be told again, the dead and the old, as it was.
        var before = receiver.All.ToLookup(got => got.Id, got => got.Body);
        var replay = fixture.Server.Get<ReplayDeliveries>();
        Assert.Equal(5, await replay.RunAsync(endpoint.Key, new(null, 0, long.MaxValue, DeadOnly: false), _ => { }, default));
        await fixture.DrainAsync();
        Assert.Equal(5, await fixture.CountAsync("state = 1"));
        Assert.All(await history.LatestAsync(endpoint.Key, deadOnly: false, 5, default), shown => Assert.Equal(shown.Attempts.Count > 1, shown.Attempts is [{ Status: 200 }, { Number: 1, Status: 200 }]));
        Assert.All(receiver.All.TakeLast(5), got => Assert.All(before[got.Id], body => Assert.Equal(body, got.Body)));
    }

    [Fact]
    public async Task A_period_of_time_is_sent_again_in_order()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.AskAndAnswerAsync();
        await fixture.AdvanceAsync(TimeSpan.FromHours(1));
        var from = fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var again = await fixture.AskAndAnswerAsync();
        await fixture.AdvanceAsync(TimeSpan.FromHours(1));
        var to = fixture.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        await fixture.AskAndAnswerAsync();
        await fixture.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(9, receiver.All.Count);

        Assert.Equal(3, await fixture.Server.Get<ReplayDeliveries>().RunAsync(endpoint.Key, new(null, from, to - 1, DeadOnly: false), _ => { }, default));
        await fixture.DrainAsync();

        var replayed = receiver.All.Skip(9).ToArray();
        Assert.Equal([0, 1, 2], Order.Of(replayed));
        Assert.All(replayed, got => Assert.Equal(again, got.Feedback));
        Assert.Equal(receiver.All.Skip(3).Take(3).Select(got => got.Id), replayed.Select(got => got.Id));
    }

    [Fact]
    public async Task One_event_is_sent_again_whatever_became_of_it()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver);
        await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();
        var wanted = receiver.All.ElementAt(1);

        var replay = fixture.Server.Get<ReplayDeliveries>();
        Assert.Equal(1, await replay.RunAsync(endpoint.Key, new(long.Parse(wanted.Id, System.Globalization.CultureInfo.InvariantCulture), 0, long.MaxValue, DeadOnly: false), _ => { }, default));
        Assert.Equal(0, await replay.RunAsync(endpoint.Key, new(1, 0, long.MaxValue, DeadOnly: false), _ => { }, default));
        await fixture.DrainAsync();

        Assert.Equal(4, receiver.All.Count);
        Assert.Equal(wanted.Body, receiver.All.Last().Body);
    }

    [Fact]
    public async Task What_waits_for_a_removed_endpoint_is_given_up()
    {
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(new Uri("http://127.0.0.1:9/"));
        await fixture.Endpoints.DisableAsync(endpoint.Key, "test", default);
        await fixture.AskAndAnswerAsync();

        Assert.True(await fixture.Endpoints.RemoveAsync(endpoint.Key, _ => { }, default));
        Assert.False(await fixture.Endpoints.RemoveAsync(endpoint.Key, _ => { }, default));

        Assert.Equal(3, await fixture.CountAsync("state = 2"));
        Assert.Empty(await fixture.Endpoints.ListAsync(null, null, default));
    }

    [Fact]
    public async Task Secrets_and_credentials_are_sealed_in_the_store_and_in_no_log()
    {
        await using var receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using var fixture = await WebhookFixture.StartAsync(engine);
        var endpoint = await fixture.AddAsync(receiver, "/path-with-token", basic: "furni:planted-password");
        await fixture.Fixture.AskAsync();
        await fixture.DrainAsync();

        var (secret, basic) = await fixture.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select secret, basic from webhook").FirstAsync(row => (row.GetBytes(0), row.GetBytes(1)), default), default);
        Assert.False(secret.AsSpan().IndexOf(endpoint.Secret.Key) >= 0);
        Assert.False(basic.AsSpan().IndexOf("planted-password"u8) >= 0);
        Assert.Contains(fixture.Server.Log, line => line.Contains("127.0.0.1 fails: it answered 500", StringComparison.Ordinal));
        foreach (var planted in (string[])["planted-password", "path-with-token", endpoint.Secret.ToString()["whsec_".Length..]])
        {
            Assert.DoesNotContain(fixture.Server.Log, line => line.Contains(planted, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Doctor_finds_a_delivery_that_is_missing_or_stray()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var fixture = await WebhookFixture.StartAsync(engine);
        await fixture.Fixture.AskAsync();
        await fixture.AddAsync(receiver);
        await fixture.AskAndAnswerAsync();
        await fixture.DrainAsync();
        Assert.Empty(await ProblemsAsync(fixture));

        await RunAsync(fixture, "delete from delivery where id = (select max(id) from delivery)");
        Assert.Contains(await ProblemsAsync(fixture), problem => problem.Contains("without their delivery", StringComparison.Ordinal));
        await RunAsync(fixture, "update delivery set changed_at = changed_at + 1 where id = (select max(id) from delivery)");
        Assert.Contains(await ProblemsAsync(fixture), problem => problem.Contains("an event that is not there", StringComparison.Ordinal));
    }

    private static async Task<List<string>> ProblemsAsync(WebhookFixture fixture)
    {
        var problems = new List<string>();
        await foreach (var finding in new Doctor(fixture.Server.Server.Store, fixture.Clock).ExamineAsync(_ => { }, default)) problems.AddRange(finding.Problems);
        return problems;
    }

    private static Task<int> RunAsync(WebhookFixture fixture, string sql) => fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);
}

public sealed class SqliteKeepingTests() : KeepingTests(Engine.Sqlite);

public sealed class PostgresKeepingTests() : KeepingTests(Engine.Postgres);
