using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Grants;

/// <summary>A user's own page: the password, and the browsers that are signed in.</summary>
public abstract partial class OwnAccountTests(Engine engine) : IAsyncLifetime
{
    private const string Other = "a sentence of another kind";
    private GrantFixture _world = null!;
    private TestBrowser _here = null!;
    private TestBrowser _there = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await GrantFixture.StartAsync(engine);
        (_here, _there) = (await SignedInAsync("ana"), await SignedInAsync("ana"));
    }

    [Fact]
    public async Task A_new_password_needs_the_old_one_and_ends_every_other_user_session()
    {
        var page = (await _here.GetAsync("/account")).Is(200);
        var key = _here.Cookies["__Host-afterword"];
        foreach (var (current, wanted, status) in new[]
        {
            ("wrong", Other, 403), ("", Other, 403), (GrantFixture.Password, "elevenchars", 400), (GrantFixture.Password, "passwordpassword", 400), (GrantFixture.Password, "one of furni and afterword", 400),
        })
        {
            Assert.Equal((wanted, status), (wanted, (await _here.SubmitAsync(page, "/account/password", ("password", current), ("new-password", wanted))).Status));
        }

        (await _there.GetAsync("/account")).Is(200);
        (await _here.SubmitAsync(page, "/account/password", ("password", GrantFixture.Password), ("new-password", Other))).Is(303);

        (await _there.GetAsync("/account")).Is(302);
        (await _here.GetAsync("/account")).Is(200);
        Assert.NotEqual(key, _here.Cookies["__Host-afterword"]);
        (await TryAsync(_world.Guest(), GrantFixture.Password)).Is(403);
        (await TryAsync(_there, GrantFixture.Password)).Is(403);
        (await TryAsync(_world.Guest(), Other)).Is(303);
        Assert.Equal(1, await _world.Server.CountAsync("audit", "sender_id = 0 and person = '@ana' and what = 'own password'"));
    }

    [Fact]
    public async Task User_sessions_are_listed_and_ended_one_or_all_and_nobody_elses()
    {
        await GrantFixture.AddUserAsync(_world.Server, "bob");
        var (bob, third) = (await SignedInAsync("bob"), await SignedInAsync("ana"));
        var page = (await _here.GetAsync("/account")).Is(200);
        var userSessions = UserSession().Matches(page.Html).Select(userSession => userSession.Groups[1].Value).ToArray();
        Assert.Equal(2, userSessions.Length);

        var bobs = (await bob.GetAsync("/account")).HiddenOf("/account/password").First(field => field.Name == "form");
        (await bob.PostAsync("/account/end-visit", bobs, ("visit", userSessions[0]))).Is(303);
        foreach (var browser in new[] { _there, third }) (await browser.GetAsync("/account")).Is(200);

        (string, string) token = page.HiddenOf("/account/end-visit").First(field => field.Name == "form");
        foreach (var userSession in new[] { "", "zz", new string('z', 64), new string('0', 64), userSessions[0] }) (await _here.PostAsync("/account/end-visit", token, ("visit", userSession))).Is(303);
        Assert.Equal(1, new[] { await _there.GetAsync("/account"), await third.GetAsync("/account") }.Count(answer => answer.Status == 200));

        (await _here.SubmitAsync(page, "/account/end-others")).Is(303);
        foreach (var browser in new[] { _there, third }) (await browser.GetAsync("/account")).Is(302);
        foreach (var browser in new[] { _here, bob }) (await browser.GetAsync("/account")).Is(200);
    }

    [Fact]
    public async Task A_sender_that_ends_its_user_sessions_is_logged_and_its_people_read_it()
    {
        var customers = await SignedInAsync("ana");
        (await customers.SubmitAsync(await customers.GetAsync("/apps"), "/sign-out")).Is(303);
        Assert.Equal(0, await _world.Server.CountAsync("audit"));

        await _world.Server.Get<Allowlist>().AllowSenderAsync(_world.Ana.Id, new(null, null, null, null), default);
        await SignedInAsync("ana");
        (await _here.SubmitAsync((await _here.GetAsync("/account")).Is(200), "/account/end-visit")).Is(303);
        (await _here.SubmitAsync((await _here.GetAsync("/account")).Is(200), "/account/end-others")).Is(303);
        (await _here.SubmitAsync(await _here.GetAsync("/apps"), "/sign-out")).Is(303);

        foreach (var what in new[] { "signed another browser out", "signed 1 other browser out", "signed out" })
        {
            Assert.Equal((what, 1), (what, await _world.Server.CountAsync("audit", $"sender_id = {_world.Ana.Id} and person = '@ana' and what = '{what}'")));
        }

        Assert.Equal(4, _world.Server.Log.Count(line => line.Contains($"User {_world.Ana.Id} ended 1 of their own sessions.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_user_session_ends_after_thirty_days_however_often_it_is_used()
    {
        for (var week = 0; week < 4; week++)
        {
            await _world.Server.AdvanceAsync(TimeSpan.FromDays(7));
            (await _here.GetAsync("/account")).Is(200);
        }

        await _world.Server.AdvanceAsync(TimeSpan.FromDays(2));
        (await _here.GetAsync("/account")).Is(302);
        Assert.Equal(2, await _world.Server.Get<UserSessions>().PurgeAsync(default));
    }

    [Fact]
    public async Task No_form_of_the_page_is_taken_from_elsewhere()
    {
        foreach (var action in new[] { "password", "end-visit", "end-others" })
        {
            (await _here.PostAsync($"/account/{action}", ("password", GrantFixture.Password), ("new-password", Other))).Is(400);
        }

        (await _there.GetAsync("/account")).Is(200);
        (await TryAsync(_world.Guest(), GrantFixture.Password)).Is(303);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task<TestBrowser> SignedInAsync(string handle)
    {
        var browser = _world.Guest();
        await browser.SignInAsync(await browser.GetAsync("/sign-in"), handle, GrantFixture.Password);
        return browser;
    }

    private static async Task<Page> TryAsync(TestBrowser browser, string password)
    {
        browser.Cookies.Remove("__Host-afterword");
        return await browser.SubmitAsync((await browser.GetAsync("/sign-in")).Is(200), "/sign-in", ("screen_name", "ana"), ("password", password));
    }

    [GeneratedRegex("name=\"visit\" value=\"([0-9a-f]{64})\"")]
    private static partial Regex UserSession();
}

public sealed class SqliteOwnAccountTests() : OwnAccountTests(Engine.Sqlite);

public sealed class PostgresOwnAccountTests() : OwnAccountTests(Engine.Postgres);
