using System.Globalization;
using Afterword.Server.Changes;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Prompts;

/// <summary>A recipient wants no more requests from a sender.</summary>
public abstract class OptOutTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task Who_said_stop_is_not_asked_until_they_allow_it_again()
    {
        await StopAsync();
        (await CreateAsync()).Is(403, 349);
        Assert.Equal(0, await _fixture.Server.CountAsync("prompt"));

        await UndoAsync();
        (await CreateAsync()).Is(200);
    }

    [Fact]
    public async Task Twice_is_as_good_as_once()
    {
        await StopAsync();
        var at = await StoppedAtAsync();
        await _fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(1));
        await StopAsync();
        Assert.Equal(at, await StoppedAtAsync());

        await UndoAsync();
        await UndoAsync();
        (await CreateAsync()).Is(200);
    }

    [Fact]
    public async Task What_was_asked_before_can_still_be_answered()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        await StopAsync();

        (await _fixture.SubmitAsync(id, ("score", "5"))).Is(200);
    }

    [Fact]
    public async Task It_holds_for_this_sender_and_this_recipient_alone()
    {
        var (_, other) = await _fixture.Server.SenderAsync(_fixture.App, "lamps");
        var bob = await _fixture.Server.UserAsync("bob");
        await StopAsync();

        (await CreateAsync(other)).Is(200);
        (await CreateAsync(to: bob.Id)).Is(200);
        (await _fixture.Server.WriteAsync(_fixture.Sender, _fixture.Ana)).Is(200);
    }

    [Fact]
    public async Task To_undo_what_was_never_done_changes_nothing()
    {
        await UndoAsync();

        Assert.Equal(0, await _fixture.Server.CountAsync("contact", "opted_out_at is not null"));
        (await CreateAsync()).Is(200);
    }

    [Fact]
    public async Task It_waits_for_a_request_that_is_being_stored()
    {
        var main = _fixture.Server.Server.Store.Main;
        var (locked, go) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        var storing = main.WriteAsync(
            async session =>
            {
                await session.EachAsync(ChangeLog.Stamp([_fixture.Furni.Id], 0, []), default);
                locked.SetResult();

                // On SQLite a body that waits for anything but the store is refused; its one writer is held up by holding up its thread.
                if (engine == Engine.Sqlite) go.Task.GetAwaiter().GetResult();
                else await go.Task;
                return true;
            },
            default);
        await locked.Task;

        var stopping = StopAsync();
        while (!stopping.IsCompleted && !await IsSomebodyWaitingAsync())
        {
            await Task.Yield();
        }

        Assert.False(stopping.IsCompleted);
        go.SetResult();
        Assert.True(await storing);
        await stopping;
        (await CreateAsync()).Is(403, 349);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task StopAsync() => _fixture.Server.Get<OptOut>().RunAsync(_fixture.Furni.Id, _fixture.Ana.Id, default);

    private Task UndoAsync() => _fixture.Server.Get<OptOut>().UndoAsync(_fixture.Furni.Id, _fixture.Ana.Id, default);

    // SQLite has one writer, so that whoever comes second waits by nature.
    private async Task<bool> IsSomebodyWaitingAsync() => engine == Engine.Sqlite || await _fixture.Server.CountAsync(
        "pg_locks l join pg_stat_activity a on a.pid = l.pid", "not l.granted and a.datname = current_database()") > 0;

    private Task<long> StoppedAtAsync() => _fixture.Server.Server.Store.Main.ReadAsync(
        session => session.Sql("select opted_out_at from contact where opted_out_at is not null").FirstAsync(row => row.GetInt64(0), default), default);

    private Task<Answer> CreateAsync(Afterword.Client.OAuth.OAuthCredentials? sender = null, long? to = null) => _fixture.Server.PostAsync(
        sender ?? _fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", (to ?? _fixture.Ana.Id).ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
}

public sealed class SqliteOptOutTests() : OptOutTests(Engine.Sqlite);

public sealed class PostgresOptOutTests() : OptOutTests(Engine.Postgres);
