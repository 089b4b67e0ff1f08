using System.Net;
using Afterword.Server.Console.Audit;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Reports.Search;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Faults;

/// <summary>Services that work beside the requests, while the store takes nothing: they say so as everybody does, once in half a minute.</summary>
public sealed class ServiceFaultTests
{
    private const string Told = "The store did not take or give data (HeldException";

    [Fact]
    public async Task Whoever_asks_for_a_new_password_then_fills_no_log()
    {
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite, "PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", "Mail:Port=9", "Mail:Tls=none", "Mail:From=feedback@mail.example");
        server.Server.Store.Main.HoldWhile(() => new(ProblemCause.NewerSchema, "A test says so."));

        Assert.True(server.Get<PasswordResetEmail>().TryAsk(AccountKind.User, "nobody", IPAddress.Loopback));

        await UntilAsync(() => server.Lines(Told).Length + server.Lines("A mail with a link").Length > 0);
        Assert.Empty(server.Lines("A mail with a link"));
    }

    [Fact]
    public async Task What_is_counted_for_the_audit_log_waits_without_an_error_of_its_own()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        await NothingOfItsOwnAsync(server, TimeSpan.FromSeconds(30), (clock, logs) =>
        {
            var counter = new AuditCounter(server.Server.Store, server.Get<AuditLog>(), clock, logs.CreateLogger<AuditCounter>());
            counter.WrongOperatorKey(IPAddress.Loopback);
            return counter;
        });
    }

    [Fact]
    public async Task Metrics_that_are_to_be_counted_wait_without_an_error_of_their_own()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        await server.Server.Store.Main.WriteAsync(
            session => session.Sql("insert into sender_state (sender_id, changed_at, window_started_at, window_used) values (7, 0, 0, 0)").RunAsync(default), TestContext.Current.CancellationToken);
        await NothingOfItsOwnAsync(
            server, TimeSpan.FromMinutes(1), (clock, logs) => new RollupWorker(server.Server.Store, server.Get<RebuildRollups>(), clock, logs.CreateLogger<RollupWorker>()));
    }

    [Fact]
    public async Task Texts_that_are_to_be_found_wait_without_an_error_of_their_own()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        await NothingOfItsOwnAsync(
            server, TimeSpan.FromMinutes(1), (clock, logs) => new SearchIndexWorker(server.Server.Store, server.Get<BackfillSearch>(), clock, logs.CreateLogger<SearchIndexWorker>()));
    }

    private static async Task NothingOfItsOwnAsync(TestServer server, TimeSpan round, Func<TimeProvider, ILoggerFactory, BackgroundService> make)
    {
        server.Server.Store.Main.HoldWhile(() => new(ProblemCause.NewerSchema, "A test says so."));
        var (lines, clock) = (new List<string>(), new SteppedClock());
        using var logs = LoggerFactory.Create(logging => logging.AddProvider(new ListLog(lines)));
        using var service = make(clock, logs);

        await service.StartAsync(TestContext.Current.CancellationToken);
        await clock.StepAsync(round);

        await UntilAsync(() => server.Lines(Told).Length + lines.Count > 0);
        await service.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(lines);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds()) await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
