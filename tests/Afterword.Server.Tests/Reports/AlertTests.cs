using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Alerts;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Reports;

/// <summary>What people are told without looking: by a real mail server and a real receiver of webhooks.</summary>
public abstract partial class AlertTests(Engine engine) : IAsyncLifetime
{
    private const string Page = "/console/@furni/alerts";

    private PostOffice _office = null!;
    private Receiver _receiver = null!;
    private FeedbackFixture _fixture = null!;
    private TestBrowser _boss = null!;
    private long _bossId;
    private int _status = 200;
    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestServer Server => _fixture.Server;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _office = await PostOffice.StartAsync();
        _receiver = await Receiver.StartAsync(async (http, got) =>
        {
            http.Response.StatusCode = _status;
            if (got.Path == "/hangs" && IsAlert(got)) await _enough.Task;
        });

        // 2026-01-05, a Monday: ten in the morning in Berlin.
        _fixture = await FeedbackFixture.StartAsync(
            engine, "PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={_office.Port}", "Mail:Tls=none", "Mail:From=feedback@mail.example",
            "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:Timeout=00:01:00", "Limits:CreatesPerDay=1000000", "Console:TimeZone=Europe/Berlin");

        // The server does so beside its start: what is asked before would be counted by the days of UTC for a while.
        await Server.Get<RebuildRollups>().RunAsync(Stop);
        _bossId = await Server.PersonAsync(Role.Supervisor, _fixture.Furni, "boss@furni.example");
        _boss = await Server.SignedInAsync(_bossId);
    }

    [Fact]
    public async Task A_low_score_is_emailed_with_a_link_and_without_name_or_text()
    {
        await ChooseAsync(("csat", "2"), ("reader", $"{_bossId}"));

        var low = await ScoreAsync(2, "The chair broke");
        await ScoreAsync(3);
        await ScoreAsync(1, more: ("test", "true"));
        await DrainAsync();

        var email = Assert.Single(_office.All);
        Assert.Empty(email.Json.GetProperty("defects").EnumerateArray());
        Assert.Equal(("boss@furni.example", "A low score for FURNI", "auto-generated"), (email.To, email["Subject"], email["Auto-Submitted"]));
        foreach (var part in (string[])[email.Plain, email.Html])
        {
            Assert.Contains("A customer gave 2 of 5 (CSAT) on 5 Jan 2026, 10:00 (Europe/Berlin).", part, StringComparison.Ordinal);
            Assert.Contains($"https://feedback.example/console/@furni/answers/{low}", part, StringComparison.Ordinal);
            foreach (var secret in (string[])["chair", "ana", "ANA"]) Assert.DoesNotContain(secret, part, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("src=", email.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, await Server.CountAsync("alert"));
        Assert.Contains("boss@furni.example", (await _boss.GetAsync(Page)).Is(200).Html, StringComparison.Ordinal);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Nobody_is_told_anything_who_did_not_ask_for_it()
    {
        await ScoreAsync(1);
        await DrainAsync();
        Assert.Empty(_office.All);
        Assert.Equal(0, await Server.CountAsync("alert"));
    }

    [Theory]
    [InlineData(Role.Agent)]
    [InlineData(null)]
    public async Task Who_lost_the_role_gets_nothing_though_they_were_chosen(Role? now)
    {
        var ana = await Server.PersonAsync(Role.Analyst, _fixture.Furni, "ana@furni.example");
        await ChooseAsync(("csat", "2"), ("reader", $"{ana}"), ("reader", $"{_bossId}"));
        var owner = new Membership(Member.CommandLine, new(_fixture.Furni.Id, "furni", "FURNI", Role.Owner));
        if (now is { } role) await Server.Get<Memberships>().ChangeRoleAsync(owner, ana, role, Stop);
        else await Server.Get<Memberships>().RemoveAsync(Member.CommandLine, _fixture.Furni.Id, ana, keepLast: false, Stop);

        await ScoreAsync(1);
        await DrainAsync();

        Assert.Equal("boss@furni.example", Assert.Single(_office.All).To);
        Assert.Equal(1, await Server.CountAsync("alert_dispatch", $"reader_id = {ana} and state = 4 and attempts = 0"));
    }

    [Fact]
    public async Task An_agent_cannot_be_chosen()
    {
        var agent = await Server.PersonAsync(Role.Agent, _fixture.Furni, "agent@furni.example");
        var stranger = await Server.PersonAsync(Role.Owner, await Server.UserAsync("other"), "owner@other.example");
        await ChooseAsync(("csat", "5"), ("reader", $"{agent}"), ("reader", $"{stranger}"), ("reader", $"{_bossId}"));
        Assert.Equal(1, await Server.CountAsync("alert_reader"));
    }

    [Fact]
    public async Task A_webhook_that_gets_alerts_is_told_signed_as_events_are()
    {
        var told = await Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri(_receiver.Url, "/told"), null, Approval.NeededIfOwned, Stop);
        await Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri(_receiver.Url, "/other"), null, Approval.NeededIfOwned, Stop);
        await HaveAlertsAsync(told);
        await ChooseAsync(("nps", "6"));

        // One that waits for approval gets none, however it came to want them.
        var waiting = await Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri(_receiver.Url, "/waiting"), null, Approval.Needed, Stop);
        await Server.Get<Endpoints>().SetAlertsAsync(waiting.Key, on: true, Stop);

        var id = await ScoreAsync(0, type: "nps");
        await DrainAsync();

        var got = Assert.Single(_receiver.All, IsAlert);
        Assert.Equal("/told", got.Path);
        Assert.Equal(0, await Server.CountAsync("alert_dispatch", $"reader_id = {waiting.Key.Id}"));
        Assert.Equal(
            $$$"""{"event_type":"alert.low_score","created_at":"Mon Jan 05 09:00:00 +0000 2026","sender_id":"{{{_fixture.Furni.Id}}}","low_score":{"feedback_id":"{{{id}}}","type":"nps","score":0}}""",
            Encoding.UTF8.GetString(got.Body));
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{got.Id}.{got.Timestamp}.")), .. got.Body];
        Assert.Equal("v1," + Convert.ToBase64String(HMACSHA256.HashData(told.Secret.Key, signed)), got.Signature);
        Assert.Empty(_office.All);
    }

    [Fact]
    public async Task A_webhook_that_hangs_holds_up_no_alert_of_another_sender()
    {
        var (other, token) = await Server.SenderAsync(_fixture.App, "other");
        var main = Server.Server.Store.Main;
        foreach (var (sender, path) in ((long, string)[])[(_fixture.Furni.Id, "/hangs"), (other.Id, "/told")])
        {
            await Server.Get<Endpoints>().AddAsync(sender, new Uri(_receiver.Url, path), null, Approval.NeededIfOwned, Stop);
            await main.WriteAsync(session => (AlertThresholds.Default with { AlertCsat = 2 }).SaveAsync(session, sender, Stop), Stop);
        }

        await main.WriteAsync(session => session.Sql("update webhook set alerts = 1").RunAsync(Stop), Stop);
        for (var i = 0; i < 20; i++) await ScoreAsync(1);
        while (Alerts("/hangs") < 8) await Task.Delay(5, Stop);

        await ScoreAsync(1, by: token);
        using var beforeItIsGivenUp = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        while (Alerts("/told") == 0) await Task.Delay(5, beforeItIsGivenUp.Token);
        Assert.Equal(8, Alerts("/hangs"));
        Assert.Equal(8, await Server.CountAsync("alert_dispatch", $"sender_id = {_fixture.Furni.Id} and state = 1 and attempts = 1"));
        _enough.SetResult();
        await DrainAsync();
        Assert.Equal(21, await Server.CountAsync("alert_dispatch", "state = 2 and attempts = 1"));

        int Alerts(string path) => _receiver.All.Count(got => got.Path == path && IsAlert(got));
    }

    [Fact]
    public async Task What_fails_is_repeated_under_the_same_id_and_survives_a_restart()
    {
        await HaveAlertsAsync(await Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, _receiver.Url, null, Approval.NeededIfOwned, Stop));
        await ChooseAsync(("csat", "2"));
        _status = 503;
        await ScoreAsync(1);
        await DrainAsync();
        Assert.Equal(1, await Server.CountAsync("alert_dispatch", "state = 0 and attempts = 1 and status = 503"));

        await Server.RestartAsync();
        _status = 200;
        await Server.AdvanceAsync(TimeSpan.FromMinutes(2));
        await DrainAsync();

        var alerts = _receiver.All.Where(got => got.EventType == "alert.low_score").ToArray();
        Assert.Equal(2, alerts.Length);
        Assert.Equal((alerts[0].Id, Encoding.UTF8.GetString(alerts[0].Body)), (alerts[1].Id, Encoding.UTF8.GetString(alerts[1].Body)));
        Assert.Equal(1, await Server.CountAsync("alert_dispatch", "state = 2 and attempts = 2"));
    }

    [Fact]
    public async Task What_a_dead_node_was_at_is_told_when_its_lease_is_over()
    {
        await ChooseAsync(("csat", "2"), ("reader", $"{_bossId}"));
        await ScoreAsync(1);
        await DrainAsync();
        await LeaseAsync(0);

        await DrainAsync();
        Assert.Single(_office.All);
        await Server.AdvanceAsync(TimeSpan.FromSeconds(31));
        await DrainAsync();

        Assert.Equal(2, _office.All.Count);
        Assert.Single(_office.All.Select(email => email.MessageId).Distinct());
    }

    [Fact]
    public async Task A_word_under_an_older_fence_is_refused()
    {
        await ChooseAsync(("csat", "2"), ("reader", $"{_bossId}"));
        await ScoreAsync(1);
        await DrainAsync();
        await LeaseAsync(1);
        var stale = new AlertDelivery(
            _fixture.Furni.Id, await NumberAsync("id"), AlertChannel.Mail, _bossId, AlertKind.LowScore, 0, 1, 0, await NumberAsync("fence") - 1, 0, null, "", "", "", true, null, null);

        Assert.False(await Server.Get<AlertDeliveries>().SettleAsync(stale, new(AttemptOutcome.Sent, 1, null, null), null));
        Assert.True(await Server.Get<AlertDeliveries>().SettleAsync(stale with { Fence = stale.Fence + 1 }, new(AttemptOutcome.Sent, 1, null, null), null));
    }

    [Theory]
    [InlineData(20, 1)]
    [InlineData(19, 0)]
    public async Task A_metric_that_fell_is_told_once_a_day(int answers, int told)
    {
        await ChooseAsync(("fall", "10"), ("reader", $"{_bossId}"));
        for (var i = 0; i < 20; i++) await ScoreAsync(5);
        await Server.AdvanceAsync(TimeSpan.FromDays(7));
        for (var i = 0; i < answers; i++) await ScoreAsync(i < 16 ? 5 : 1);

        for (var i = 0; i < 3; i++) await FindAndDrainAsync();

        Assert.Equal(told, _office.All.Count);
        if (told == 0) return;

        Assert.Equal("A metric of FURNI dropped", Assert.Single(_office.All)["Subject"]);
        Assert.Contains("CSAT of the last 7 days is 80.0% (20 answers); in the 7 days before it was 100.0% (20 answers).", Assert.Single(_office.All).Plain, StringComparison.Ordinal);
        await Server.AdvanceAsync(TimeSpan.FromDays(1));
        await FindAndDrainAsync();
        Assert.Equal(2, await Server.CountAsync("alert", "kind = 2"));
    }

    [Fact]
    public async Task A_fall_of_no_more_than_was_chosen_is_not_told()
    {
        await ChooseAsync(("fall", "20"), ("reader", $"{_bossId}"));
        for (var i = 0; i < 20; i++) await ScoreAsync(5);
        await Server.AdvanceAsync(TimeSpan.FromDays(7));
        for (var i = 0; i < 20; i++) await ScoreAsync(i < 16 ? 5 : 1);

        await FindAndDrainAsync();

        Assert.Empty(_office.All);
    }

    [Fact]
    public async Task The_week_is_reported_on_Monday_at_eight_by_the_clocks_of_the_place_once()
    {
        await ChooseAsync(("weekly", "yes"), ("reader", $"{_bossId}"));
        await ScoreAsync(5);
        await FindAndDrainAsync();
        Assert.Empty(_office.All);

        // Eight in Berlin is seven in UTC.
        Server.Clock.AdjustTime(new(2026, 1, 12, 6, 59, 59, TimeSpan.Zero));
        await Server.AdvanceAsync(TimeSpan.Zero);
        await FindAndDrainAsync();
        Assert.Empty(_office.All);
        await Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        await Task.WhenAll(FindAndDrainAsync(), FindAndDrainAsync());
        await Server.RestartAsync();
        await FindAndDrainAsync();

        var email = Assert.Single(_office.All);
        Assert.Equal("FURNI: the week of 5 Jan 2026", email["Subject"]);
        Assert.Contains("FURNI, 5 – 11 Jan 2026", email.Plain, StringComparison.Ordinal);
        Assert.Contains("  CSAT: 100% (too few to go by), nothing to compare with", email.Plain, StringComparison.Ordinal);
        Assert.Contains("https://feedback.example/console/@furni/overview?from=2026-01-05&to=2026-01-11", email.Plain, StringComparison.Ordinal);

        // Late is better than never, and only the last week.
        await Server.AdvanceAsync(TimeSpan.FromDays(16));
        await FindAndDrainAsync();
        Assert.Equal(["FURNI: the week of 5 Jan 2026", "FURNI: the week of 19 Jan 2026"], _office.All.Select(one => one["Subject"]));
    }

    [Fact]
    public async Task Two_nodes_tell_each_of_many_alerts_once()
    {
        await ChooseAsync(("csat", "2"), ("weekly", "yes"), ("reader", $"{_bossId}"));
        for (var i = 0; i < 10; i++) await ScoreAsync(1);
        if (engine == Engine.Postgres)
        {
            await using var second = await Server.StartSecondAsync();
            await Task.WhenAll(DrainAsync(), second.Get<AlertWorker>().DrainAsync(Stop), DrainAsync(), second.Get<AlertWorker>().DrainAsync(Stop));
            await Server.AdvanceAsync(TimeSpan.FromDays(7));
            await second.Get<WorkerLease>().RenewAsync(Stop);
            await Task.WhenAll(Server.Get<FindAlerts>().RunAsync(Stop), second.Get<FindAlerts>().RunAsync(Stop));
            await Task.WhenAll(DrainAsync(), second.Get<AlertWorker>().DrainAsync(Stop));
        }
        else
        {
            await Task.WhenAll(DrainAsync(), DrainAsync());
            await Server.AdvanceAsync(TimeSpan.FromDays(7));
            await FindAndDrainAsync();
        }

        await DrainAsync();
        Assert.Equal(11, _office.All.Count);
        Assert.Equal(11, _office.All.Select(email => email.MessageId).Distinct().Count());
        Assert.Equal(11, await Server.CountAsync("alert_dispatch", "state = 2 and attempts = 1"));
    }

    public async ValueTask DisposeAsync()
    {
        _enough.TrySetResult();
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
        await _office.DisposeAsync();
    }

    private Task<long> NumberAsync(string column) =>
        Server.Server.Store.Main.ReadAsync(session => session.Sql($"select {column} from alert_dispatch").FirstAsync(row => row.GetInt64(0), Stop), Stop);

    /// <summary>Has the one delivery as if some node were at it, with a lease that the server's own loop respects.</summary>
    private Task LeaseAsync(int claims)
    {
        var until = (Server.Clock.GetUtcNow() + TimeSpan.FromSeconds(30)).ToUnixTimeMilliseconds();
        return Server.Server.Store.Main.WriteAsync(
            session => session.Sql($"update alert_dispatch set state = 1, due_at = {until}, settled_at = null, fence = fence + {claims}").RunAsync(Stop), Stop);
    }

    private async Task ChooseAsync(params (string Name, string Value)[] fields) => (await PostAsync(await _boss.GetAsync(Page), fields)).Is(303);

    private Task<Page> PostAsync(Page page, params (string Name, string Value)[] fields)
    {
        var defaults = new[] { ("csat", "none"), ("nps", "none"), ("fall", "") }.Where(one => !fields.Any(field => field.Name == one.Item1));
        return _boss.SubmitAsync(page, Page, [.. defaults, .. fields]);
    }

    private async Task HaveAlertsAsync(NewEndpoint endpoint)
    {
        var owner = await Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var address = $"/console/@furni/webhooks/{endpoint.Key.Id}";
        (await owner.SubmitAsync(await owner.GetAsync(address), $"{address}/alerts")).Is(303);
    }

    private async Task<string> ScoreAsync(int score, string? text = null, string type = "csat", OAuthCredentials? by = null, params (string Name, string Value)[] more)
    {
        var id = (await _fixture.AskAsync(by ?? _fixture.Sender, type, more)).Text("id");
        (await _fixture.SubmitAsync(id, [("score", score.ToString(CultureInfo.InvariantCulture)), .. text is null ? Array.Empty<(string, string)>() : [("text", text)]])).Is(200);
        return id;
    }

    private static bool IsAlert(Received got) => got.EventType.StartsWith("alert.", StringComparison.Ordinal);

    private Task DrainAsync() => Server.Get<AlertWorker>().DrainAsync(Stop);

    private async Task FindAndDrainAsync()
    {
        await Server.Get<FindAlerts>().RunAsync(Stop);
        await DrainAsync();
    }
}

public sealed class SqliteAlertTests() : AlertTests(Engine.Sqlite);

public sealed class PostgresAlertTests() : AlertTests(Engine.Postgres);
