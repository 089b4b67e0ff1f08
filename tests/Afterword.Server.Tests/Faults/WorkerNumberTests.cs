using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Faults;

/// <summary>A server that could not renew its worker number for longer than its lease.</summary>
public abstract class WorkerNumberTests(Engine engine)
{
    [Fact]
    public async Task It_is_not_ready_until_it_has_a_number_again()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine);
        var server = fixture.Server;
        var before = await fixture.AskAsync();
        var browser = await server.MembershipAsync(Role.Operator);
        await ReadyAsync(200, "ok\n");

        await RenameAsync("worker_lease", "away");
        server.Clock.Advance(TimeSpan.FromMinutes(6));

        await ReadyAsync(503, "this process holds no worker number\n");
        var refused = await server.PostAsync(
            fixture.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
        Assert.Equal(["The store cannot be reached."], refused.Is(503, 130).Messages);
        (await fixture.ShowAsync(before.Text("id"))).Is(200);

        await server.Get<ProblemMonitor>().LookAsync(tries: false, default);
        Assert.Equal(1, server.Measure()["worker_number_lost"]);

        // The page counts the numbers, so it shows it afterwards.
        await RenameAsync("away", "worker_lease");
        await server.Get<WorkerLease>().RenewAsync(TestContext.Current.CancellationToken);

        await ReadyAsync(200, "ok\n");
        await fixture.AskAsync();
        Assert.Contains(ProblemCause.WorkerNumberLost.Title, (await browser.GetAsync("/console/admin/health")).Is(200).Html, StringComparison.Ordinal);
        Assert.Single(server.Lines("Trouble worker_number_lost:"));
        Assert.Single(server.Lines("Trouble worker_number_lost is over"));

        Task<int> RenameAsync(string table, string name) => server.Server.Store.Main.WriteAsync(session => session.Sql($"alter table {table} rename to {name}").RunAsync(default), default);

        async Task ReadyAsync(int status, string line) => Assert.Equal(line, (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(status).Body);
    }
}

public sealed class SqliteWorkerNumberTests() : WorkerNumberTests(Engine.Sqlite);

public sealed class PostgresWorkerNumberTests() : WorkerNumberTests(Engine.Postgres);
