using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Afterword.Server.Automation.Funnels;
using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Retention;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Storage;

/// <summary>A page costs what it shows, not what is stored: no statement of any route takes more steps of the engine when there is four times as much.</summary>
/// <remarks>
/// The engine is given no statistics, as on every server, and then some of a store that was small. What it did is asked of the
/// statements that ran, so a read that is added is looked at by itself; a route that nobody calls here fails the test.
/// </remarks>
public sealed partial class SqlitePlanTests : IAsyncLifetime
{
    // Above what a page of 1,000 requests looks at, so that the pages are full before the store grows.
    private const int Copies = 5_000;
    private static readonly int s_more = LongForm.Or(15_000, 195_000);

    // Reads for as long as there is something to read, by what they are for.
    private static readonly string[] s_whole = ["/1.1/feedback/export.csv", "/console/@{handle}/export/file", "/console/@{handle}/automation/file"];

    // No store stands behind them, or none that grows with requests.
    private static readonly string[] s_without = ["/healthz/live", "/openapi/v1.json", "/openapi/pages.json", "/", "/api"];

    // Looks at so many at most, however many there are: 20,000 of one customer's requests, a dozen steps each; 50,000 closed conversations of a period.
    private static readonly (string Part, long Most)[] s_bounded =
    [
        ("as k order by k.place desc limit 1 offset @most", 300_000), ("from conversation c where c.sender_id = @sender and c.created_at", 100 * ReadFunnel.MostRead),
        ("and (c.created_at, c.id) < (@at, @id)", 100 * Ledger.MostLooked), ("and (c.recipient_id, c.id) < (@customer, @before)", 30 * Ledger.MostOfCustomer), ("from latest where automatic = 0", 30 * ReadFunnel.MostRead),
    ];

    // Of a statement that did not run when less was stored.
    private const long MostOfNew = 300_000;

    private readonly HashSet<string> _called = [];
    private FeedbackFixture _fixture = null!;
    private CrowdedStore _store = null!;
    private NewEndpoint _polled = null!;
    private TestBrowser _owner = null!;
    private TestBrowser _operator = null!;
    private TestBrowser _ana = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Limits:UsersPer15Minutes=100000", "Cards:CallsPerLink=0");
        // Approved before all that is stored.
        _polled = await Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, null, null, WebhookFormat.Events, Approval.NeededIfOwned, default);
        await Server.Server.Store.Main.WriteAsync(session => session.Sql("update webhook set approved_at = 0").RunAsync(default), default);
        _store = await CrowdedStore.FillAsync(_fixture, 0);
        _owner = await Server.MembershipAsync(Role.Owner, _fixture.Furni);
        _operator = await Server.MembershipAsync(Role.Operator);
        _ana = await SignedInAsync(_fixture.Ana.Id);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task No_statement_of_any_route_costs_more_when_more_is_stored()
    {
        await _store.GrowAsync(Copies);
        var before = await WorkAsync();
        Assert.Equal([], before.Where(one => one.Value.Plans > 0).Select(one => $"{one.Key.Read}: {one.Key.Sql}"));
        await _store.GrowAsync(s_more);
        var wrong = Growth("without statistics", before, await WorkAsync());
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));

        // An operator may have run "analyze" when there was next to nothing.
        await Server.Server.Store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("analyze").RunAsync(default);
                await session.Sql("update sqlite_stat1 set stat = '1 1 1 1 1 1'").RunAsync(default);
                return 0;
            },
            default);
        await Server.RestartAsync();
        Assert.Equal(0, await Server.CountAsync("sqlite_master", "name = 'sqlite_stat1'"));
        wrong = Growth("with statistics of a store that was small", before, await WorkAsync());
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public void Every_route_is_called()
    {
        Assert.True(Reads().Count() > 50);
        var routes = Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains("GET") == true).Select(route => "/" + route.RoutePattern.RawText!.Trim('/'));
        var missing = routes.Where(route => !FileName().IsMatch(route) && !s_without.Contains(route) && !s_whole.Contains(route) && !_called.Any(path => IsOf(path, route)));

        Assert.Equal([], missing);
    }

    private static bool IsOf(string path, string route) =>
        Regex.IsMatch(path, "^" + Regex.Replace(Regex.Escape(route).Replace(@"\{\*\*path}", ".*", StringComparison.Ordinal), @"\\\{[^}]*}", "[^/]+") + "$");

    private static List<string> Growth(string state, Dictionary<(string Read, string Sql), StatementWork> before, Dictionary<(string Read, string Sql), StatementWork> after) =>
    [
        .. after.Where(one => one.Value.StepsARun > (before.TryGetValue(one.Key, out var was) ? (was.StepsARun * 3 / 2) + 5_000 : MostOfNew)
            && !s_bounded.Any(bound => one.Key.Sql.Contains(bound.Part, StringComparison.Ordinal) && one.Value.StepsARun < bound.Most))
            .Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key.Read}, {state}: {(before.TryGetValue(one.Key, out var was) ? was.StepsARun : 0):N0} steps became {one.Value.StepsARun:N0}\n{one.Key.Sql}")),
    ];

    private async Task<Dictionary<(string Read, string Sql), StatementWork>> WorkAsync()
    {
        var work = new Dictionary<(string, string), StatementWork>();
        foreach (var (what, read) in Reads())
        {
            await SqliteWork.TakeAsync(Server.Server.Store.Main);
            try
            {
                await read();
            }
            catch (TaskCanceledException error)
            {
                throw new TimeoutException($"{what} has no end.", error);
            }

            foreach (var (sql, did) in await SqliteWork.TakeAsync(Server.Server.Store.Main)) work[(what, sql)] = did;
        }

        return work;
    }

    private IEnumerable<(string What, Func<Task> Read)> Reads() => [.. PagesThatAreRead(), .. CallsThatAreRead()];

    private IEnumerable<(string What, Func<Task> Read)> PagesThatAreRead()
    {
        foreach (var page in (string[])
        [
            "", "/overview", "/overview?type=nps", "/overview?range=365&by=day", "/overview?only=agent:zoe", "/overview?only=tag:rare", "/overview?test=1&sort=name", "/overview?all=agent", "/overview?all=tag&find=rare", "/definitions",
            "/answers", "/answers?tag=rare", "/answers?tag=rare&max_score=2", "/answers?agent=zoe", "/answers?agent=zoe&max_score=2", "/answers?external_id=CASE-1", "/answers?external_id=NONE-1", "/answers?customer=%40bea", "/answers?customer=%40ana",
            "/answers?type=csat&min_score=1&max_score=2", "/answers?has_text=true", "/answers?show=answered", "/answers?q=slow", "/answers?q=slow&max_score=2",
            $"/answers?before={_store.Prompt}", $"/answers/{_store.Prompt}", "/follow-up", "/follow-up?state=all", "/follow-up?state=open", "/follow-up?who=me", $"/follow-up/{_store.Prompt}",
            "/asked", "/asked?q=%40bea", "/asked?q=%40ana", "/asked?q=%40furni", "/asked?q=CASE-1", "/asked?q=NONE-1", $"/asked?q=%40ana&before={_store.Prompt}", "/alerts", "/export", "/people", "/privacy",
            "/audit", "/audit?deed=saw", "/audit?deed=exported", "/webhooks", "/webhooks/7", "/connectors", "/connectors/7", "/set-up", "/apps", "/channels", "/requests/new",
            "/automation", "/automation?range=365", "/automation?agent=zoe&tag=rare&language=en", "/automation?test=true", "/automation?decision=failed", "/automation?find=CASE-1", "/automation?find=NONE-1", "/automation?find=%40ana", "/automation?find=%40furni",
            $"/automation?before={_store.Conversation}", "/automation?from=2025-12-01&to=2025-12-02", $"/automation/{_store.Conversation}", "/rules", "/rules?edit=new", "/fairness", "/fairness?range=365", "/retention",
        ])
        {
            yield return Page(_owner, $"/console/@furni{page}");
        }

        foreach (var page in (string[])
        [
            "", "/admin", "/admin/health", "/admin/backups", "/admin/retention", "/admin/senders", "/admin/senders?limits=furni", "/admin/apps", "/admin/set-up", "/admin/users", "/admin/users?q=%40ana", "/admin/users?q=ana%40example.com", "/admin/users?user=ana",
            "/admin/webhooks", "/admin/email", "/admin/keys", "/admin/people", "/admin/privacy", "/admin/audit", "/admin/audit?deed=exported", "/account", "/second-factor", "/sign-in", "/invitation/none", "/forgotten",
            "/forgotten/none", "/no-page",
        ])
        {
            yield return Page(_operator, $"/console{page}");
        }

        foreach (var page in (string[])
        [
            "/messages", "/messages/furni", "/messages/bea", "/messages/new", "/messages/settings", "/messages/offline", "/apps", "/account", "/account/app", "/sign-in", "/sign-in/code", "/sign-in/app",
            "/sign-in/forgotten", "/sign-in/password/none", "/oauth/authorize", "/oauth/authenticate",
        ])
        {
            yield return Page(_ana, page);
        }

        yield return Page(new TestBrowser(Server), $"/f/{_store.CardToken}");
        yield return Page(new TestBrowser(Server), $"/embed/{_store.CardToken}");
        yield return Page(new TestBrowser(Server), $"/in/{new Afterword.Server.Connectors.ConnectorAddress(_fixture.Furni.Id, 7, new byte[20])}");
        yield return Page(new TestBrowser(Server), "/healthz/ready");
        yield return Stream(_ana, "/messages/live");
        yield return Stream(_owner, "/console/@furni/overview/live");
    }

    private IEnumerable<(string What, Func<Task> Read)> CallsThatAreRead()
    {
        var time = "from_time=1767500000000&to_time=1767600000000";
        foreach (var path in (string[])
        [
            $"/1.1/feedback/events.json?{time}&count=20", $"/1.1/feedback/show/{_store.Prompt}.json", "/1.1/direct_messages/events/list.json", $"/1.1/direct_messages/events/show.json?id={_store.Prompt}",
            "/1.1/users/show.json?screen_name=ana", "/1.1/users/lookup.json?screen_name=ana,bea", "/1.1/account/verify_credentials.json", "/1.1/application/rate_limit_status.json",
            "/1.1/feedback/conversations/list.json", "/1.1/feedback/conversations/list.json?decision=failed", "/1.1/feedback/conversations/list.json?external_id=CASE-1", "/1.1/feedback/conversations/list.json?external_id=NONE-1", "/1.1/feedback/conversations/show/7.json",
            $"/1.1/feedback/can_prompt.json?to_user_id={_fixture.Ana.Id}&external_id=CASE-1", $"/1.1/feedback/can_prompt.json?to_user_id={_fixture.Ana.Id}&external_id=NONE-1", "/1.1/feedback/rules.json",
            "/1.1/feedback/metrics.json?breakdown=agent", "/1.1/feedback/metrics.json?only=tag:rare&range=365", "/1.1/feedback/metrics.json?only=origin:hand&by=day",
            "/1.1/friendships/show.json?source_screen_name=furni&target_screen_name=ana", "/1.1/friendships/lookup.json?screen_name=ana,bea", "/1.1/friends/ids.json", "/1.1/followers/ids.json",
            "/1.1/blocks/ids.json", "/1.1/account/settings.json", "/oauth/request_token", "/oauth/access_token",
        ])
        {
            yield return Call(path, () => Server.GetAsync(_fixture.Sender, path));
        }

        foreach (var path in (string[])["/operator/webhooks.json", "/operator/webhooks/7.json"]) yield return Call(path, () => AsOperatorAsync(path));
        foreach (var after in (string[])["", "?after=1767500000000-1"])
        {
            var path = $"/operator/webhooks/{_polled.Key.Id}/poll.json{after}";
            yield return Call(path, async () => (await Server.SendAsync(null, HttpMethod.Get, path, null, request => request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {_polled.Secret}"))).Is(200));
        }

        yield return ("webhook deliveries", () => Server.Get<DeliveryHistory>().LatestAsync(new(_fixture.Furni.Id, 7), deadOnly: false, 50, default));
        yield return ("webhook deliveries --dead", () => Server.Get<DeliveryHistory>().LatestAsync(new(_fixture.Furni.Id, 7), deadOnly: true, 50, default));
        yield return ("channel retry", () => Server.Get<RetryChannelDeliveries>().RunAsync(_fixture.Furni.Id, null, default));
        yield return ("channel list", () => Server.Get<ChannelDeliveryHistory>().LatestAsync(_fixture.Furni.Id, deadOnly: false, 50, default));
        yield return ("channel list --dead", () => Server.Get<ChannelDeliveryHistory>().LatestAsync(_fixture.Furni.Id, deadOnly: true, 50, default));
        yield return ("retention", () => RetentionSteps.RunAsync(_fixture, "bea", commits: false));
        yield return ("asking and answering", AskAndAnswerAsync);
        yield return ("closing and reopening", CloseAndReopenAsync);
    }

    private (string What, Func<Task> Read) Page(TestBrowser browser, string path) => Call(path, async () => (await browser.GetAsync(path)).Answer);

    /// <summary>A read; whether it finds something is for others to test, but it must not fail.</summary>
    private (string What, Func<Task> Read) Call(string path, Func<Task<Answer>> read)
    {
        _called.Add(path.Split('?')[0]);
        return (path, async () =>
        {
            var answer = await read();
            Assert.True(answer.Status < 500, $"{path}: {answer.Status} {answer.Body}");
        });
    }

    private (string What, Func<Task> Read) Stream(TestBrowser browser, string path)
    {
        _called.Add(path);
        return (path, async () => Assert.Equal(200, (await browser.PeekAsync(HttpMethod.Get, path, null)).Status));
    }

    private async Task AskAndAnswerAsync()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "1"))).Is(200);
        (await _fixture.SubmitAsync(id, ("text", "Slow"))).Is(200);
    }

    // Of tickets that nobody has heard of, which no page of the newest finds at once.
    private async Task CloseAndReopenAsync()
    {
        var ticket = string.Create(CultureInfo.InvariantCulture, $"NEW-{Server.Server.Store.Ids.Next()}");
        for (var i = 0; i < 2; i++)
        {
            (await Server.PostAsync(_fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", _fixture.Ana.Id.ToString(CultureInfo.InvariantCulture)), ("external_id", ticket))).Is(200);
            (await Server.PostAsync(_fixture.Sender, "/1.1/feedback/conversations/reopen.json", ("external_id", ticket))).Is(200);
        }
    }

    private async Task<Answer> AsOperatorAsync(string path)
    {
        var key = await Server.Get<OperatorKeys>().AddAsync($"key {_called.Count} {Server.Server.Store.Ids.Next()}", default);
        return await Server.SendAsync(null, HttpMethod.Get, path, null, request => request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}"));
    }

    private async Task<TestBrowser> SignedInAsync(long user)
    {
        var key = RandomNumberGenerator.GetBytes(20);
        await Server.Server.Store.Main.WriteAsync(
            session => session.Sql("insert into visit (key_hash, user_id, created_at, seen_at) values (@hash, @user, @now, @now)")
                .Bind("hash", SHA256.HashData(key)).Bind("user", user).Bind("now", Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(default),
            default);
        var browser = new TestBrowser(Server);
        browser.Cookies["__Host-afterword"] = Base64Url.EncodeToString(key);
        return browser;
    }

    [GeneratedRegex(@"\.(css|js|png|svg|webmanifest|txt|ico)$")]
    private static partial Regex FileName();
}
