using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Owners add webhooks in the console as the operator's policy says, and nobody approves in the other's place.</summary>
public abstract class OwnerPolicyTests(Engine engine) : IAsyncLifetime
{
    private const string Owners = "/console/@furni/webhooks";
    private const string Operators = "/console/admin/webhooks";

    private Receiver _receiver = null!;
    private WebhookFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _receiver = await Receiver.StartAsync();

    [Fact]
    public async Task With_approve_nothing_is_sent_before_an_operator_says_yes()
    {
        var (owner, @operator) = await StartAsync("approve");

        var added = await AddAsync(owner);

        Assert.Contains("Nothing is sent before an operator approves it", added.Html, StringComparison.Ordinal);
        Assert.Contains("whsec_", added.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("whsec_", (await owner.GetAsync(Owners)).Html, StringComparison.Ordinal);
        var endpoint = (await OneAsync()).Endpoint;
        Assert.True(endpoint is { IsApproved: false, AwaitsOperator: true });
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        Assert.Empty(_receiver.All);

        // Its owner approves it in no way, nor sends a test.
        var page = (await owner.GetAsync($"{Owners}/{endpoint.Key.Id}")).Is(200);
        foreach (var act in (string[])["approve", "test", "enable"]) (await owner.PostAsync($"{Owners}/{endpoint.Key.Id}/{act}", page.HiddenOf("/console/sign-out"))).Is(400);
        Assert.False(await _fixture.Endpoints.ApproveAsync(endpoint.Key, Approver.Owner, default));
        Assert.False((await OneAsync()).Endpoint.IsApproved);
        Assert.Equal(0, await _fixture.Server.CountAsync("audit", "what like '%approved'"));

        var asked = await @operator.SubmitAsync(await @operator.GetAsync(Operators), $"{Operators}/change", ("act", "approve"));
        Assert.False((await OneAsync()).Endpoint.IsApproved);
        (await @operator.FinishAsync(asked, $"{Operators}/change")).Is(200);
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        Assert.NotEmpty(_receiver.All);
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {_fixture.Fixture.Furni.Id} and what = 'webhook {endpoint.Key.Id}: approved by an operator'"));
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task With_on_it_is_approved_at_once_and_removed_for_good()
    {
        var (owner, _) = await StartAsync("on");
        await AddAsync(owner);
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        Assert.NotEmpty(_receiver.All);

        var address = $"{Owners}/{(await OneAsync()).Endpoint.Key.Id}";
        var asked = (await owner.SubmitAsync(await owner.GetAsync(address), $"{address}/remove")).Is(200);
        Assert.True((await OneAsync()).Endpoint.IsApproved);
        Assert.Contains("was removed", (await owner.FinishAsync(asked, $"{address}/remove")).Is(200).Html, StringComparison.Ordinal);
        Assert.Empty(await _fixture.Endpoints.ListAsync(null, null, default));
    }

    [Fact]
    public async Task With_off_owners_add_none_and_approve_what_an_operator_adds()
    {
        var (owner, @operator) = await StartAsync("off");
        var page = (await owner.GetAsync(Owners)).Is(200);
        Assert.DoesNotContain($"action=\"{Owners}\"", page.Html, StringComparison.Ordinal);
        (await owner.PostAsync(Owners, [.. page.HiddenOf("/console/sign-out"), ("url", $"{_receiver.Url}hook")])).Is(400);
        Assert.Empty(await _fixture.Endpoints.ListAsync(null, null, default));

        var listed = (await @operator.DoAsync(await @operator.GetAsync(Operators), $"{Operators}/add", ("sender", "@furni"), ("url", $"{_receiver.Url}hook"), ("basic", ""))).Is(200);
        var endpoint = (await OneAsync()).Endpoint;
        Assert.True(endpoint is { IsApproved: false, AwaitsOperator: false });

        // Whoever adds it does not approve it.
        (await @operator.PostAsync($"{Operators}/change", [.. listed.HiddenOf("/console/sign-out"), ("webhook", $"{endpoint.Key.Id}"), ("act", "approve"), (Confirmation.Field, "yes")])).Is(400);
        Assert.False(await _fixture.Endpoints.ApproveAsync(endpoint.Key, Approver.Operator, default));
        (await owner.DoAsync(await owner.GetAsync($"{Owners}/{endpoint.Key.Id}"), $"{Owners}/{endpoint.Key.Id}/approve")).Is(200);
        Assert.True((await OneAsync()).Endpoint.IsApproved);
    }

    [Fact]
    public async Task Of_owners_who_add_the_last_webhook_at_once_one_does()
    {
        var (owner, _) = await StartAsync("on");
        for (var i = 0; i < 49; i++) await _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, _receiver.Url, null, Approval.NotNeeded, default);
        var other = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni, email: "second@furni.example");
        var (one, two) = ((await owner.GetAsync(Owners)).Is(200), (await other.GetAsync(Owners)).Is(200));
        (string, string)[] fields = [("url", $"{_receiver.Url}hook"), ("basic", "")];

        var answers = await Task.WhenAll(owner.SubmitAsync(one, Owners, fields), other.SubmitAsync(two, Owners, fields));

        Assert.Equal([303, 400], answers.Select(answer => answer.Status).Order());
        Assert.Equal(50, await _fixture.Server.CountAsync("webhook"));
    }

    [Fact]
    public async Task A_refused_address_stays_in_the_form_and_its_password_does_not()
    {
        var (owner, _) = await StartAsync("on");

        var refused = (await owner.SubmitAsync(await owner.GetAsync(Owners), Owners, ("url", "ftp://desk.example"), ("basic", "me:planted-password"))).Is(400).Html;

        Assert.Contains("value=\"ftp://desk.example\"", refused, StringComparison.Ordinal);
        Assert.Contains("aria-invalid=\"true\"", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("planted-password", refused, StringComparison.Ordinal);
        (await owner.SubmitAsync(await owner.GetAsync(Owners), Owners, ("url", "https://me:planted-password@desk.example/"), ("basic", ""))).Is(400);
        Assert.Empty(await _fixture.Endpoints.ListAsync(null, null, default));
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    private async Task<(TestBrowser Owner, TestBrowser Operator)> StartAsync(string policy)
    {
        _fixture = await WebhookFixture.StartAsync(engine, $"Webhooks:OwnersMayAdd={policy}");
        return (await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni), await _fixture.Server.MembershipAsync(Role.Operator));
    }

    private async Task<Page> AddAsync(TestBrowser owner) => (await owner.DoAsync((await owner.GetAsync(Owners)).Is(200), Owners, ("url", $"{_receiver.Url}hook"), ("basic", ""))).Is(200);

    private async Task<ListedEndpoint> OneAsync() => Assert.Single(await _fixture.Endpoints.ListAsync(_fixture.Fixture.Furni.Id, null, default));
}

public sealed class SqliteOwnerPolicyTests() : OwnerPolicyTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresOwnerPolicyTests() : OwnerPolicyTests(Engine.Postgres);
