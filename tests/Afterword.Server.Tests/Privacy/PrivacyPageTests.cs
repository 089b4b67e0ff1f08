using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Privacy;

/// <summary>Who may erase whom in the console.</summary>
public sealed class PrivacyPageTests : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync() => _fixture = await FeedbackFixture.StartAsync(Engine.Sqlite);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task An_operator_is_asked_first_and_gets_a_receipt()
    {
        var person = await PlantedPerson.PlantAsync(_fixture);
        var browser = await Server.MembershipAsync(Role.Operator);
        var page = await browser.GetAsync("/console/admin/privacy");

        var asked = await browser.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", $"@{PlantedPerson.Handle}"));
        Assert.True(asked.Asks("/console/admin/privacy/erase"));
        Assert.Contains("What there is: 3 requests, 3 comments", asked.Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("account", $"id = {person.User.Id}"));

        var done = await browser.FinishAsync(asked, "/console/admin/privacy/erase");
        Assert.Contains("erasure-", done.Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("account", $"id = {person.User.Id}"));
        var again = await browser.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", PlantedPerson.Handle));
        Assert.Contains("was erased at", again.Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("There is no user with this username or email address.", (await browser.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "n body"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("belongs to them", (await browser.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "furni"))).Is(400).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_customer_is_found_by_their_email_address_and_named_before_they_are_erased()
    {
        var maja = await PlantedPerson.PlantAsync(_fixture);
        await SetEmailAsync(maja.User.Id, "Maja@Mail.example");
        var (operatorGuest, owner) = (await Server.MembershipAsync(Role.Operator), await Server.MembershipAsync(Role.Owner, _fixture.Furni));
        var (page, owners) = (await operatorGuest.GetAsync("/console/admin/privacy"), await owner.GetAsync("/console/@furni/privacy"));
        var stranger = await Server.UserAsync("stranger");
        await SetEmailAsync(stranger.Id, "stranger@mail.example");

        Assert.Contains("You have no customer with this username or email address.", (await owner.SubmitAsync(owners, "/console/@furni/privacy/erase", ("customer", "stranger@mail.example"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("with this username or email address.", (await operatorGuest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "nobody@mail.example"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("@stranger", (await operatorGuest.GetAsync("/console/admin/users?q=stranger%40mail.example")).Is(200).Html, StringComparison.Ordinal);

        var asked = await operatorGuest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "maja@mail.example"));
        Assert.Contains($"Erase @{PlantedPerson.Handle} for good?", asked.Html, StringComparison.Ordinal);

        // What is confirmed is the person who was named, whoever has the address by then.
        await SetEmailAsync(maja.User.Id, "new@mail.example");
        await SetEmailAsync(stranger.Id, "maja@mail.example");
        Assert.Contains("erasure-", (await operatorGuest.FinishAsync(asked, "/console/admin/privacy/erase")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("account", $"id = {maja.User.Id}"));
        Assert.Equal(1, await Server.CountAsync("account", $"id = {stranger.Id} and erased = 0"));
    }

    [Fact]
    public async Task Of_several_customers_with_one_email_address_none_is_erased()
    {
        foreach (var handle in new[] { "ann", "bob" }) await SetEmailAsync((await Server.UserAsync(handle)).Id, "both@mail.example");
        var browser = await Server.MembershipAsync(Role.Operator);

        var page = await browser.SubmitAsync(await browser.GetAsync("/console/admin/privacy"), "/console/admin/privacy/erase", ("customer", "both@mail.example"));

        Assert.Contains("Several customers have this email address: @ann, @bob.", page.Is(400).Html, StringComparison.Ordinal);

        // An owner does not learn whose else the address is.
        await SetEmailAsync((await PlantedPerson.PlantAsync(_fixture)).User.Id, "both@mail.example");
        var owner = await Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var known = (await owner.SubmitAsync(await owner.GetAsync("/console/@furni/privacy"), "/console/@furni/privacy/erase", ("customer", "both@mail.example"))).Is(400).Html;
        Assert.DoesNotContain("@ann", known, StringComparison.Ordinal);
        Assert.Contains("Others on this server know", known, StringComparison.Ordinal);
    }

    private Task<int> SetEmailAsync(long user, string email) =>
        Server.Server.Store.Main.WriteAsync(session => session.Sql("update account set mail = @mail where id = @user").Bind("mail", email).Bind("user", user).RunAsync(default), default);

    [Fact]
    public async Task An_owner_erases_customers_of_their_own_alone_and_learns_nothing_of_others()
    {
        await PlantedPerson.PlantAsync(_fixture);
        await _fixture.AskAsync();
        var stranger = await Server.UserAsync("stranger");
        var browser = await Server.MembershipAsync(Role.Owner, _fixture.Furni);
        var page = await browser.GetAsync("/console/@furni/privacy");

        Assert.Contains("Others on this server know", await RefusedAsync(PlantedPerson.Handle), StringComparison.Ordinal);
        foreach (var handle in new[] { stranger.ScreenName, "nobody", "lamp", "furni" }) Assert.Contains("You have no customer with this username or email address.", await RefusedAsync(handle), StringComparison.Ordinal);

        // She wrote to the customer of two senders, and so someone else knows her.
        Assert.Contains("Others on this server know", await RefusedAsync("ana"), StringComparison.Ordinal);
        var mia = await Server.UserAsync("mia");
        (await Server.PostAsync(_fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{mia.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"))).Is(200);
        var asked = await browser.SubmitAsync(page, "/console/@furni/privacy/erase", ("customer", "mia"));
        Assert.Contains("Erased: 1 request, 0 comments", (await browser.FinishAsync(asked, "/console/@furni/privacy/erase")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("account", $"id = {mia.Id}"));
        Assert.Equal(1, await Server.CountAsync("audit", $"sender_id = {_fixture.Furni.Id} and what like 'erased a person, erasure-%'"));
        Assert.Contains("You have no customer with this username or email address.", await RefusedAsync("mia"), StringComparison.Ordinal);
        await Server.AllIsWellAsync();

        async Task<string> RefusedAsync(string handle) => (await browser.SubmitAsync(page, "/console/@furni/privacy/erase", ("customer", handle))).Is(400).Html;
    }
}
