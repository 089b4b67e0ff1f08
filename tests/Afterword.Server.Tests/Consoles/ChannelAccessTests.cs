using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.X;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Owners give access to their helpdesk and to X in the console, as the operator's policy says, and no token comes back.</summary>
public sealed class ChannelAccessTests : IAsyncLifetime
{
    private const string Channels = "/console/@furni/channels";
    private static readonly string[] s_keys = ["x_api_key", "x_api_key_secret", "x_access_token", "x_access_token_secret"];

    private FeedbackFixture _fixture = null!;
    private TestBrowser _owner = null!;

    public async ValueTask InitializeAsync() => _owner = await StartAsync("on");

    [Fact]
    public async Task An_owner_gives_access_to_the_helpdesk_tries_it_and_takes_it_back_after_a_yes()
    {
        await using var desk = await HelpdeskServer.StartAsync();
        var page = (await _owner.GetAsync(Channels)).Is(200);

        var set = (await _owner.DoAsync(page, $"{Channels}/helpdesk", ("desk", "chatwoot"), ("desk_url", $"{desk.Url}"), ("desk_account", "7"), ("desk_token", "planted-token"))).Is(200);

        Assert.Equal(new Helpdesk(HelpdeskKind.Chatwoot, desk.Url, "7", "planted-token"), Assert.Single(await _fixture.Server.Get<SenderHelpdesks>().OfAsync(_fixture.Furni.Id, default)));
        Assert.DoesNotContain("planted-token", set.Html, StringComparison.Ordinal);
        Assert.Contains("Chatwoot accepted the token", (await _owner.DoAsync(set, $"{Channels}/helpdesk/test")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal("planted-token", Assert.Single(desk.Calls).AccessToken);

        var asked = (await _owner.SubmitAsync(await _owner.GetAsync(Channels), $"{Channels}/helpdesk/remove")).Is(200);
        Assert.Single(await _fixture.Server.Get<SenderHelpdesks>().PlacesAsync(_fixture.Furni.Id, default));
        (await _owner.FinishAsync(asked, $"{Channels}/helpdesk/remove")).Is(200);
        Assert.Empty(await _fixture.Server.Get<SenderHelpdesks>().PlacesAsync(_fixture.Furni.Id, default));
        Assert.Equal(0, await _fixture.Server.CountAsync("audit", "what like '%planted-token%'"));
        Assert.Equal(3, await _fixture.Server.CountAsync("audit", "what like '%access to Chatwoot%'"));
    }

    [Fact]
    public async Task What_is_wrong_with_a_helpdesk_stands_at_its_field_and_the_token_is_not_repeated()
    {
        var page = (await _owner.GetAsync(Channels)).Is(200);
        (string Field, string Value)[] right = [("desk", "zendesk"), ("desk_url", "https://furni.zendesk.com"), ("desk_account", "ana@furni.example"), ("desk_token", "planted-token")];

        foreach (var (field, value, said) in ((string, string, string)[])
        [
            ("desk", "zendusk", "Choose a helpdesk."), ("desk_url", "", "Enter where the helpdesk is."), ("desk_url", "https://me:pass@furni.zendesk.com", "without user and password"), ("desk_account", "7", "the email address of the agent"),
            ("desk_token", "planted-token with spaces", "without spaces"),
        ])
        {
            var refused = (await _owner.SubmitAsync(page, $"{Channels}/helpdesk", [.. right.Select(one => one.Field == field ? (field, value) : one)])).Is(400).Html;
            Assert.Contains(said, refused, StringComparison.Ordinal);
            Assert.DoesNotContain("planted-token", refused, StringComparison.Ordinal);
        }

        // All at once, so that nobody tries three times.
        var all = (await _owner.SubmitAsync(page, $"{Channels}/helpdesk", ("desk", "zendesk"), ("desk_url", "https://me:pass@furni.zendesk.com"), ("desk_account", "ana"), ("desk_token", "a b"))).Is(400).Html;
        foreach (var said in (string[])["without user and password", "the email address of the agent", "without spaces"]) Assert.Contains(said, all, StringComparison.Ordinal);

        Assert.Equal(0, await _fixture.Server.CountAsync("helpdesk"));
    }

    [Fact]
    public async Task An_owner_enters_the_keys_of_x_which_are_never_shown_again()
    {
        var page = (await _owner.GetAsync(Channels)).Is(200);
        (await _owner.SubmitAsync(page, $"{Channels}/x", [.. s_keys.Select(key => (key, key == "x_access_token" ? "" : $"planted-{key}"))])).Is(400);
        Assert.False(await _fixture.Server.Get<XAccounts>().HasAsync(_fixture.Furni.Id, default));

        var set = (await _owner.DoAsync(page, $"{Channels}/x", [.. s_keys.Select(key => (key, $"planted-{key}"))])).Is(200);

        var kept = (await _fixture.Server.Get<XAccounts>().FindAsync(_fixture.Furni.Id, default))!;
        Assert.Equal((XAccount.Api, "planted-x_api_key", "planted-x_access_token_secret"), (kept.Url.AbsoluteUri, kept.Keys.ConsumerKey, kept.Keys.TokenSecret));
        Assert.DoesNotContain("planted-", set.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.Server.CountAsync("audit", "what like '%planted-%'"));
        (await _owner.DoAsync(set, $"{Channels}/x/remove")).Is(200);
        Assert.Equal(0, await _fixture.Server.CountAsync("x_account"));
    }

    [Fact]
    public async Task Where_the_policy_is_not_on_neither_is_taken()
    {
        await _fixture.DisposeAsync();
        _owner = await StartAsync("approve");
        var page = (await _owner.GetAsync(Channels)).Is(200);
        Assert.DoesNotContain("desk_token", page.Html, StringComparison.Ordinal);
        var hidden = page.HiddenOf("/console/sign-out");

        (await _owner.PostAsync($"{Channels}/helpdesk", [.. hidden, ("desk", "zammad"), ("desk_url", "https://desk.example"), ("desk_token", "t")])).Is(400);
        (await _owner.PostAsync($"{Channels}/x", [.. hidden, .. s_keys.Select(key => (key, "k"))])).Is(400);

        Assert.Equal(0, await _fixture.Server.CountAsync("helpdesk") + await _fixture.Server.CountAsync("x_account"));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private async Task<TestBrowser> StartAsync(string policy)
    {
        _fixture = await FeedbackFixture.StartAsync(Engine.Sqlite, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", $"Webhooks:OwnersMayAdd={policy}");
        return await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Furni);
    }
}
