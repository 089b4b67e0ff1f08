using Afterword.Server.Storage;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Faults;

/// <summary>A server that was stopped for longer than its lease, as by SIGSTOP, while another process took its worker number.</summary>
public abstract class WorkerNumberTests(Engine engine)
{
    [Fact]
    public async Task It_is_not_ready_until_it_has_a_number_again()
    {
        await using var loop = await Loop.StartAsync(engine);
        var server = loop.Server;
        var before = await loop.AskAsync();
        await ReadyAsync(200, "ok\n");

        server.Clock.Advance(TimeSpan.FromMinutes(6));
        await using var other = await Store.OpenAsync(server.Get<Afterword.Server.Hosting.Settings>(), server.Clock, TestContext.Current.CancellationToken);
        await other.LeaseAsync(server.Clock, TestContext.Current.CancellationToken);

        await ReadyAsync(503, "this process holds no worker number\n");
        var refused = await server.PostAsync(
            loop.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{loop.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
        Assert.Equal(["The store cannot be reached."], refused.Is(503, 130).Messages);
        (await loop.ShowAsync(before.Text("id"))).Is(200);

        await server.Get<WorkerLease>().RenewAsync(TestContext.Current.CancellationToken);

        await ReadyAsync(200, "ok\n");
        await loop.AskAsync();

        async Task ReadyAsync(int status, string line) => Assert.Equal(line, (await server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(status).Body);
    }
}

public sealed class SqliteWorkerNumberTests() : WorkerNumberTests(Engine.Sqlite);

public sealed class PostgresWorkerNumberTests() : WorkerNumberTests(Engine.Postgres);
