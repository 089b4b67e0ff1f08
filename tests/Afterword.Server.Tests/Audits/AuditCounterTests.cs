using System.Net;
using Afterword.Client.OAuth;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Audits;

/// <summary>What is counted for the audit log: calls that read answers, and everybody who was not let in.</summary>
public abstract class AuditCounterTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(engine);

    [Fact]
    public async Task What_an_app_reads_is_written_down_at_once_and_counted_by_the_hour()
    {
        var id = (await _fixture.AskAsync()).Text("id");
        for (var i = 0; i < 3; i++) (await _fixture.ShowAsync(id)).Is(200);
        (await EventsAsync()).Is(200);
        Assert.Empty(await SeenAsync());

        await FlushAsync();
        Assert.Equal(["pages of events, by the API: once", "single answers, by the API: 3 times"], await SeenAsync());

        for (var i = 0; i < 5; i++) (await _fixture.ShowAsync(id)).Is(200);
        await FlushAsync();
        Assert.Equal(2, (await SeenAsync()).Length);

        await Server.AdvanceAsync(TimeSpan.FromHours(1));
        await FlushAsync();
        Assert.Equal(["pages of events, by the API: once", "single answers, by the API: 3 times", "single answers, by the API: 5 times"], await SeenAsync());
        Assert.Equal(3, await Server.CountAsync("audit", $"deed = 1 and person = 'app Helpdesk' and sender_id = {_fixture.Furni.Id}"));
    }

    [Fact]
    public async Task A_refused_call_reads_nothing_and_a_stop_writes_the_rest()
    {
        (await Server.GetAsync(_fixture.Sender, "/1.1/feedback/show/nothing.json")).Is(404);
        (await _fixture.ShowAsync("1")).Is(404);
        await Server.Get<AuditCounter>().StoppedAsync(default);
        Assert.Equal(["single answers, by the API: once"], await SeenAsync());
    }

    [Fact]
    public async Task Failed_sign_ins_and_locks_are_written_down_and_logged_without_what_nobody_is_called()
    {
        await Server.Get<UserAccounts>().AddAsync("maja", "Maja", "right-password", MessagingPermission.Anyone, default);
        await TryAsync("maja", 5);
        await TryAsync("nobody", 3);
        await FlushAsync();

        Assert.Equal(
            ["@maja: locked after too many wrong passwords, once", "@maja: sign-in, 5 times from 127.0.0.1", "somebody: sign-in, 3 times from 127.0.0.1"],
            await RefusedAsync());
        Assert.Contains(Server.Log, line => line.Contains("Refused: sign-in, 5 times from 127.0.0.1 (@maja).", StringComparison.Ordinal));

        // The same lock is told once; and a password where the handle belongs is nobody's name.
        await TryAsync("maja", 1);
        await TryAsync("my-real-password", 1);
        await FlushAsync();
        Assert.Equal(1, await Server.CountAsync("audit", "what like 'locked%'"));

        await Server.AdvanceAsync(TimeSpan.FromHours(1));
        await FlushAsync();
        Assert.Equal(1, await Server.CountAsync("audit", "person = 'somebody' and what = 'sign-in, once from 127.0.0.1'"));

        // Nobody looked at these yet when the server stops, and they are told whose account they were at.
        Server.Get<AuditCounter>().Failed(CountedAction.SignIn, "maja", IPAddress.Loopback);
        await Server.Get<AuditCounter>().StoppedAsync(default);
        Assert.Equal(3, await Server.CountAsync("audit", "person = '@maja' and what like 'sign-in, %'"));
        Assert.Equal(0, await Server.CountAsync("audit", "what like '%real%' or person like '%nobody%' or person like '%real%'"));
        foreach (var name in new[] { "my-real-password", "nobody" }) Assert.DoesNotContain(Server.Log, line => line.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_that_is_asked_for_again_counts_too_and_so_do_locked_codes()
    {
        await Server.Get<UserAccounts>().AddAsync("maja", "Maja", "right-password", MessagingPermission.Anyone, default);
        var browser = new TestBrowser(Server);
        (await browser.SignInAsync((await browser.GetAsync("/sign-in")).Is(200), "maja", "right-password")).Is(200);
        (await browser.SubmitAsync((await browser.GetAsync("/account")).Is(200), "/account/password", ("password", "wrong"), ("new-password", "long enough and new"))).Is(403);
        await Server.Server.Store.Main.WriteAsync(
            session => session.Sql("insert into user_factor (user_id, totp_secret, totp_step, codes_locked_until) select id, @secret, 0, @until from account where screen_name_key = 'maja'")
                .Bind("secret", new byte[] { 1 }).Bind("until", Server.Clock.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds()).RunAsync(default),
            default);
        await FlushAsync();
        Assert.Equal(["@maja: codes locked after too many wrong ones, once", "@maja: sign-in, once from 127.0.0.1"], await RefusedAsync());
    }

    [Fact]
    public async Task A_person_who_is_not_let_in_is_written_down_where_it_happened()
    {
        var supervisor = await Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        var other = await Server.UserAsync("other");
        (await supervisor.GetAsync("/console/@furni/audit")).Is(403);
        (await supervisor.GetAsync("/console/@other/overview")).Is(404);
        (await supervisor.GetAsync("/console/@nobody/overview")).Is(404);

        var browser = new TestBrowser(Server);
        var page = (await browser.GetAsync("/console/sign-in")).Is(200);
        (await browser.SubmitAsync(page, "/console/sign-in", ("mail", "supervisor@furni.example"), ("password", "wrong"))).Is(403);
        await FlushAsync();

        Assert.Equal(
            [
                "supervisor@furni.example: GET /console/@{handle}/audit, once", "supervisor@furni.example: GET /console/@{handle}/overview, 2 times",
                "supervisor@furni.example: sign-in to the console, once from 127.0.0.1",
            ],
            await RefusedAsync());
        Assert.Equal(1, await Server.CountAsync("audit", $"deed = 5 and sender_id = {_fixture.Furni.Id}"));
        Assert.DoesNotContain(Server.Log, line => line.Contains("supervisor@furni.example", StringComparison.Ordinal));
        Assert.Equal(0, await Server.CountAsync("audit", $"deed = 5 and sender_id = {other.Id}"));
    }

    [Fact]
    public async Task Revoked_tokens_missing_rights_and_wrong_operator_keys_are_written_down()
    {
        var readOnly = await Server.TokenAsync(_fixture.App, _fixture.Ana, Permission.Read);
        (await Server.WriteAsync(readOnly, _fixture.Furni)).Is(403);
        await Server.Get<Apps>().RevokeTokenAsync(readOnly.Token!, default);
        Server.Get<CredentialStore>().Forget(readOnly.Token!);
        (await ProfileAsync(readOnly)).Is(401);
        (await ProfileAsync(readOnly)).Is(401);

        // Who has not the secret learns nothing, and is no news.
        var refused = (await ProfileAsync(readOnly with { TokenSecret = "guessed" })).Is(401);
        Assert.Equal((await ProfileAsync(readOnly with { Token = "7-unknown" })).Is(401).Body, refused.Body);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server.Url, "/operator/webhooks.json"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer awop_wrong");
        (await Server.SendAsync(request)).Is(401);
        await FlushAsync();

        Assert.Equal(
            [
                "app Helpdesk: a call, once: This application is not allowed to access or delete your direct messages.", "app Helpdesk: a revoked token, 2 times",
                "somebody: an operator key that is none, once from 127.0.0.1",
            ],
            await RefusedAsync());
    }

    [Fact]
    public async Task What_a_program_changes_with_an_operator_key_is_written_down_with_the_keys_name()
    {
        var key = (await Server.Get<OperatorKeys>().AddAsync("deploy", default))!;
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var request = new HttpRequestMessage(method, new Uri(Server.Url, "/operator/webhooks.json"));
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            await Server.SendAsync(request);
        }

        Assert.Equal(1, await Server.CountAsync("audit", "person = 'operator key deploy' and what = 'POST /operator/webhooks.json' and deed = 3"));
        Assert.Equal(0, await Server.CountAsync("audit", $"what like '%{key}%'"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private Task FlushAsync() => Server.Get<AuditCounter>().FlushAsync(all: false, default);

    private Task<Answer> EventsAsync() => Server.GetAsync(
        _fixture.Sender, $"/1.1/feedback/events.json?from_time=0&to_time={Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}");

    private Task<Answer> ProfileAsync(OAuthCredentials who) => Server.GetAsync(who, "/1.1/account/verify_credentials.json");

    private async Task TryAsync(string handle, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var browser = new TestBrowser(Server);
            (await browser.SignInAsync((await browser.GetAsync("/sign-in")).Is(200), handle, $"wrong {i}")).Is(403);
        }
    }

    private async Task<string[]> SeenAsync() => [.. (await EntriesAsync(AuditAction.Saw)).Select(entry => entry.What).Order(StringComparer.Ordinal)];

    private async Task<string[]> RefusedAsync() => [.. (await EntriesAsync(AuditAction.Refused)).Select(entry => $"{entry.Person}: {entry.What}").Order(StringComparer.Ordinal)];

    private Task<List<AuditEntry>> EntriesAsync(AuditAction action) => Server.Get<AuditLog>().ListAsync(null, action, long.MaxValue, 100, default);
}

public sealed class SqliteAuditCounterTests() : AuditCounterTests(Engine.Sqlite);

public sealed class PostgresAuditCounterTests() : AuditCounterTests(Engine.Postgres);

/// <summary>Strangers, of whom there may be as many as there are addresses.</summary>
public sealed class StrangerTests(SharedSqliteServer shared) : IClassFixture<SharedSqliteServer>
{
    [Fact]
    public async Task As_many_strangers_as_like_fill_no_disk()
    {
        var server = shared.Server;
        var counter = server.Get<AuditCounter>();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 10_000; i++) counter.Failed(CountedAction.SignIn, $"user{i}", new IPAddress(i + 1));
            await counter.FlushAsync(all: false, default);
        }

        await counter.FlushAsync(all: true, default);
        Assert.InRange(await server.CountAsync("audit", "deed = 5"), 1, 2 * AuditCounter.MostStrangers + 2);
        Assert.Equal(30_000, await TotalAsync(server));
    }

    [Fact]
    public async Task Who_tries_many_names_hides_no_guess_at_a_real_account_and_nothing_of_a_credential()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        await server.Get<UserAccounts>().AddAsync("hidden", "Hidden", "right-password", MessagingPermission.Anyone, default);
        var counter = server.Get<AuditCounter>();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < AuditCounter.MostStrangers; i++) counter.Failed(CountedAction.SignIn, $"name{i}", IPAddress.Loopback);
            await counter.FlushAsync(all: false, default);
        }

        for (var i = 0; i <= AuditCounter.MostStrangers; i++) counter.Failed(CountedAction.SignIn, null, new IPAddress(i + 1));
        counter.Failed(CountedAction.SignIn, "hidden", IPAddress.Loopback);
        counter.UsedRevoked(new App(7, "key", "Desk", "secret", [], Allowed: true, Suspended: false), 8);
        await counter.FlushAsync(all: true, default);
        Assert.Equal(1, await server.CountAsync("audit", "person = '@hidden' and what like 'sign-in, once%'"));
        Assert.Equal(1, await server.CountAsync("audit", "person = 'app Desk' and what = 'a revoked token, once'"));
    }

    [Fact]
    public void Counting_a_read_costs_nearly_nothing()
    {
        var counter = shared.Server.Get<AuditCounter>();
        var app = new App(7, "key", "Desk", "secret", [], Allowed: true, Suspended: false);
        var caller = new Caller(app, 8, "furni", "Furni", Permission.Read, null);
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < 500_000; i++) counter.Read(CountedAction.Show, caller);

        // 50 ns each where it was measured; the rest is for other tests in this process.
        var each = (Environment.CpuUsage.TotalTime - before) / 500_000;
        Assert.True(each < TimeSpan.FromMicroseconds(5), $"{each.TotalNanoseconds:0} ns");
        TestContext.Current.SendDiagnosticMessage($"{each.TotalNanoseconds:0} ns a read");
    }

    // Nothing is lost of the count, only of who it was.
    private static async Task<long> TotalAsync(TestServer server) => (await server.Get<AuditLog>().ListAsync(null, AuditAction.Refused, long.MaxValue, 100_000, default)).Sum(entry =>
        entry.What.Contains(", once", StringComparison.Ordinal) ? 1
        : long.Parse(entry.What.Split(", ", 2)[1].Split(" times")[0], System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture));
}
