using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Relay;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>The loop with a recipient who is reached by email, and one whom the sender reaches itself.</summary>
internal sealed class ChannelFixture : IAsyncDisposable
{
    public const string Password = "mail-password-kept-secret";

    private ChannelFixture(FeedbackFixture fixture, User ada, User bo) => (Fixture, Ada, Bo) = (fixture, ada, bo);

    public FeedbackFixture Fixture { get; }

    /// <summary>Is reached by mail.</summary>
    public User Ada { get; }

    /// <summary>Is reached by the sender.</summary>
    public User Bo { get; }

    public TestServer Server => Fixture.Server;

    public ManualClock Clock => Server.Clock;

    public ChannelWorker ChannelWorker => Server.Get<ChannelWorker>();

    public RelayAddresses RelayAddresses => Server.Get<RelayAddresses>();

    /// <param name="engine">The engine.</param>
    /// <param name="emailPort">Where the mail server listens; 0 for none.</param>
    /// <param name="settings">Further settings.</param>
    public static async Task<ChannelFixture> StartAsync(Engine engine, int emailPort, params string[] settings)
    {
        string[] email = emailPort == 0 ? [] :
        [
            "Mail:Host=127.0.0.1", $"Mail:Port={emailPort}", "Mail:Tls=none", "Mail:From=feedback@mail.example",
        ];
        var fixture = await FeedbackFixture.StartAsync(
            engine,
            [
                "PublicUrl=https://feedback.example", "Channels:PollEvery=00:00:00.05", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Limits:CreatesPerDay=1000000",
                .. email, .. settings,
            ]);
        var userAccounts = fixture.Server.Get<UserAccounts>();
        var ada = await userAccounts.AddAsync(new NewUser("ada", "Ada Ångström", null, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("email", "ada@example.com").Reachability! }, default);
        var bo = await userAccounts.AddAsync(new NewUser("bo", "Bo", null, MessagingPermission.Anyone) { ChannelAvailability = ChannelAvailability.Read("webhook", null).Reachability! }, default);
        return new(fixture, ada!, bo!);
    }

    /// <summary>Asks someone, and gives the feedback's id.</summary>
    public async Task<string> AskAsync(User who, string type = "csat", params (string Name, string Value)[] more) => (await CreateAsync(Server, who, type, more)).Text("id");

    /// <summary>Asks someone by a node.</summary>
    public async Task<Answer> CreateAsync(TestServer node, User who, string type = "csat", params (string Name, string Value)[] more)
    {
        var form = new Dictionary<string, string>
        {
            ["type"] = type, ["to_user_id"] = who.Id.ToString(CultureInfo.InvariantCulture), ["message"] = "Thank you for your order!", ["privacy_url"] = "https://furni.example/privacy",
        };
        foreach (var (name, value) in more) form[name] = value;
        return (await node.PostAsync(Fixture.Sender, "/1.1/feedback/create.json", [.. form.Select(pair => (pair.Key, pair.Value))])).Is(200);
    }

    /// <summary>Waits until nothing that is due now is under way.</summary>
    public Task DrainAsync() => ChannelWorker.DrainAsync(TestContext.Current.CancellationToken);

    public async Task AdvanceAsync(TimeSpan by)
    {
        await Server.AdvanceAsync(by);
        await DrainAsync();
    }

    public async Task<ShownChannelDelivery> ShowAsync(string id) =>
        (await Server.Get<ChannelDeliveryHistory>().FindAsync(Fixture.Furni.Id, long.Parse(id, CultureInfo.InvariantCulture), default))!;

    public Task<long> CountAsync(string condition = "1 = 1") => Server.CountAsync("dispatch", condition);

    public Task<int> RunAsync(string sql) => Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);

    public ValueTask DisposeAsync() => Fixture.DisposeAsync();
}
