using System.Text.RegularExpressions;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>What needed a shell before: users, limits, apps, keys, channels and email in the console.</summary>
public sealed partial class SelfServiceTests : IAsyncLifetime
{
    private const string Users = "/console/admin/users";
    private const string Apps = "/console/admin/apps";
    private const string Keys = "/console/admin/keys";
    private const string Channels = "/console/@furni/channels";

    private FeedbackFixture _fixture = null!;
    private TestBrowser _operator = null!;
    private TestBrowser _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:OwnersMayAdd=on");
        _operator = await _fixture.Server.MembershipAsync(Role.Operator);
        _owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
    }

    [Fact]
    public async Task An_operator_adds_a_user_finds_it_and_says_how_it_is_reached()
    {
        var page = (await _operator.GetAsync(Users)).Is(200);

        Assert.Contains("@maja was added", (await _operator.DoAsync(page, $"{Users}/add", ("screen_name", "@maja"), ("name", "Maja Lindqvist"), ("channel", "built-in"), ("mail", "maja@example.com"), ("language", "pl"))).Is(200).Html, StringComparison.Ordinal);
        var refused = (await _operator.SubmitAsync(page, $"{Users}/add", ("screen_name", "maja"), ("name", "Another Maja"), ("channel", "built-in"), ("mail", ""), ("language", ""))).Is(400).Html;
        Assert.Contains("@maja is taken", refused, StringComparison.Ordinal);
        Assert.Contains("value=\"Another Maja\"", refused, StringComparison.Ordinal);

        var found = (await _operator.GetAsync($"{Users}?q=%40maja")).Is(200).Html;
        Assert.Contains("maja@example.com", found, StringComparison.Ordinal);
        Assert.DoesNotContain("@ana", found, StringComparison.Ordinal);
        var chosen = (await _operator.GetAsync($"{Users}?user=maja")).Is(200);
        (await _operator.SubmitAsync(chosen, $"{Users}/reach", ("channel", "email"), ("mail", "maja@example.com"))).Is(400);
        (await _operator.DoAsync(chosen, $"{Users}/reach", ("channel", "webhook"), ("mail", "new@example.com"))).Is(200);
        Assert.Equal(1, await _fixture.Server.CountAsync("account", "screen_name = 'maja' and language = 'pl' and channel = 2 and mail = 'new@example.com' and password_hash is null"));
        Assert.True(await _fixture.Server.CountAsync("audit", "deed = 1 and what = 'users'") >= 3);
    }

    [Fact]
    public async Task A_user_is_suspended_after_a_yes_and_exempted_and_gets_a_link_once()
    {
        var page = (await _operator.GetAsync($"{Users}?user=ana")).Is(200);

        var asked = (await _operator.SubmitAsync(page, $"{Users}/change", ("act", "suspend"))).Is(200);
        (await _fixture.AskAsync()).Is(200);
        (await _operator.FinishAsync(asked, $"{Users}/change")).Is(200);
        Assert.True((await _fixture.Server.Get<UserAccounts>().FindAsync("ana", default))!.Suspended);
        (await _operator.DoAsync(page, $"{Users}/change", ("act", "resume"))).Is(200);
        (await _operator.DoAsync(page, $"{Users}/change", ("act", "exempt"))).Is(200);
        Assert.Equal(["ana"], await _fixture.Server.Get<Allowlist>().ExemptAsync(default));
        (await _operator.DoAsync(page, $"{Users}/change", ("act", "limit"))).Is(200);
        Assert.Empty(await _fixture.Server.Get<Allowlist>().ExemptAsync(default));

        var link = Path().Match((await _operator.DoAsync(page, $"{Users}/change", ("act", "password"))).Is(200).Html).Value;
        (await new TestBrowser(_fixture.Server).GetAsync(link)).Is(200);
        Assert.DoesNotContain(link, (await _operator.GetAsync(Users)).Html, StringComparison.Ordinal);
        (await _operator.SubmitAsync(page, $"{Users}/change", ("act", "erase"))).Is(400);
    }

    [Fact]
    public async Task No_operator_gets_at_the_password_or_the_address_of_an_account_that_asks()
    {
        var page = (await _operator.GetAsync($"{Users}?user=furni")).Is(200);

        (await _operator.SubmitAsync(page, $"{Users}/change", ("act", "password"), (Confirmation.Field, "yes"))).Is(400);
        (await _operator.SubmitAsync(page, $"{Users}/reach", ("channel", "built-in"), ("mail", "operator@place.example"))).Is(400);

        Assert.Equal(0, await _fixture.Server.CountAsync("reset_link"));
        Assert.Equal(0, await _fixture.Server.CountAsync("account", "mail = 'operator@place.example'"));

        // Its owner gets such a link.
        var link = Path().Match((await _owner.DoAsync(await _owner.GetAsync("/console/@furni/apps"), "/console/@furni/apps/password")).Is(200).Html).Value;
        (await new TestBrowser(_fixture.Server).GetAsync(link)).Is(200);
    }

    [Fact]
    public async Task What_an_operator_made_of_an_account_before_it_asks_does_not_let_them_in_afterwards()
    {
        const string senders = "/console/admin/senders";
        await _fixture.Server.UserAsync("maja");
        var page = (await _operator.GetAsync($"{Users}?user=maja")).Is(200);
        (await _operator.DoAsync(page, $"{Users}/reach", ("channel", "built-in"), ("mail", "operator@place.example"))).Is(200);
        var link = Path().Match((await _operator.DoAsync(page, $"{Users}/change", ("act", "password"))).Is(200).Html).Value;
        (await new TestBrowser(_fixture.Server).GetAsync(link)).Is(200);

        (await _operator.SubmitAsync(await _operator.GetAsync(senders), $"{senders}/allow", ("sender", "@maja"))).Is(303);

        (await new TestBrowser(_fixture.Server).GetAsync(link)).Is(404);
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", "sender_id <> 0 and what like 'became a sender; whoever set its password or address before%'"));
    }

    [Fact]
    public async Task Limits_of_a_sender_are_changed_and_go_back_to_the_settings()
    {
        const string senders = "/console/admin/senders";
        var page = (await _operator.GetAsync($"{senders}?limits=furni")).Is(200);

        (await _operator.DoAsync(page, $"{senders}/limits", ("creates", "7"), ("interval", "12:00:00"), ("shows", ""), ("events", "9"))).Is(200);
        Assert.Equal(new SenderGrant(7, 43_200_000, null, 9), Assert.Single(await _fixture.Server.Get<Allowlist>().SendersAsync(default)).Limits);
        var refused = (await _operator.SubmitAsync(page, $"{senders}/limits", ("creates", "0"), ("interval", "soon"), ("shows", "5"), ("events", "99999999999999999999"))).Is(400).Html;
        Assert.Equal(3, Regex.Count(refused, "aria-invalid=\"true\""));
        Assert.Contains("value=\"soon\"", refused, StringComparison.Ordinal);
        (await _operator.DoAsync(page, $"{senders}/limits", ("creates", ""), ("interval", ""), ("shows", ""), ("events", ""))).Is(200);
        Assert.Equal(new SenderGrant(null, null, null, null), Assert.Single(await _fixture.Server.Get<Allowlist>().SendersAsync(default)).Limits);
    }

    [Fact]
    public async Task An_app_is_registered_and_gets_a_new_secret_each_shown_once()
    {
        var page = (await _operator.GetAsync(Apps)).Is(200);
        Assert.Contains("is no callback", (await _operator.SubmitAsync(page, $"{Apps}/add", ("name", "Desk"), ("callbacks", "javascript:alert(1)"))).Is(400).Html, StringComparison.Ordinal);

        var keys = SecretOf(await _operator.DoAsync(page, $"{Apps}/add", ("name", "Desk"), ("callbacks", "https://desk.example/in oob"), ("allowed", "yes"))).Split(' ');
        Assert.DoesNotContain(keys[1], (await _operator.GetAsync(Apps)).Html, StringComparison.Ordinal);
        var app = Assert.Single(await _fixture.Server.Get<Apps>().ListAsync(default), one => one.ConsumerKey == keys[0]);
        Assert.True(app is { Allowed: true, Callbacks: ["https://desk.example/in", "oob"] });

        // A token of the sender, by its owner alone, who knows the key.
        var token = SecretOf(await _owner.DoAsync(await _owner.GetAsync("/console/@furni/apps"), "/console/@furni/apps/token", ("key", keys[0]), ("permission", "read"))).Split(' ');
        (await _fixture.Server.GetAsync(new(keys[0], keys[1], token[0], token[1]), "/1.1/account/verify_credentials.json")).Is(200);

        var asked = (await _operator.PostAsync($"{Apps}/change", [.. page.HiddenOf("/console/sign-out"), ("app", keys[0]), ("act", "rotate-now")])).Is(200);
        var secret = SecretOf(await _operator.FinishAsync(asked, $"{Apps}/change"));
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(6));
        (await _fixture.Server.GetAsync(new(keys[0], keys[1], token[0], token[1]), "/1.1/account/verify_credentials.json")).Is(401);
        (await _fixture.Server.GetAsync(new(keys[0], secret, token[0], token[1]), "/1.1/account/verify_credentials.json")).Is(200);
        foreach (var kept in (string[])[keys[1], token[1], secret]) Assert.Equal(0, await _fixture.Server.CountAsync("audit", $"what like '%{kept}%'"));
    }

    [Fact]
    public async Task An_operator_key_is_shown_once_and_revoked_after_a_yes()
    {
        var page = (await _operator.GetAsync(Keys)).Is(200);

        var shown = await _operator.DoAsync(page, $"{Keys}/add", ("name", "deploy"));
        var key = SecretOf(shown);

        Assert.Equal("deploy", await _fixture.Server.Get<OperatorKeys>().NameOfAsync(key, default));
        Assert.Contains("is an operator key deploy already", (await _operator.SubmitAsync(page, $"{Keys}/add", ("name", "deploy"))).Is(400).Html, StringComparison.Ordinal);
        var asked = (await _operator.SubmitAsync(await _operator.GetAsync(Keys), $"{Keys}/revoke")).Is(200);
        Assert.Single(await _fixture.Server.Get<OperatorKeys>().ListAsync(default));
        (await _operator.FinishAsync(asked, $"{Keys}/revoke")).Is(200);
        Assert.Empty(await _fixture.Server.Get<OperatorKeys>().ListAsync(default));
        Assert.Equal(2, await _fixture.Server.CountAsync("audit", "what like '%operator key deploy'"));
    }

    [Fact]
    public async Task An_owner_lets_a_site_show_cards_and_takes_it_back()
    {
        var page = (await _owner.GetAsync(Channels)).Is(200);

        Assert.Contains("without *", (await _owner.SubmitAsync(page, $"{Channels}/embed", ("origin", "https://*.shop.example"))).Is(400).Html, StringComparison.Ordinal);
        var listed = (await _owner.DoAsync(page, $"{Channels}/embed", ("origin", "Shop.example"))).Is(200);
        Assert.True(await _fixture.Server.Get<EmbedOrigins>().AllowsAsync(_fixture.Furni.Id, "https://shop.example", default));
        (await _owner.DoAsync(listed, $"{Channels}/embed/remove")).Is(200);
        Assert.False(await _fixture.Server.Get<EmbedOrigins>().AllowsAsync(_fixture.Furni.Id, "https://shop.example", default));
    }

    [Fact]
    public async Task Requests_are_handed_over_where_an_owner_says_tried_out_and_replaced_after_a_yes()
    {
        await using var receiver = await Receiver.StartAsync();
        var page = (await _owner.GetAsync(Channels)).Is(200);

        Assert.StartsWith("whsec_", SecretOf(await _owner.DoAsync(page, $"{Channels}/handover", ("url", $"{receiver.Url}requests"), ("basic", ""))), StringComparison.Ordinal);
        var set = (await _owner.GetAsync(Channels)).Is(200);
        Assert.Contains("accepted the test request", (await _owner.DoAsync(set, $"{Channels}/handover/test")).Is(200).Html, StringComparison.Ordinal);
        Assert.Single(receiver.All);
        var asked = (await _owner.SubmitAsync(set, $"{Channels}/handover", ("url", "https://other.example/"), ("basic", ""))).Is(200);
        Assert.Equal($"{receiver.Url}requests", (await _fixture.Server.Get<RelayAddresses>().OfAsync(_fixture.Furni.Id, default))!.Url);
        (await _owner.FinishAsync(asked, $"{Channels}/handover")).Is(200);
        (await _owner.DoAsync(await _owner.GetAsync(Channels), $"{Channels}/handover/remove")).Is(200);
        Assert.Null(await _fixture.Server.Get<RelayAddresses>().OfAsync(_fixture.Furni.Id, default));
    }

    [Fact]
    public async Task Where_the_policy_is_not_on_an_operator_sets_the_address()
    {
        await using var fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Webhooks:OwnersMayAdd=approve");
        var owner = await fixture.Server.MembershipAsync(Role.Owner, fixture.Furni);
        var page = (await owner.GetAsync(Channels)).Is(200);

        (await owner.PostAsync($"{Channels}/handover", [.. page.HiddenOf("/console/sign-out"), ("url", "https://desk.example/"), ("basic", "")])).Is(400);

        Assert.Null(await fixture.Server.Get<RelayAddresses>().OfAsync(fixture.Furni.Id, default));
    }

    [Fact]
    public async Task Without_an_email_server_the_page_names_what_is_missing()
    {
        var page = (await _operator.GetAsync("/console/admin/email")).Is(200).Html;

        foreach (var setting in (string[])["AFTERWORD_PublicUrl=", "AFTERWORD_Mail__Host=", "AFTERWORD_Mail__From="]) Assert.Contains(setting, page, StringComparison.Ordinal);
        Assert.DoesNotContain("Send me a test", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_one_it_says_what_looks_wrong_and_emails_a_test_to_the_operator_alone()
    {
        await using var office = await PostOffice.StartAsync();
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite, "PublicUrl=http://localhost:5000", "Mail:Host=127.0.0.1", $"Mail:Port={office.Port}", "Mail:Tls=none", "Mail:From=feedback@mail.example");
        var @operator = await server.MembershipAsync(Role.Operator);
        var page = (await @operator.GetAsync("/console/admin/email")).Is(200);
        foreach (var finding in (string[])["AFTERWORD_Mail__Tls=", "AFTERWORD_Mail__HelloName=", "greets as localhost"]) Assert.Contains(finding, page.Html, StringComparison.Ordinal);

        var told = (await @operator.DoAsync(page, "/console/admin/email/test", ("to", "victim@elsewhere.example"))).Is(200);

        Assert.Contains("accepted the email to operator@place.example", told.Html, StringComparison.Ordinal);
        Assert.Equal("operator@place.example", Assert.Single(office.All).To);
        Assert.Equal(1, await server.CountAsync("audit", "what = 'sent a test email to themselves'"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private static string SecretOf(Page page) => Secret().Match(page.Is(200).Html).Groups[1].Value;

    [GeneratedRegex("<code class=\"secret\">([^<]+)</code>")]
    private static partial Regex Secret();

    [GeneratedRegex("/sign-in/password/[A-Za-z0-9_-]+")]
    private static partial Regex Path();
}
