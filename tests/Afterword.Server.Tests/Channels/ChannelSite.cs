using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Handover;
using Afterword.Server.People;
using Afterword.Server.Tests.World;
using Afterword.Support;

namespace Afterword.Server.Tests.Channels;

/// <summary>The loop with a recipient who is reached by mail, and one whom the sender reaches itself.</summary>
internal sealed class ChannelSite : IAsyncDisposable
{
    public const string Password = "mail-password-kept-secret";

    private ChannelSite(Loop loop, Account ada, Account bo) => (Loop, Ada, Bo) = (loop, ada, bo);

    public Loop Loop { get; }

    /// <summary>Is reached by mail.</summary>
    public Account Ada { get; }

    /// <summary>Is reached by the sender.</summary>
    public Account Bo { get; }

    public TestServer Server => Loop.Server;

    public ManualClock Clock => Server.Clock;

    public Courier Courier => Server.Get<Courier>();

    public Handovers Handovers => Server.Get<Handovers>();

    /// <param name="engine">The engine.</param>
    /// <param name="mailPort">Where the mail server listens; 0 for none.</param>
    /// <param name="settings">Further settings.</param>
    public static async Task<ChannelSite> StartAsync(Engine engine, int mailPort, params string[] settings)
    {
        string[] mail = mailPort == 0 ? [] :
        [
            "Mail:Host=127.0.0.1", $"Mail:Port={mailPort}", "Mail:Tls=none", "Mail:From=feedback@mail.example",
        ];
        var loop = await Loop.StartAsync(
            engine,
            [
                "PublicUrl=https://feedback.example", "Channels:PollEvery=00:00:00.05", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Limits:CreatesPerDay=1000000",
                .. mail, .. settings,
            ]);
        var accounts = loop.Server.Get<Accounts>();
        var ada = await accounts.AddAsync(new NewAccount("ada", "Ada Ångström", null, Reach.Anyone) { Reachability = Reachability.Read("email", "ada@example.com").Reachability! }, default);
        var bo = await accounts.AddAsync(new NewAccount("bo", "Bo", null, Reach.Anyone) { Reachability = Reachability.Read("webhook", null).Reachability! }, default);
        return new(loop, ada!, bo!);
    }

    /// <summary>Asks somebody, and gives the feedback's id.</summary>
    public async Task<string> AskAsync(Account who, string type = "csat", params (string Name, string Value)[] more) => (await CreateAsync(Server, who, type, more)).Text("id");

    /// <summary>Asks somebody by a node.</summary>
    public async Task<Answer> CreateAsync(TestServer node, Account who, string type = "csat", params (string Name, string Value)[] more)
    {
        var form = new Dictionary<string, string>
        {
            ["type"] = type, ["to_user_id"] = who.Id.ToString(CultureInfo.InvariantCulture), ["message"] = "Thank you for your order!", ["privacy_url"] = "https://furni.example/privacy",
        };
        foreach (var (name, value) in more) form[name] = value;
        return (await node.PostAsync(Loop.Sender, "/1.1/feedback/create.json", [.. form.Select(pair => (pair.Key, pair.Value))])).Is(200);
    }

    /// <summary>Waits until nothing that is due now is under way.</summary>
    public Task DrainAsync() => Courier.DrainAsync(TestContext.Current.CancellationToken);

    public async Task AdvanceAsync(TimeSpan by)
    {
        await Server.AdvanceAsync(by);
        await DrainAsync();
    }

    public async Task<ShownDispatch> ShowAsync(string id) =>
        (await Server.Get<DispatchHistory>().FindAsync(Loop.Furni.Id, long.Parse(id, CultureInfo.InvariantCulture), default))!;

    public Task<long> CountAsync(string condition = "1 = 1") => Server.CountAsync("dispatch", condition);

    public Task<int> RunAsync(string sql) => Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);

    public ValueTask DisposeAsync() => Loop.DisposeAsync();
}
