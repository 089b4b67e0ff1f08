using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.Retention;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Retention;

/// <summary>What a sender keeps no longer is removed, and nothing else changes.</summary>
public abstract class RetentionTests(Engine engine) : IAsyncLifetime
{
    private const int DaysOfAQuarter = 91;

    private FeedbackFixture _fixture = null!;

    private protected FeedbackFixture Fixture => _fixture;

    private protected TestServer Server => _fixture.Server;

    private protected long Furni => _fixture.Furni.Id;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine, "Limits:UsersPer15Minutes=100000");
        await Server.RestAsync();
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Over_ten_years_what_is_too_old_goes_and_nothing_else_does()
    {
        await Server.KeepAsync(Furni, RetentionFixture.Of("12m", "6m", "24m"));
        var bea = await Server.UserAsync("bea");
        var (early, early2) = (await CustomerAsync("early"), await CustomerAsync("elsewhere"));
        var (_, other) = await Server.SenderAsync(Fixture.App, "other");
        (await Server.WriteAsync(other, early2.User)).Is(200);
        var asked = new List<(string Id, DateTimeOffset At)>();
        var written = new List<DateTimeOffset>();
        for (var quarter = 0; quarter < 40; quarter++)
        {
            var at = Server.Clock.GetUtcNow();
            if (quarter == 4) await RevokeAsync();
            foreach (var customer in quarter < 4 ? [early, early2, (User: Fixture.Ana, Token: Fixture.Recipient)] : new[] { (User: Fixture.Ana, Token: Fixture.Recipient) })
            {
                asked.Add((await AskAsync(customer, quarter), at));
                (await Server.WriteAsync(customer.Token, Fixture.Furni, "MARKER from the customer")).Is(200);
                (await Server.WriteAsync(Fixture.Sender, customer.User, "MARKER from the sender")).Is(200);
                written.AddRange([at, at]);
            }

            await Server.AdvanceAsync(TimeSpan.FromDays(DaysOfAQuarter));
            var (rollups, counted) = (await Server.RollupsAsync(), await Server.CountedAsync(Furni));
            Assert.Equal(counted, await Server.RoundAsync());
            Assert.Equal(rollups, await Server.RollupsAsync());
            Assert.Equal(RemovedCounts.Nothing, await Server.CountedAsync(Furni));
        }

        var now = Server.Clock.GetUtcNow();
        var (texts, messages) = (now.AddMonths(-12), now.AddMonths(-6));
        Assert.Equal(asked.Count(one => one.At < texts), await Server.CountAsync("prompt", "comment = ''"));
        Assert.Equal(asked.Count(one => one.At >= texts), await Server.CountAsync("prompt", "comment like '%MARKER%'"));
        Assert.Equal(asked.Count(one => one.At >= texts), await Server.CountAsync("prompt p", "exists (select 1 from text_word w where w.prompt_id = p.id)"));
        Assert.Equal(written.Count(at => at >= messages), await Server.CountAsync("message", $"prompt_id is null and sender_id <> (select id from account where screen_name = 'other')"));
        Assert.Equal(asked.Count(one => one.At >= messages), await Server.CountAsync("message", "prompt_id is not null and body <> ''"));
        Assert.Equal(1, await Server.CountAsync("message", "sender_id = (select id from account where screen_name = 'other')"));

        // Who was silent for two years is nobody, unless someone else knows them; whoever was there meanwhile keeps all their ids.
        Assert.Equal((0, 1, 1, 1), (
            await Server.CountAsync("account", "screen_name = 'early' or mail = 'early@example.com'"), await Server.CountAsync("account", "screen_name = 'elsewhere' and mail is not null"),
            await Server.CountAsync("account", "screen_name = 'ana'"), await Server.CountAsync("account", $"id = {bea.Id} and name = 'BEA'")));
        Assert.Equal(1, await Server.CountAsync("account", $"id = {early.User.Id} and name = '{ForgetPerson.Nobody}' and mail is null and suspended_at is not null"));
        Assert.Equal(8, await Server.CountAsync("prompt", "external_id is null"));
        Assert.Equal(40, await Server.CountAsync("prompt", $"recipient_id = {Fixture.Ana.Id} and external_id is not null"));

        var events = await EventsAsync();
        Assert.Equal(3 * asked.Count, events.Count);
        Assert.Equal(events.Order(), events);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_is_left_has_the_shape_of_what_has_no_comment()
    {
        var id = await AskAsync((Fixture.Ana, Fixture.Recipient), 0);
        var textOnly = (await Fixture.AskAsync("csat")).Text("id");
        (await Fixture.SubmitAsync(textOnly, ("text", "MARKER"))).Is(200);
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "30d", messages: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(29));
        await Server.RoundAsync();
        Assert.True((await Fixture.ShowAsync(id)).Json.GetProperty("response").TryGetProperty("text", out _));

        await Server.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal(new RemovedCounts(Comments: 2, Messages: 2), await Server.RoundAsync());

        var shown = (await Fixture.ShowAsync(id)).Is(200).Json;
        Assert.Equal(2, shown.GetProperty("response").GetProperty("score").GetProperty("value").GetInt32());
        Assert.False(shown.GetProperty("response").TryGetProperty("text", out _));
        Assert.False((await Fixture.ShowAsync(textOnly)).Is(200).Json.TryGetProperty("response", out _));
        var start = new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var events = (await Server.GetAsync(Fixture.Sender, $"/1.1/feedback/events.json?from_time={start}&to_time={start + 86_400_000}")).Is(200);
        Assert.DoesNotContain("MARKER", events.Body, StringComparison.Ordinal);
        Assert.Equal(5, events.Json.GetProperty("events").GetArrayLength());

        var owner = await Server.MembershipAsync(Role.Owner, Fixture.Furni);
        var file = (await owner.GetAsync("/console/@furni/export/file")).Is(200).Html;
        Assert.DoesNotContain("MARKER", file, StringComparison.Ordinal);
        Assert.Contains("2026-01-05T09:00:00", file, StringComparison.Ordinal);
        foreach (var page in (string[])["answers", $"answers/{id}", "follow-up", $"follow-up/{id}", "overview", "answers?has_text=true"])
        {
            var html = (await owner.GetAsync($"/console/@furni/{page}")).Is(200).Html;
            Assert.DoesNotContain("MARKER", html, StringComparison.Ordinal);
            if (page != "overview") Assert.Contains("removed", html, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(id, (await owner.GetAsync("/console/@furni/answers?q=marker")).Is(200).Html, StringComparison.Ordinal);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_request_that_another_sender_sent_to_the_sender_is_kept_as_that_one_chose()
    {
        var (_, other) = await Server.SenderAsync(Fixture.App, "other");
        (await Server.PostAsync(
            other, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", Furni.ToString(CultureInfo.InvariantCulture)), ("message", "How was it?"), ("privacy_url", "https://other.example/privacy"))).Is(200);
        (await Server.WriteAsync(other, Fixture.Furni, "Thank you")).Is(200);
        await Server.KeepAsync(Furni, RetentionFixture.Of(messages: "30d"));

        await Server.AdvanceAsync(TimeSpan.FromDays(31));

        Assert.Equal(new RemovedCounts(Messages: 1), await Server.CountedAsync(Furni));
        Assert.Equal(new RemovedCounts(Messages: 1), await Server.RoundAsync());
        Assert.Equal((1, 0), (await Server.CountAsync("message", "prompt_id is not null and body <> ''"), await Server.CountAsync("message", "prompt_id is null")));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_comment_that_was_removed_stays_given()
    {
        await Server.RestartAsync("Cards:Lifetime=400.00:00:00");
        var id = (await Fixture.AskAsync("csat")).Text("id");
        (await Fixture.SubmitAsync(id, ("text", "MARKER"))).Is(200);
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(40));
        await Server.RoundAsync();

        (await Fixture.SubmitAsync(id, ("text", "another"))).Is(409, 355);
        (await Fixture.SubmitAsync(id, ("score", "3"))).Is(200);

        Assert.Equal(1, await Server.CountAsync("prompt", "comment = '' and score = 3"));
        Assert.False((await Fixture.ShowAsync(id)).Json.GetProperty("response").TryGetProperty("text", out _));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Notes_go_with_the_answer_that_they_are_about_and_later_ones_when_they_are_as_old()
    {
        var id = await AskAsync((Fixture.Ana, Fixture.Recipient), 0);
        await NoteAsync(id, "MARKER first");
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(31));
        Assert.Equal(new RemovedCounts(Comments: 1, Notes: 1), await Server.RoundAsync());
        await AskAsync((Fixture.Ana, Fixture.Recipient), 1);

        await NoteAsync(id, "MARKER late");
        await Server.AdvanceAsync(TimeSpan.FromDays(29));
        Assert.Equal(RemovedCounts.Nothing, await Server.RoundAsync());
        await Server.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal(new RemovedCounts(Comments: 1), await Server.RoundAsync());
        await Server.AdvanceAsync(TimeSpan.FromDays(1));
        var counted = await Server.CountedAsync(Furni);
        Assert.Equal(new RemovedCounts(Notes: 1), counted);
        Assert.Equal(counted, await Server.RoundAsync());
        Assert.Equal(0, await Server.CountAsync("follow_up_note"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Somebody_about_whom_a_conversation_was_closed_lately_is_not_forgotten_and_the_ids_of_others_go()
    {
        await Server.KeepAsync(Furni, RetentionFixture.Of(people: "12m"));
        var (quiet, regular) = (await CustomerAsync("quiet"), await CustomerAsync("regular"));
        foreach (var (user, _) in new[] { quiet, regular })
        {
            (await Server.WriteAsync(Fixture.Sender, user)).Is(200);
            await CloseAsync(user, $"ticket-{user.ScreenName}");
            await AskAsync(user, $"ticket-{user.ScreenName}");
        }

        await RevokeAsync();
        await Server.AdvanceAsync(TimeSpan.FromDays(300));
        await CloseAsync(regular.User, "ticket-late");
        await Server.AdvanceAsync(TimeSpan.FromDays(100));
        Assert.Equal(1, (await Server.CountedAsync(Furni)).Accounts);
        await Server.RoundAsync();

        Assert.Equal((1, 0), (await Server.CountAsync("account", "screen_name = 'regular'"), await Server.CountAsync("account", "screen_name = 'quiet'")));
        Assert.Equal((1, 2), (await Server.CountAsync("conversation", "external_id = ''"), await Server.CountAsync("conversation", "external_id like 'ticket-%'")));
        Assert.Equal(1, await Server.CountAsync("prompt", "external_id = 'ticket-regular'"));
        Assert.Null((await new VerifyDraws(Server.Server.Store).RunAsync(Furni, default)).Wrong);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_round_that_was_killed_between_steps_is_gone_on_with_and_two_never_do_the_same()
    {
        await CrowdedStore.FillAsync(Fixture, 250);
        await Server.AdvanceAsync(TimeSpan.FromDays(100));
        await Server.KeepAsync(Furni, RetentionFixture.Of("30d", "30d"));
        var counted = await Server.CountedAsync(Furni);
        Assert.Equal(251, counted.Comments);
        var remove = Server.Get<RemoveOld>();
        var (all, steps, killed) = (0L, 0, 0);
        for (var holder = 0; killed < 100; holder++)
        {
            Assert.True(await RetentionRun.TryBeginAsync(Server.Db, $"node {holder}", Server.Clock.GetUtcNow(), TimeSpan.Zero, default));
            remove.StepDone = () => ++steps % 2 == 0 ? throw new KilledException() : TrafficAsync();
            try
            {
                var removed = await remove.RunAsync($"node {holder}", only: null, default);
                Assert.NotNull(removed);
                all += await RemovedAsync();
                break;
            }
            catch (KilledException)
            {
                // Its lease is not given back: nobody else comes until it is over, and whoever had it removes nothing after that.
                killed++;
                all += await RemovedAsync();
                Assert.False(await RetentionRun.TryBeginAsync(Server.Db, "another", Server.Clock.GetUtcNow(), TimeSpan.Zero, default));
                await Server.AdvanceAsync(RetentionRun.LeaseLength + TimeSpan.FromSeconds(1));
                Assert.True(await RetentionRun.TryBeginAsync(Server.Db, "another", Server.Clock.GetUtcNow(), TimeSpan.Zero, default));
                remove.StepDone = () =>
                {
                    Assert.Fail("A node that lost its lease has removed something.");
                    return Task.CompletedTask;
                };
                if (await Server.CountedAsync(Furni) != RemovedCounts.Nothing) Assert.Null(await remove.RunAsync($"node {holder}", only: null, default));
                await RetentionRun.EndAsync(Server.Db, "another", Server.Clock.GetUtcNow(), default);
            }
        }

        Assert.True(killed > 3, $"It was killed {killed} times.");
        Assert.Equal(counted.Comments + counted.Messages, all);
        Assert.Equal((0, 0), (await Server.CountAsync("prompt", "comment like 'Slow%'"), await Server.CountAsync("message", $"prompt_id is null and {Furni} in (sender_id, recipient_id)")));
        Assert.Equal(RemovedCounts.Nothing, await Server.CountedAsync(Furni));
    }

    [Fact]
    public async Task The_server_does_it_once_a_day_and_soon_after_a_choice_and_rests_after_a_restore()
    {
        await AskAsync((Fixture.Ana, Fixture.Recipient), 0);
        await Server.AdvanceAsync(TimeSpan.FromDays(60));
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "30d"));
        Assert.Null(await Server.Get<RetentionWorker>().RunAsync(default));
        Assert.Equal(1, await Server.CountAsync("prompt", "comment <> ''"));

        await OutboundPause.ReleaseAsync(Server.Db, default);
        await Server.Get<RetentionWorker>().RunAsync(default);
        await UntilAsync(() => Server.CountAsync("prompt", "comment = ''"), 1);
        await UntilAsync(() => Server.CountAsync("retention_run", "ended_at is not null"), 1);
        Assert.Null(await Server.Get<RetentionWorker>().RunAsync(default));
        Assert.Contains(Server.Log.ToArray(), line => line.Contains("What senders keep no longer is removed: 1 comments", StringComparison.Ordinal));
        Assert.Equal(1, await Server.CountAsync("audit", "person = 'retention' and what like 'removed 1 comments%'"));

        // A choice has the next round come at once.
        await AskAsync((Fixture.Ana, Fixture.Recipient), 1);
        await Server.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Null(await Server.Get<RetentionWorker>().RunAsync(default));
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "31d"));
        Assert.True(await RetentionRun.TryBeginAsync(Server.Db, "test", Server.Clock.GetUtcNow(), RetentionRun.Every, default));
    }

    private protected static async Task UntilAsync(Func<Task<long>> count, long expected)
    {
        while (await count() != expected) await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks a customer, who gives a low score and writes something; gives the id.</summary>
    private protected async Task<string> AskAsync((User User, OAuthCredentials Token) customer, int number)
    {
        var id = (await AskAsync(customer.User, $"ticket-{customer.User.ScreenName}-{number}")).Text("id");
        (await Server.PostAsync(customer.Token, $"/1.1/feedback/submit/{id}.json", ("score", "2"), ("text", $"MARKER number {number}"))).Is(200);
        return id;
    }

    private async Task<Answer> AskAsync(User user, string externalId) => (await Server.PostAsync(
        Fixture.Sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", user.Id.ToString(CultureInfo.InvariantCulture)), ("message", "MARKER of the request"), ("privacy_url", "https://furni.example/privacy"), ("external_id", externalId), ("agent", "zoe"), ("tags", "rare"))).Is(200);

    private async Task<(User User, OAuthCredentials Token)> CustomerAsync(string handle)
    {
        var reach = ChannelAvailability.Read(Channel.BuiltIn.Name, $"{handle}@example.com").Reachability!;
        var user = await Server.Get<UserAccounts>().AddAsync(new NewUser(handle, handle.ToUpperInvariant(), null, MessagingPermission.Anyone) { ChannelAvailability = reach }, default);
        return (user!, await Server.TokenAsync(Fixture.App, user!));
    }

    // Who lets an app act for them uses the platform by themselves.
    private Task RevokeAsync() => Server.Db.WriteAsync(
        session => session.Sql("update access_token set revoked_at = 1 where user_id in (select id from account where screen_name in ('early', 'elsewhere', 'quiet', 'regular'))").RunAsync(default), default);

    private async Task CloseAsync(User user, string externalId) =>
        (await Server.PostAsync(Fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", user.Id.ToString(CultureInfo.InvariantCulture)), ("external_id", externalId))).Is(200);

    private async Task NoteAsync(string id, string text)
    {
        var boss = await Server.MembershipAsync(Role.Owner, Fixture.Furni, $"boss{Server.Clock.GetUtcNow().ToUnixTimeSeconds()}@furni.example");
        var page = $"/console/@furni/follow-up/{id}";
        (await boss.SubmitAsync(await boss.GetAsync(page), $"{page}/note", ("note", text))).Is(303);
    }

    private async Task TrafficAsync()
    {
        var id = (await Fixture.AskAsync()).Text("id");
        (await Fixture.SubmitAsync(id, ("score", "5"))).Is(200);
        (await Fixture.ShowAsync(id)).Is(200);
    }

    private Task<long> RemovedAsync() => Server.Db.ReadAsync(session => session.Sql("select comments + messages from retention_run").FirstAsync(row => row.GetInt64(0), default), default);

    private async Task<List<DateTimeOffset>> EventsAsync()
    {
        var all = new List<DateTimeOffset>();
        var from = new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        for (var cursor = $"from_time={from}&to_time={Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}"; ;)
        {
            var page = (await Server.GetAsync(Fixture.Sender, $"/1.1/feedback/events.json?{cursor}")).Is(200).Json;
            foreach (var one in page.GetProperty("events").EnumerateArray())
            {
                all.Add(DateTimeOffset.ParseExact(one.GetProperty("created_at").GetString()!, "ddd MMM dd HH:mm:ss zzz yyyy", CultureInfo.InvariantCulture));
            }

            if (page.GetProperty("next_cursor").GetString() is not { Length: > 0 } next) return all;
            cursor = $"cursor={next}";
        }
    }

    private sealed class KilledException : Exception;
}

public sealed class PostgresRetentionTests() : RetentionTests(Engine.Postgres)
{
    [Fact]
    public async Task Of_two_nodes_one_does_it()
    {
        for (var i = 0; i < 3; i++) await AskAsync((Fixture.Ana, Fixture.Recipient), i);
        await Server.AdvanceAsync(TimeSpan.FromDays(60));
        await using var second = await Server.StartSecondAsync();
        await Server.KeepAsync(Furni, RetentionFixture.Of(texts: "30d"));
        await OutboundPause.ReleaseAsync(Server.Db, default);

        await Task.WhenAll(Server.Get<RetentionWorker>().RunAsync(default), second.Get<RetentionWorker>().RunAsync(default));

        await UntilAsync(() => Server.CountAsync("retention_run", "ended_at is not null and held_until = 0"), 1);
        Assert.Equal(1, await Server.CountAsync("retention_run", "comments = 3"));
        Assert.Equal(1, await Server.CountAsync("audit", "person = 'retention'"));
    }
}

public sealed class SqliteRetentionTests() : RetentionTests(Engine.Sqlite)
{
    [Fact]
    public async Task Nothing_of_it_is_left_in_the_files()
    {
        using var folder = TestFolder.Create("wiped");
        await using var fixture = await FeedbackFixture.StartOnAsync(await Engine.Sqlite.MigratedStoreAsync(folder));
        for (var i = 0; i < 60; i++)
        {
            var id = (await fixture.AskAsync()).Text("id");
            (await fixture.SubmitAsync(id, ("score", "1"), ("text", $"MARKER{i} {new string('x', 50 * i)} MARKER{i}"))).Is(200);
            (await fixture.Server.WriteAsync(fixture.Recipient, fixture.Furni, $"MARKER{i} in a message")).Is(200);
        }

        await fixture.Server.RestartAsync();
        Assert.True(Found(folder) > 0);
        await fixture.Server.AdvanceAsync(TimeSpan.FromDays(60));
        await fixture.Server.KeepAsync(fixture.Furni.Id, RetentionFixture.Of("30d", "30d"));
        await fixture.Server.RoundAsync();
        await fixture.Server.RestartAsync();

        Assert.Equal(0, Found(folder));
        await fixture.Server.AllIsWellAsync();
    }

    private static int Found(TestFolder folder) => Directory.GetFiles(folder.Path, "*.db*").Sum(file =>
    {
        using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[open.Length];
        open.ReadExactly(bytes);
        return bytes.AsSpan().Count("MARKER"u8) + bytes.AsSpan().Count("marker"u8);
    });
}
