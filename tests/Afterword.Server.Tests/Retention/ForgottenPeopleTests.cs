using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Retention;
using Afterword.Server.Tests.Connectors;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Retention;

/// <summary>Whom senders forget: all whom they know no longer, and without what those said being forgotten.</summary>
public abstract class ForgottenPeopleTests(Engine engine) : IAsyncLifetime
{
    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    private FeedbackFixture Fixture => _world.Rules.Fixture;

    private long Furni => _world.Furni;

    public async ValueTask InitializeAsync()
    {
        _world = await ConnectorFixture.StartAsync(engine);
        await Server.RestAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Whoever_was_never_asked_is_forgotten_with_their_conversations()
    {
        var generic = await _world.AddAsync("generic");
        await CloseAndReopenAsync(generic, "T-1", "mia@example.com");
        await CloseAndReopenAsync(generic, "T-2", "late@example.com");
        Assert.Equal(0, await Server.CountAsync("contact"));
        await Server.KeepAsync(Furni, RetentionFixture.Of(people: "60d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(40));
        await CloseAndReopenAsync(generic, "T-3", "late@example.com");
        await Server.AdvanceAsync(TimeSpan.FromDays(30));

        var counted = await Server.CountedAsync(Furni);
        Assert.Equal(new RemovedCounts(Customers: 1, Accounts: 1), counted);
        Assert.Equal(counted, await Server.RoundAsync());

        Assert.Equal((0, 1), (await Server.CountAsync("account", "mail = 'mia@example.com'"), await Server.CountAsync("account", "mail = 'late@example.com'")));
        Assert.Equal((0, 2), (await Server.CountAsync("conversation", "external_id like '%T-1'"), await Server.CountAsync("conversation", "external_id like '%T-2' or external_id like '%T-3'")));
        Assert.Equal(0, await Server.CountAsync("customer_ref r join account a on a.id = r.user_id", "a.mail is null"));
        Assert.Equal(RemovedCounts.Nothing, await Server.RoundAsync());
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Whoever_did_not_want_to_be_asked_and_comes_back_after_they_were_forgotten_is_not_asked()
    {
        var generic = await _world.AddAsync("generic");
        await CloseAndReopenAsync(generic, "T-1", "mia@example.com");
        await CloseAndReopenAsync(generic, "T-2", "bob@example.com");
        await Server.Get<OptOut>().RunAsync(Furni, await IdOfAsync("mia@example.com"), default);
        await Server.Db.WriteAsync(
            session => session.Sql("insert into contact (sender_id, user_id, blocks) select @furni, id, 1 from account where mail = 'bob@example.com'").Bind("furni", Furni).RunAsync(default), default);
        await Server.KeepAsync(Furni, RetentionFixture.Of(people: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(40));
        Assert.Equal(new RemovedCounts(Customers: 2, Accounts: 2), await Server.RoundAsync());
        Assert.Equal(0, await Server.CountAsync("account", "mail is not null"));

        foreach (var (conversation, email) in ((string, string)[])[("T-3", "Mia@example.com"), ("T-4", "bob@example.com")])
        {
            Assert.StartsWith("skipped", (await _world.SendAsync(generic, ConnectorFixture.Close(conversation, email))).Told, StringComparison.Ordinal);
        }

        Assert.Equal("scheduled", (await _world.SendAsync(generic, ConnectorFixture.Close("T-5", "other@example.com"))).Told);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task A_customer_of_two_senders_is_forgotten_when_both_have_forgotten_them()
    {
        var (lamp, lampToken) = await Server.SenderAsync(Fixture.App, "lamp");
        var both = await Server.UserAsync("both");
        foreach (var sender in new[] { Fixture.Sender, lampToken })
        {
            await AskAsync(sender, both.Id);
            (await Server.WriteAsync(sender, both)).Is(200);
        }

        await Server.KeepAsync(Furni, RetentionFixture.Of(people: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(70));
        Assert.Equal(new RemovedCounts(Customers: 1), await Server.RoundAsync());
        Assert.Equal(1, await Server.CountAsync("account", "screen_name = 'both'"));

        await Server.KeepAsync(lamp.Id, RetentionFixture.Of(people: "30d"));
        Assert.Equal(new RemovedCounts(Customers: 1, Accounts: 1), await Server.CountedAsync(lamp.Id));
        Assert.Equal(new RemovedCounts(Customers: 1, Accounts: 1), await Server.RoundAsync());
        Assert.Equal((0, 1), (await Server.CountAsync("account", "screen_name = 'both'"), await Server.CountAsync("account", $"id = {both.Id} and name = '{ForgetPerson.Nobody}'")));
        Assert.Equal(RemovedCounts.Nothing, await Server.RoundAsync());
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Whoever_comes_back_after_they_were_forgotten_is_forgotten_again()
    {
        var (_, lampToken) = await Server.SenderAsync(Fixture.App, "lamp");
        var regular = await Server.UserAsync("regular");
        (await Server.WriteAsync(lampToken, regular)).Is(200);
        await AskAsync(Fixture.Sender, regular.Id);
        await Server.KeepAsync(Furni, RetentionFixture.Of(people: "30d"));
        await Server.AdvanceAsync(TimeSpan.FromDays(40));
        Assert.Equal(new RemovedCounts(Customers: 1), await Server.RoundAsync());

        var closed = (await Server.PostAsync(
            Fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", regular.Id.ToString(CultureInfo.InvariantCulture)), ("external_id", "T-late"))).Is(200);
        await Server.PostAsync(Fixture.Sender, $"/1.1/feedback/conversations/withdraw/{closed.Text("id")}.json");
        Assert.Equal(RemovedCounts.Nothing, await Server.RoundAsync());
        await Server.AdvanceAsync(TimeSpan.FromDays(40));

        Assert.Equal(new RemovedCounts(Customers: 1), await Server.CountedAsync(Furni));
        Assert.Equal(new RemovedCounts(Customers: 1), await Server.RoundAsync());
        Assert.Equal((0, 1), (await Server.CountAsync("conversation", "external_id = 'T-late'"), await Server.CountAsync("account", "screen_name = 'regular'")));
        Assert.Equal(RemovedCounts.Nothing, await Server.RoundAsync());
    }

    private async Task CloseAndReopenAsync(AddedConnector connector, string conversation, string email)
    {
        (await _world.SendAsync(connector, ConnectorFixture.Close(conversation, email))).Is(200);
        (await _world.SendAsync(connector, ConnectorFixture.Close(conversation, email, ",\"again\":1").Replace("\"event\":\"closed\"", "\"event\":\"reopened\"", StringComparison.Ordinal))).Is(200);
    }

    private async Task AskAsync(OAuthCredentials sender, long user) => (await Server.PostAsync(
        sender, "/1.1/feedback/create.json",
        ("type", "csat"), ("to_user_id", user.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), ("external_id", "T"))).Is(200);

    private async Task<long> IdOfAsync(string email) => long.Parse((await Server.TextAsync($"select '' || id from account where mail = '{email}'"))!, CultureInfo.InvariantCulture);
}

public sealed class SqliteForgottenPeopleTests() : ForgottenPeopleTests(Engine.Sqlite);

public sealed class PostgresForgottenPeopleTests() : ForgottenPeopleTests(Engine.Postgres);
