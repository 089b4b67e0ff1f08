using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Faults;

/// <summary>The connection to PostgreSQL breaks at a byte of a commit, or of the answer to it.</summary>
public sealed class CutCommitTests : IAsyncLifetime
{
    // Of all bytes in the long form, else of some: a step that meets messages at their beginnings, ends and insides.
    private static readonly int s_step = LongForm.Or(7, 1);
    private static readonly TimeSpan s_tooLong = TimeSpan.FromMinutes(1);

    private readonly TestFolder _folder = TestFolder.Create("cut");
    private string _database = null!;
    private CommitWire _wire = null!;
    private FeedbackFixture _fixture = null!;
    private int _cutBefore;
    private int _cutAfter;

    public async ValueTask InitializeAsync()
    {
        _database = (await Engine.Postgres.MigratedStoreAsync(_folder))["Database"]!;
        var place = new Uri(_database);
        _wire = new CommitWire(place.Port);
        _fixture = await FeedbackFixture.StartOnAsync(
            $"postgres://postgres@127.0.0.1:{_wire.Port}{place.AbsolutePath}",
            "Storage:Lanes=1", "Limits:CreatesPerDay=1000000", "Limits:AnswersPer15Minutes=1000000", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:PollEvery=00:00:00.05");
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _wire.Dispose();
        await PostgresCluster.Shared.DropAsync(_database);
        _folder.Dispose();
    }

    [Fact]
    public async Task A_create_is_answered_with_success_only_when_it_is_stored_and_repeated_it_is_there_once()
    {
        for (var after = 0; ; after += s_step)
        {
            var cut = _wire.CutNext("insert into prompt ", after);
            var key = $"cut-{after}";
            var answer = await CreateAsync(key);
            Assert.True(answer.Status is 200 or 503, answer.Body);
            await cut.Met.WaitAsync(s_tooLong, TestContext.Current.CancellationToken);

            var stored = await StoredAsync(key);
            Judge(answer, stored == 1, cut);
            await WholeAsync();

            var again = (await CreateAsync(key)).Is(200);
            Assert.Equal(1, await StoredAsync(key));
            if (answer.Status == 200) Assert.Equal(answer.Text("id"), again.Text("id"));
            await _fixture.AskAsync();
            if (!cut.IsCut) break;
        }

        await EndAsync();
    }

    [Fact, LongForm]
    public async Task A_score_is_answered_with_success_only_when_it_is_stored_and_repeated_it_is_there_once()
    {
        for (var after = 0; ; after += s_step)
        {
            var id = (await _fixture.AskAsync()).Text("id");
            var cut = _wire.CutNext("update prompt set score", after);
            var answer = await _fixture.SubmitAsync(id, ("score", "4"));
            Assert.True(answer.Status is 200 or 503, answer.Body);
            await cut.Met.WaitAsync(s_tooLong, TestContext.Current.CancellationToken);

            Judge(answer, await _fixture.Server.CountAsync("prompt", $"id = {id} and score = 4") == 1, cut);
            Assert.Equal(await _fixture.Server.CountAsync("prompt", "score is not null"), await _fixture.Server.CountAsync("change", "kind = 2"));

            Assert.NotEqual(503, (await _fixture.SubmitAsync(id, ("score", "4"))).Status);
            Assert.Equal((1, 1), (await _fixture.Server.CountAsync("prompt", $"id = {id} and score = 4"), await _fixture.Server.CountAsync("change", $"prompt_id = {id} and kind = 2")));
            if (!cut.IsCut) break;
        }

        await EndAsync();
    }

    [Fact, LongForm]
    public async Task A_delivery_that_was_made_is_noted_in_the_end_and_once()
    {
        var webhookWorker = _fixture.Server.Get<WebhookWorker>();
        webhookWorker.Linger = TimeSpan.Zero;
        await using var receiver = await Receiver.StartAsync();
        await _fixture.Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, receiver.Url, null, Approval.NeededIfOwned, default);
        for (var (after, made) = (0, 1); ; (after, made) = (after + s_step, made + 1))
        {
            var cut = _wire.CutNext("update delivery set state", after);
            var id = (await _fixture.AskAsync()).Text("id");
            await cut.Met.WaitAsync(s_tooLong, TestContext.Current.CancellationToken);
            while (await _fixture.Server.CountAsync("delivery", "state = 0") > 0) await webhookWorker.DrainAsync(TestContext.Current.CancellationToken);

            Note(cut);
            Assert.Equal(made, await _fixture.Server.CountAsync("delivery", "state = 1 and attempts = 1 and settled_at is not null"));
            Assert.Contains(receiver.All, received => received.Feedback == id);
            if (!cut.IsCut) break;
        }

        await EndAsync();
    }

    private Task<Answer> CreateAsync(string key) => _fixture.Server.SendAsync(
        _fixture.Sender, HttpMethod.Post, "/1.1/feedback/create.json",
        TestServer.Form(("type", "csat"), ("to_user_id", $"{_fixture.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("external_id", key)),
        request => request.Headers.Add("Idempotency-Key", key));

    private Task<long> StoredAsync(string key) => _fixture.Server.CountAsync("prompt", $"external_id = '{key}'");

    /// <summary>Success means stored; all else is told as a store that cannot be reached.</summary>
    private void Judge(Answer answer, bool isStored, CommitWire.Cut cut)
    {
        if (answer.Status != 200) answer.Is(503, 130);
        Assert.True(answer.Status != 200 || isStored, "It was answered with success, and is not stored.");
        if (!cut.IsCut) answer.Is(200);

        // The control: the connection broke where it was to break, and PostgreSQL did what it had heard in full.
        Assert.Equal(cut.WasAsked, isStored);
        Note(cut);
    }

    private void Note(CommitWire.Cut cut)
    {
        if (!cut.IsCut) return;
        if (cut.WasAsked) _cutAfter++;
        else _cutBefore++;
    }

    /// <summary>What belongs together is there together.</summary>
    private async Task WholeAsync()
    {
        var prompts = await _fixture.Server.CountAsync("prompt");
        Assert.Equal((prompts, prompts), (await _fixture.Server.CountAsync("message"), await _fixture.Server.CountAsync("change")));
    }

    private async Task EndAsync()
    {
        // Both halves were cut, in several places.
        Assert.True(_cutBefore >= 3 && _cutAfter >= 3, $"{_cutBefore} cuts in commits and {_cutAfter} in answers.");
        await System.Console.Out.WriteLineAsync($"{_cutBefore} cuts in commits that were not done, {_cutAfter} in what came after.");
        Assert.DoesNotContain(_fixture.Server.Log, line => line.StartsWith("Request ", StringComparison.Ordinal));
        await _fixture.Server.AllIsWellAsync();
    }
}
