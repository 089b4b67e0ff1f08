using System.Diagnostics;
using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Bench.Contests;

/// <summary>Whether every page and search of the console costs about the same however much one sender has asked.</summary>
internal static class ConsolePages
{
    private const long Few = 10_000;
    private const long AtOnce = 50_000;
    private const int WarmUps = 6;
    private const int Looks = 21;
    private const double MostRatio = 2;
    private const double MostMilliseconds = 500;

    public static Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnSqliteAsync(bench, (few, many) => RunAsync(bench, few, many, tell));

    public static Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell) => TwoStores.OnPostgresAsync(bench, (_, few, many) => RunAsync(bench, few, many, tell));

    private static async Task RunAsync(BenchEnvironment bench, BenchServer few, BenchServer many, Action<Result> tell)
    {
        var count = bench.IsQuick ? 100_000L : 1_000_000;
        var (small, large) = (await FillAsync(few, Few), await FillAsync(many, count));
        await using var smallServer = await bench.StartServerAsync(few);
        await using var largeServer = await bench.StartServerAsync(many);
        foreach (var (name, path, role) in s_pages)
        {
            var (onSmall, onLarge) = (small.Open(smallServer, path, role), large.Open(largeServer, path, role));
            for (var i = 0; i < WarmUps; i++) await Task.WhenAll(TimeAsync(smallServer, onSmall), TimeAsync(largeServer, onLarge));

            // In turn, so that both meet the same minutes.
            var looks = new List<(double Small, double Large)>();
            while (looks.Count < Looks) looks.Add((await TimeAsync(smallServer, onSmall), await TimeAsync(largeServer, onLarge)));
            var (baseline, value, ratio) = (Duel.Median(looks.Select(look => look.Small)), Duel.Median(looks.Select(look => look.Large)), Duel.Median(looks.Select(look => look.Large / look.Small)));
            tell(new()
            {
                What = FormattableString.Invariant($"{name}, {count:N0} feedbacks, {many.Name}"),
                Value = value,
                Unit = " ms",
                Against = FormattableString.Invariant($"{Few:N0} stored"),
                Baseline = baseline,
                Ratio = ratio,
                LowestRatio = looks.Min(look => look.Large / look.Small),
                HighestRatio = looks.Max(look => look.Large / look.Small),
                Target = FormattableString.Invariant($"<= {MostRatio:0.00}, {MostMilliseconds:0} ms"),
                Pass = ratio <= MostRatio && value <= MostMilliseconds,
            });
        }
    }

    // RARE is a number that one comment has, CUSTOMER one of those that were asked often, ID a feedback in the middle with a low score, WEBHOOK the endpoint.
    private static readonly (string Name, string Path, Role Role)[] s_pages =
    [
        ("overview, 30 days", "@sender_0/overview?type=nps", Role.Owner),
        ("overview, 12 months", "@sender_0/overview?type=nps&range=365&sort=name", Role.Owner),
        ("overview, 12 months of an agent", "@sender_0/overview?type=nps&range=365&only=agent:agent%207", Role.Owner),
        ("overview, 12 months of a tag", "@sender_0/overview?type=nps&range=365&only=tag:tag%207", Role.Owner),
        ("definitions", "@sender_0/definitions", Role.Owner),
        ("answers", "@sender_0/answers", Role.Owner),
        ("answers, a page in the middle", "@sender_0/answers?before=ID", Role.Owner),
        ("answers, all requests", "@sender_0/answers?show=all", Role.Owner),
        ("answers of an agent", "@sender_0/answers?agent=agent%207", Role.Owner),
        ("answers of an agent who is nobody", "@sender_0/answers?agent=nobody", Role.Owner),
        ("answers with a tag", "@sender_0/answers?tag=tag%207", Role.Owner),
        ("answers with a tag, of an agent, low", "@sender_0/answers?tag=tag%207&agent=agent%207&max_score=1", Role.Owner),
        ("answers with a score", "@sender_0/answers?min_score=3&max_score=3", Role.Owner),
        ("answers with what none has", "@sender_0/answers?type=csat", Role.Owner),
        ("answers without a text", "@sender_0/answers?has_text=false", Role.Owner),
        ("answers of a range", "@sender_0/answers?from=2020-01-01&to=2099-12-31&min_score=10", Role.Owner),
        ("answers of a customer", "@sender_0/answers?customer=CUSTOMER&show=all", Role.Owner),
        ("answers by reference", "@sender_0/answers?external_id=ticket_RARE&show=all", Role.Owner),
        ("search, a word in every comment", "@sender_0/answers?q=refund", Role.Owner),
        ("search, a word in one comment", "@sender_0/answers?q=RARE", Role.Owner),
        ("search, both", "@sender_0/answers?q=refund%20RARE", Role.Owner),
        ("search, a word that none has", "@sender_0/answers?q=nobody", Role.Owner),
        ("search, a word and what none has", "@sender_0/answers?q=refund%20nobody", Role.Owner),
        ("search, a word of an agent", "@sender_0/answers?q=refund&agent=agent%207", Role.Owner),
        ("search, the beginning of words", "@sender_0/answers?q=n", Role.Owner),
        ("an answer", "@sender_0/answers/ID", Role.Owner),
        ("requests", "@sender_0/asked", Role.Owner),
        ("requests, a page in the middle", "@sender_0/asked?before=ID", Role.Owner),
        ("requests of a customer", "@sender_0/asked?q=@CUSTOMER", Role.Owner),
        ("requests by reference", "@sender_0/asked?q=ticket_RARE", Role.Owner),
        ("requests of what nobody is", "@sender_0/asked?q=nobody", Role.Owner),
        ("follow-up", "@sender_0/follow-up", Role.Owner),
        ("follow-up, done", "@sender_0/follow-up?state=done", Role.Owner),
        ("follow-up, all", "@sender_0/follow-up?state=all", Role.Owner),
        ("follow-up, mine", "@sender_0/follow-up?who=me&state=all", Role.Owner),
        ("a follow-up", "@sender_0/follow-up/ID", Role.Owner),
        ("alerts", "@sender_0/alerts", Role.Owner),
        ("export", "@sender_0/export", Role.Owner),
        ("webhooks", "@sender_0/webhooks", Role.Owner),
        ("a webhook", "@sender_0/webhooks/WEBHOOK", Role.Owner),
        ("a webhook, what failed", "@sender_0/webhooks/WEBHOOK?dead=1", Role.Owner),
        ("people", "@sender_0/people", Role.Owner),
        ("audit log", "@sender_0/audit", Role.Owner),
        ("audit log, exports", "@sender_0/audit?deed=exported", Role.Owner),
        ("health", "admin/health", Role.Operator),
        ("senders", "admin/senders", Role.Operator),
        ("apps", "admin/apps", Role.Operator),
        ("operators", "admin/people", Role.Operator),
        ("audit log of all", "admin/audit", Role.Operator),
        ("audit log of all, exports", "admin/audit?deed=exported", Role.Operator),
        ("account", "account", Role.Owner),
    ];

    private static async Task<double> TimeAsync(ChildProcess server, byte[] request)
    {
        var began = Stopwatch.GetTimestamp();
        await Exchange.SendAsync(server.Address, request);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    /// <summary>One sender with a year of feedbacks, 300 agents and 400 tags, and all that hangs on them.</summary>
    private static async Task<Filled> FillAsync(BenchServer server, long count)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        const long webhook = 7;
        History history;
        long sender;
        await using (var store = await server.OpenAsync())
        {
            var users = await SampleUsers.CreateAsync(store, senders: 1);
            sender = users.Senders[0].Id;
            history = new History(store, users, count, days: 364);
            await history.WriteAsync();
            await store.Main.WriteAsync(
                async session =>
                {
                    await session.Sql("insert into webhook (sender_id, id, url, secret, added_at, disabled_at) values (@sender, @id, 'https://shop.example/in', @secret, 0, 0)")
                        .Bind("sender", sender).Bind("id", webhook).Bind("secret", store.Secrets.Protect([1, 2, 3])).RunAsync(stop);
                    return await session.Sql("insert into sender_state (sender_id, changed_at, window_started_at, window_used) values (@sender, 0, 0, 0)").Bind("sender", sender).RunAsync(stop);
                },
                stop);
            for (var first = 0L; first < count; first += AtOnce) await HangOnAsync(store, sender, webhook, history.IdOf(first), history.IdOf(Math.Min(first + AtOnce, count)), stop);
            await RebuildRollups.RecordZoneAsync(store, "UTC", stop);
            await new RebuildRollups(store, clock, NullLogger<RebuildRollups>.Instance).RunAsync(stop);
            await new BackfillSearch(store).RunAsync(stop);
        }

        // Every 44th is answered with 0. The last round of the recipients is whole in each store.
        var middle = count / 2 / 44 * 44;
        var keys = new Dictionary<Role, string> { [Role.Owner] = await SampleMembers.SignInAsync(server, sender, Role.Owner), [Role.Operator] = await SampleMembers.SignInAsync(server, Workspace.Installation, Role.Operator) };
        return new(keys, new()
        {
            ["RARE"] = middle.ToString(CultureInfo.InvariantCulture),
            ["CUSTOMER"] = "r0",
            ["ID"] = history.IdOf(middle).ToString(CultureInfo.InvariantCulture),
            ["WEBHOOK"] = webhook.ToString(CultureInfo.InvariantCulture),
        });
    }

    // By the time of the request, as everywhere: 997 keeps the even steps of a history from meeting the same few.
    private const string Number = "(p.id / 4194304 / 997)";

    private static Task HangOnAsync(Store store, long sender, long webhook, long first, long end, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            foreach (var sql in (string[])
            [
                $"update prompt as p set agent = 'agent ' || ({Number} % 300), tags = 'tag ' || ({Number} % 200) || ',topic ' || ({Number} / 200 % 200) where {Meant}",
                $"insert into prompt_tag (sender_id, tag, prompt_id) select p.sender_id, 'tag ' || ({Number} % 200), p.id from prompt p where {Meant}",
                $"insert into prompt_tag (sender_id, tag, prompt_id) select p.sender_id, 'topic ' || ({Number} / 200 % 200), p.id from prompt p where {Meant}",
                $"insert into unsearched_text (sender_id, prompt_id) select p.sender_id, p.id from prompt p where {Meant} and p.comment is not null",
                $"insert into follow_up (sender_id, prompt_id, state, scored_at, version) select p.sender_id, p.id, {Number} % 3, p.score_at, 0 from prompt p where {Meant} and p.score <= 6",
                $"insert into audit (sender_id, id, at, person_id, person, deed, what) select p.sender_id, p.id + 5, p.created_at, 1, 'zoe@shop.example', 1, 'answer' from prompt p where {Meant}",
                $"""
                insert into delivery (sender_id, endpoint_id, prompt_id, changed_at, id, state, due_at, attempts, failures, settled_at, took, status)
                select p.sender_id, {webhook}, p.id, p.created_at, p.id + 2, 1, p.created_at, 1, 0, p.created_at, 1, 200 from prompt p where {Meant}
                """,
            ])
            {
                await session.Sql(sql).Bind("sender", sender).Bind("first", first).Bind("end", end).RunAsync(stop);
            }

            return 0;
        },
        stop);

    private const string Meant = "p.sender_id = @sender and p.id >= @first and p.id < @end";

    /// <summary>A store that is ready, with what addresses in it are made of.</summary>
    private sealed record Filled(Dictionary<Role, string> Keys, Dictionary<string, string> Samples)
    {
        public byte[] Open(ChildProcess server, string path, Role role) => new RequestWriter(server.Address.ToString()).Open(
            "/console/" + Samples.Aggregate(path, (made, sample) => made.Replace(sample.Key, sample.Value, StringComparison.Ordinal)), $"{ConsoleSessions.Cookie}={Keys[role]}");
    }
}
