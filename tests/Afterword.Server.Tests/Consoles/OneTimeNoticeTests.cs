using System.Globalization;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Consoles;

/// <summary>A link that a form was answered with is shown on the page that follows: to the session that sent the form, once, and soon.</summary>
public sealed class OneTimeNoticeTests : IAsyncLifetime
{
    private const string People = "/console/@furni/people";
    private TestServer _server = null!;
    private User _furni = null!;
    private TestBrowser _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(Engine.Sqlite);
        _furni = await _server.UserAsync("furni");
        _owner = await _server.MembershipAsync(Role.Owner, _furni);
    }

    [Fact]
    public async Task A_reload_neither_invites_again_nor_shows_the_link()
    {
        await InviteAsync();
        Assert.False(await ShowsLinkAsync(_owner, "/console/@furni/webhooks"));

        Assert.True(await ShowsLinkAsync(_owner, People));
        Assert.False(await ShowsLinkAsync(_owner, People));
        Assert.Equal(1, await _server.CountAsync("invitation", "person_id is not null and proves = 0"));
    }

    [Fact]
    public async Task Another_session_does_not_read_it_though_it_has_the_cookie()
    {
        await InviteAsync();
        var other = await _server.MembershipAsync(Role.Owner, _furni, "other@furni.example");
        other.Cookies[OneTimeNotices.Cookie] = _owner.Cookies[OneTimeNotices.Cookie];

        Assert.False(await ShowsLinkAsync(other, People));
    }

    [Fact]
    public async Task After_two_minutes_it_is_not_shown()
    {
        await InviteAsync();
        await _server.AdvanceAsync(TimeSpan.FromMinutes(3));

        Assert.False(await ShowsLinkAsync(_owner, People));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAA")]
    [InlineData("%%%")]
    public async Task A_cookie_that_is_not_ours_is_passed_over(string cookie)
    {
        _owner.Cookies[OneTimeNotices.Cookie] = cookie;
        Assert.False(await ShowsLinkAsync(_owner, People));
    }

    [Theory]
    [InlineData("語")]
    [InlineData("👩")]
    [InlineData("\"")]
    public void A_notice_of_any_letters_fits_its_cookie_and_keeps_its_secret(string letter)
    {
        var (notices, member) = (_server.Get<OneTimeNotices>(), new Member(1, "ana@furni.example", "Ana", 7, []));
        var left = new DefaultHttpContext();
        var secret = new string('s', 200);
        notices.Leave(left, member, People, new("good", string.Concat(Enumerable.Repeat(letter, 1_000)), secret));

        var cookie = left.Response.Headers.SetCookie.ToString().Split(';')[0];
        Assert.InRange(cookie.Length, 1, 4_000 + OneTimeNotices.Cookie.Length + 1);
        var next = new DefaultHttpContext();
        next.Request.Path = People;
        next.Request.Headers.Cookie = cookie;
        Assert.Equal(secret, notices.Take(next, member)?.Secret);
    }

    [Fact]
    public async Task Who_loses_the_last_role_loses_the_account_and_that_is_said_before()
    {
        await _server.MembershipAsync(Role.Owner, _furni, "second@furni.example");
        var people = await _owner.GetAsync(People);
        var person = await _server.Server.Store.Main.ReadAsync(session => session.Sql("select id from person where mail = 'second@furni.example'").FirstAsync(row => row.GetInt64(0), default), default);

        var asked = await _owner.PostAsync($"{People}/remove", [.. people.HiddenOf($"{People}/invite"), ("person", person.ToString(CultureInfo.InvariantCulture))]);

        Assert.Contains("It is their only role, so their account is deleted", asked.Html, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task InviteAsync()
    {
        var answer = (await _owner.SubmitAsync(await _owner.GetAsync(People), $"{People}/invite", ("mail", "ana@furni.example"), ("name", ""), ("role", "agent"))).Is(303);
        Assert.DoesNotContain("/console/invitation/", answer.Html + answer.Location, StringComparison.Ordinal);
    }

    private static async Task<bool> ShowsLinkAsync(TestBrowser browser, string page) => (await browser.GetAsync(page)).Is(200).Html.Contains("/console/invitation/", StringComparison.Ordinal);
}
