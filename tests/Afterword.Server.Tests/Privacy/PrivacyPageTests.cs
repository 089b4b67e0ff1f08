using Afterword.Server.Access.Console;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Privacy;

/// <summary>Who may erase whom in the console.</summary>
public sealed class PrivacyPageTests : IAsyncLifetime
{
    private Loop _loop = null!;

    private TestServer Server => _loop.Server;

    public async ValueTask InitializeAsync() => _loop = await Loop.StartAsync(Engine.Sqlite);

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    [Fact]
    public async Task An_operator_is_asked_first_and_gets_a_receipt()
    {
        var person = await PlantedPerson.PlantAsync(_loop);
        var guest = await Server.SeatAsync(Role.Operator);
        var page = await guest.GetAsync("/console/admin/privacy");

        var asked = await guest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", $"@{PlantedPerson.Handle}"));
        Assert.True(asked.Asks("/console/admin/privacy/erase"));
        Assert.Contains("What there is: 3 requests, 3 comments", asked.Html, StringComparison.Ordinal);
        Assert.Equal(1, await Server.CountAsync("account", $"id = {person.Account.Id}"));

        var done = await guest.FinishAsync(asked, "/console/admin/privacy/erase");
        Assert.Contains("erasure-", done.Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("account", $"id = {person.Account.Id}"));
        var again = await guest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", PlantedPerson.Handle));
        Assert.Contains("was erased at", again.Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("There is no user with this handle.", (await guest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "n body"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("belongs to them", (await guest.SubmitAsync(page, "/console/admin/privacy/erase", ("customer", "furni"))).Is(400).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_owner_erases_customers_of_their_own_alone_and_learns_nothing_of_others()
    {
        await PlantedPerson.PlantAsync(_loop);
        await _loop.AskAsync();
        var stranger = await Server.UserAsync("stranger");
        var guest = await Server.SeatAsync(Role.Owner, _loop.Furni);
        var page = await guest.GetAsync("/console/@furni/privacy");

        Assert.Contains("Others on this server know", await RefusedAsync(PlantedPerson.Handle), StringComparison.Ordinal);
        foreach (var handle in new[] { stranger.ScreenName, "nobody", "lamp", "furni" }) Assert.Contains("You have no customer with this handle.", await RefusedAsync(handle), StringComparison.Ordinal);

        // She wrote to the customer of two senders, and so somebody else knows her.
        Assert.Contains("Others on this server know", await RefusedAsync("ana"), StringComparison.Ordinal);
        var mia = await Server.UserAsync("mia");
        (await Server.PostAsync(_loop.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", $"{mia.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"))).Is(200);
        var asked = await guest.SubmitAsync(page, "/console/@furni/privacy/erase", ("customer", "mia"));
        Assert.Contains("Erased: 1 request, 0 comments", (await guest.FinishAsync(asked, "/console/@furni/privacy/erase")).Is(200).Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("account", $"id = {mia.Id}"));
        Assert.Equal(1, await Server.CountAsync("audit", $"sender_id = {_loop.Furni.Id} and what like 'erased a person, erasure-%'"));
        Assert.Contains("You have no customer with this handle.", await RefusedAsync("mia"), StringComparison.Ordinal);
        await Server.AllIsWellAsync();

        async Task<string> RefusedAsync(string handle) => (await guest.SubmitAsync(page, "/console/@furni/privacy/erase", ("customer", handle))).Is(400).Html;
    }
}
