using System.Net;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Grants;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Languages;

/// <summary>The pages of signing in and of letting apps in, in the visitor's language.</summary>
public abstract class SignInLanguageTests(Engine engine) : IAsyncLifetime
{
    private GrantFixture _world = null!;

    public async ValueTask InitializeAsync() => _world = await GrantFixture.StartAsync(engine);

    [Fact]
    public async Task A_stranger_is_asked_to_sign_in_in_the_browsers_language()
    {
        var page = (await new TestBrowser(_world.Server) { Reads = "ar" }.GetAsync("/sign-in")).Is(200);

        Assert.Contains("<html lang=\"ar\" dir=\"rtl\">", page.Html, StringComparison.Ordinal);
        Assert.Equal("ar", page.Answer.Headers["Content-Language"]);
        Assert.Contains("كلمة المرور", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_reads_the_own_language_once_signed_in()
    {
        await _world.Server.Get<UserAccounts>().AddAsync(new NewUser("ola", "Ola", GrantFixture.Password, MessagingPermission.Anyone) { Language = "pl" }, default);
        var browser = new TestBrowser(_world.Server) { Reads = "fr" };

        var question = await GrantFixture.AskAsync(browser, await _world.BeginAsync(), "ola");
        Assert.Contains("Pozwolić aplikacji <bdi>Furni Desk</bdi> używać Twojego konta?", question.Is(200).Html, StringComparison.Ordinal);
        await browser.SubmitAsync(question, "/oauth/authorize", ("decision", "allow"));
        var pin = await browser.GetAsync($"/oauth/authorize?oauth_token={(await _world.BeginAsync("oob")).Token}");
        Assert.Contains("Twój PIN", (await browser.SubmitAsync(pin, "/oauth/authorize", ("decision", "allow"))).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("Twoje aplikacje", (await browser.GetAsync("/apps")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("Ta strona była zbyt stara", (await browser.PostAsync("/apps", ("app", "1"))).Is(400).Html, StringComparison.Ordinal);

        var refused = await browser.SubmitAsync(await browser.GetAsync($"/oauth/authorize?oauth_token={(await _world.BeginAsync("oob")).Token}"), "/oauth/authorize", ("decision", "cancel"));
        Assert.Contains("Aplikacja Furni Desk nie może używać Twojego konta.", refused.Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_is_listed_with_the_day_as_the_language_writes_it()
    {
        var browser = new TestBrowser(_world.Server) { Reads = "es" };
        await _world.GrantAsync(browser: browser);

        Assert.Contains("desde el 5 de enero de 2026", (await browser.GetAsync("/apps")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_wrong_is_said_in_the_language_with_its_plural()
    {
        var browser = new TestBrowser(_world.Server) { Reads = "ar" };

        var page = await browser.SignInAsync(await browser.GetAsync("/sign-in"), "ana", "wrong");

        // Three to ten take the plural there, eleven and more the singular.
        Assert.Contains("5 دقائق", page.Is(403).Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("de", "Dieser Link gilt nicht mehr")]
    [InlineData("ko", "더 이상 사용할 수 없는 링크입니다")]
    [InlineData("sv", "This link no longer works")]
    public async Task A_notice_is_in_the_browsers_language(string reads, string heading)
    {
        var page = await new TestBrowser(_world.Server) { Reads = reads }.GetAsync("/oauth/authorize?oauth_token=nobody");

        Assert.Contains(heading, WebUtility.HtmlDecode(page.Is(404).Html), StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}

public sealed class SqliteSignInLanguageTests() : SignInLanguageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSignInLanguageTests() : SignInLanguageTests(Engine.Postgres);
