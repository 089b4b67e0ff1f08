using System.Collections.Concurrent;
using System.Globalization;
using Afterword.Server.Answers;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>The order of a feedback's events, whatever breaks on the way.</summary>
public abstract class OrderTests(Engine engine)
{
    private static readonly int s_feedbacks = LongForm.Or(1_500, 10_000);
    private const int AtOnce = 200;

    [Fact]
    public async Task Of_many_feedbacks_with_three_events_each_none_overtakes_another_under_faults()
    {
        var receiver = new Strict(seed: 20);
        await using var endpoint = await Receiver.StartAsync(receiver.AnswerAsync);
        await using var fixture = await WebhookFixture.StartAsync(
            engine, "Webhooks:Concurrency=64", "Webhooks:RetrySchedule=5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s 5s", "Limits:CreatesPerDay=1000000", "Storage:WriteQueue=100000");
        await fixture.AddAsync(endpoint);

        var ids = await AskAsync(fixture);
        while (await fixture.CountAsync("state = 0") > 0) await fixture.AdvanceAsync(TimeSpan.FromSeconds(7));

        Assert.Empty(receiver.Inversions.Take(5));
        Assert.Equal(s_feedbacks * 3, await fixture.CountAsync("state = 1"));
        Assert.All(ids, id => Assert.Equal(3, receiver.Taken[id]));
        Assert.True(receiver.Refused > s_feedbacks * 4 / 10 && receiver.Broken > s_feedbacks * 2 / 10, $"There were faults: {receiver.Refused} and {receiver.Broken}.");
    }

    [Fact]
    public async Task A_receiver_that_is_overtaken_would_notice()
    {
        var receiver = new Strict(seed: 20);
        await using var endpoint = await Receiver.StartAsync(receiver.AnswerAsync);
        using var http = new HttpClient();

        foreach (var body in (string[])["""{"event_type":"feedback.updated","feedback":{"id":"7","response":{"score":{}}}}""", """{"event_type":"feedback.created","feedback":{"id":"7"}}"""])
        {
            using var content = new StringContent(body);
            await http.PostAsync(endpoint.Url, content, TestContext.Current.CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Assert.Single(receiver.Inversions);
    }

    /// <summary>Asks and answers through the code behind the API, while the first deliveries go out.</summary>
    private static async Task<IReadOnlyCollection<string>> AskAsync(WebhookFixture fixture)
    {
        var (create, answers) = (fixture.Server.Get<CreatePrompt>(), fixture.Server.Get<AnswerPrompt>());
        var caller = new Caller(new App(0, "", "", "", [], Allowed: true, Suspended: false), fixture.Fixture.Furni.Id, "furni", "Furni", Permission.DirectMessages, new SenderGrant(null, null, null, null));
        var ids = new ConcurrentBag<string>();
        await Parallel.ForAsync(0, s_feedbacks, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, stop) =>
        {
            var draft = new PromptDraft(PromptType.Csat, fixture.Fixture.Ana.Id, "Hello", "https://furni.example/p", null, 0, null, Test: false, IncludeCard: false);
            var asked = Assert.IsType<CreateOutcome.Created>((await create.RunAsync(new(caller, draft, null, ""))).Outcome);
            ids.Add(asked.Feedback.Id);
            var id = long.Parse(asked.Feedback.Id, CultureInfo.InvariantCulture);

            // Half in one call, half in two.
            if (i % 2 == 0) await answers.RunAsync(new(new(fixture.Fixture.Furni.Id, id, null), 3, "So, so."));
            else
            {
                await answers.RunAsync(new(new(fixture.Fixture.Furni.Id, id, null), null, "So, so."));
                await answers.RunAsync(new(new(fixture.Fixture.Furni.Id, id, null), 3, null));
            }
        });
        return ids;
    }

    /// <summary>Refuses and breaks a good part of the requests, and notes each that came before its predecessor was taken.</summary>
    private sealed class Strict(int seed)
    {
        private readonly Random _random = new(seed);
        private int _refused;
        private int _broken;

        /// <summary>How many events of a feedback were answered with success.</summary>
        public ConcurrentDictionary<string, int> Taken { get; } = new();

        public ConcurrentQueue<string> Inversions { get; } = new();

        public int Refused => _refused;

        public int Broken => _broken;

        public Task AnswerAsync(HttpContext http, Received got)
        {
            var (place, dice) = (Order.Place(got), 0);
            lock (_random) dice = _random.Next(100);
            if (Taken.GetValueOrDefault(got.Feedback) < place) Inversions.Enqueue($"{got.Feedback}: event {place} came when {Taken.GetValueOrDefault(got.Feedback)} had been taken");
            if (dice < 12)
            {
                Interlocked.Increment(ref _refused);
                http.Response.StatusCode = 503;
            }
            else if (dice < 18)
            {
                Interlocked.Increment(ref _broken);
                http.Abort();
            }
            else
            {
                Taken.AddOrUpdate(got.Feedback, 1, (_, taken) => Math.Max(taken, place + 1));
                http.Response.StatusCode = 204;
            }

            return Task.CompletedTask;
        }
    }
}

public sealed class SqliteOrderTests() : OrderTests(Engine.Sqlite);

public sealed class PostgresOrderTests() : OrderTests(Engine.Postgres);
