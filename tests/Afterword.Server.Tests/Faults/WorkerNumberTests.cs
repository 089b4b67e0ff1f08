using Afterword.Server.Access.Console;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Faults;

/// <summary>A server that could not renew its worker number for longer than its lease.</summary>
public abstract class WorkerNumberTests(Engine engine)
{
    [Fact]
    public async Task It_is_not_ready_until_it_has_a_number_again()
    {
        await using var loop = await Loop.StartAsync(engine);
        var server = loop.Server;
        var before = await loop.AskAsync();
        var browser = await server.SeatAsync(Role.Operator);
        await ReadyAsync(200, "ok\n");

        await RenameAsync("worker_lease", "away");
        server.Clock.Advance(TimeSpan.FromMinutes(6));

        await ReadyAsync(503, "this process holds no worker number\n");
        var refused = await server.PostAsync(
            loop.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{loop.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
        Assert.Equal(["The store cannot be reached."], refused.Is(503, 130).Messages);
        (await loop.ShowAsync(before.Text("id"))).Is(200);

        await server.Get<TroubleWatch>().LookAsync(tries: false, default);
        Assert.Equal(1, server.Measure()["worker_number_lost"]);

        // The page counts the numbers, so it shows it afterwards.
        await RenameAsync("away", "worker_lease");
        await server.Get<WorkerLease>().RenewAsync(TestContext.Current.CancellationToken);

        await ReadyAsync(200, "ok\n");
        await loop.AskAsync();
        Assert.Contains(Cause.WorkerNumberLost.Title, (await browser.GetAsync("/console/admin/health")).Is(200).Html, StringComparison.Ordinal);
        Assert.Single(server.Lines("Trouble worker_number_lost:"));
        Assert.Single(server.Lines("Trouble worker_number_lost is over"));

        Task<int> RenameAsync(string table, string name) => server.Server.Store.Main.WriteAsync(session => session.Sql($"alter table {table} rename to {name}").RunAsync(default), default);

        async Task ReadyAsync(int status, string line) => Assert.Equal(line, (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(status).Body);
    }
}

public sealed class SqliteWorkerNumberTests() : WorkerNumberTests(Engine.Sqlite);

public sealed class PostgresWorkerNumberTests() : WorkerNumberTests(Engine.Postgres);
