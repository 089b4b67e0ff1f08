using System.Text;
using Afterword.Server.Changes;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>More comes than can be written: refusals are quick, clear and kind, and nothing is half done.</summary>
public abstract class OverloadTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine, "Limits:CreatesPerDay=100000");

    [Fact]
    public async Task A_full_queue_is_503_with_a_time_to_come_again()
    {
        await NarrowAsync();
        var form = TestServer.Form(("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => _fixture.Server.SendAsync(_fixture.Sender, HttpMethod.Post, "/1.1/feedback/create.json", form)));

        var refused = answers.Where(answer => answer.Status != 200).ToArray();
        Assert.NotEmpty(refused);
        Assert.All(refused, answer => Assert.Equal("1", answer.Is(503, 130).Headers["Retry-After"]));
        Assert.Equal(400 - refused.Length, await _fixture.Server.CountAsync("prompt"));
        await InTimeAsync(() => _fixture.Server.SendAsync(_fixture.Sender, HttpMethod.Post, "/1.1/feedback/create.json", form), 200);
    }

    [Fact]
    public async Task A_customer_whose_answer_could_not_be_taken_keeps_the_text_and_may_send_it_again()
    {
        var path = new Uri((await _fixture.AskAsync(more: ("include_card", "1"))).Text("card_url")).AbsolutePath;
        await NarrowAsync();
        await InTimeAsync(() => PostAsync(path, "score=4"), 200);

        // Someone else's write holds the sender's lock for as long as the test wants, so that the queue stays full.
        using var held = new SemaphoreSlim(0);
        using var letGo = new ManualResetEventSlim();
        var holding = Task.Run(() => HoldAsync(held, letGo));
        await held.WaitAsync();

        var texts = Enumerable.Range(0, 10).Select(_ => PostAsync(path, "text=Do+not+lose+me")).ToList();
        for (var refused = 0; refused < 8; refused++)
        {
            var done = await Task.WhenAny(texts);
            texts.Remove(done);
            var answer = (await done).Is(503);
            Assert.Equal("1", answer.Headers["Retry-After"]);
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
            Assert.Contains("Do not lose me</textarea>", answer.Body, StringComparison.Ordinal);
        }

        letGo.Set();
        await holding;
        Assert.Contains(await Task.WhenAll(texts), answer => answer.Status == 303);
        await InTimeAsync(() => PostAsync(path, "text=Do+not+lose+me"), 409);
        Assert.Equal(1, await _fixture.Server.CountAsync("prompt", "comment = 'Do not lose me'"));
    }

    [Fact]
    public async Task A_signed_read_is_503_too_and_is_let_in_once_also_after_a_restart()
    {
        var path = $"/1.1/feedback/show/{(await Fixture.AskAsync()).Text("id")}.json";
        await NarrowToFourAsync();

        await WhileFullAsync(Fixture.Server.Server.Store.Nonces, async () =>
        {
            Assert.Equal(["Over capacity."], (await ReadAsync()).Is(503, 130).Messages);
            Assert.Equal("the write queue is full\n", (await Fixture.Server.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(503).Body);
        });

        Assert.False(Fixture.Server.Get<NonceStore>().Remembers);
        (await ReadAsync()).Is(200);
        await Fixture.Server.RestartAsync();
        (await ReadAsync()).Is(401, 32);

        Task<Answer> ReadAsync() => Fixture.Server.SendAsync(
            null, HttpMethod.Get, path, null, request => request.Headers.TryAddWithoutValidation("Authorization", Fixture.Server.Sign(Fixture.Sender, "GET", request.RequestUri!, null, "once")));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private protected FeedbackFixture Fixture => _fixture;

    private protected Task NarrowToFourAsync() => _fixture.Server.RestartAsync("Storage:WriteQueue=4", "Storage:CommitWait=00:05:00");

    /// <summary>Does something while a write holds up all others, and the queue has no place left.</summary>
    private protected static async Task WhileFullAsync(Database store, Func<Task> act)
    {
        using var begun = new SemaphoreSlim(0);
        using var letGo = new ManualResetEventSlim();
        var hold = store.Group<int, int>(_ => 0, (_, all) =>
        {
            begun.Release();
            letGo.Wait();
            return Task.FromResult(new int[all.Count]);
        });
        var held = new List<Task>();
        while (held.Count == 0)
        {
            // The server's own services write when it starts, and may fill a queue of four for a moment.
            try
            {
                held.Add(hold.RunAsync(0));
            }
            catch (OverloadedException)
            {
                await Task.Yield();
            }
        }

        await begun.WaitAsync();
        Action fill = () =>
        {
            while (true) held.Add(hold.RunAsync(0));
        };
        Assert.Throws<OverloadedException>(fill);

        try
        {
            await act();
        }
        finally
        {
            letGo.Set();
            await Task.WhenAll(held);
        }
    }

    // Only now: what a test sets up first is written beside the server's own services, and must not be refused.
    private Task NarrowAsync() => _fixture.Server.RestartAsync("Storage:WriteQueue=1");

    private async Task HoldAsync(SemaphoreSlim held, ManualResetEventSlim letGo)
    {
        while (true)
        {
            try
            {
                await _fixture.Server.Server.Store.Main.WriteAsync(
                    async session =>
                    {
                        await session.EachAsync(ChangeLog.Stamp([_fixture.Furni.Id], 0, []), default);
                        held.Release();
                        letGo.Wait();
                        return 0;
                    },
                    default);
                return;
            }
            catch (OverloadedException)
            {
                await Task.Delay(10);
            }
        }
    }

    // A service of the server's own may be in the way for a moment: as every client is told, again then.
    private static async Task InTimeAsync(Func<Task<Answer>> ask, int status)
    {
        var answer = await ask();
        for (var again = 0; again < 100 && answer.Status == 503; again++)
        {
            await Task.Delay(50);
            answer = await ask();
        }

        answer.Is(status);
    }

    private Task<Answer> PostAsync(string path, string form) => _fixture.Server.SendAsync(null, HttpMethod.Post, path, Encoding.ASCII.GetBytes(form));
}

public sealed class SqliteOverloadTests() : OverloadTests(Engine.Sqlite)
{
    [Fact]
    public async Task Events_of_a_time_of_which_writes_may_wait_are_not_given_out()
    {
        await Fixture.AskAsync();
        await NarrowToFourAsync();

        await WhileFullAsync(Fixture.Server.Server.Store.Main, async () => Assert.Equal(["Over capacity."], (await EventsAsync()).Is(503, 130).Messages));

        (await EventsAsync()).Is(200);

        Task<Answer> EventsAsync() => Fixture.Server.GetAsync(Fixture.Sender, $"/1.1/feedback/events.json?from_time=0&to_time={Fixture.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}");
    }
}

public sealed class PostgresOverloadTests() : OverloadTests(Engine.Postgres);
