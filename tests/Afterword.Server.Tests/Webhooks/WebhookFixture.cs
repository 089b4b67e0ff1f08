using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>The loop with webhooks: a sender, a recipient, and endpoints that this machine may be.</summary>
internal sealed class WebhookFixture : IAsyncDisposable
{
    private WebhookFixture(FeedbackFixture fixture) => Fixture = fixture;

    public FeedbackFixture Fixture { get; }

    public TestServer Server => Fixture.Server;

    public ManualClock Clock => Server.Clock;

    public Endpoints Endpoints => Server.Get<Endpoints>();

    public static async Task<WebhookFixture> StartAsync(Engine engine, params string[] settings)
    {
        var fixture = await FeedbackFixture.StartAsync(engine, ["Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:PollEvery=00:00:00.05", "Limits:CreatesPerDay=1000000", .. settings]);

        // A test waits for the end of what is under way: nothing waits for more.
        fixture.Server.Get<WebhookWorker>().Linger = TimeSpan.Zero;
        return new(fixture);
    }

    public Task<NewEndpoint> AddAsync(Receiver receiver, string path = "/", string? basic = null) => AddAsync(new Uri(receiver.Url, path), basic);

    public Task<NewEndpoint> AddAsync(Uri url, string? basic = null) => Endpoints.AddAsync(Fixture.Furni.Id, url, basic, Approval.NeededIfOwned, default);

    /// <summary>Waits until nothing that is due now is under way.</summary>
    public Task DrainAsync() => Server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);

    public async Task AdvanceAsync(TimeSpan by)
    {
        await Server.AdvanceAsync(by);
        await DrainAsync();
    }

    /// <summary>Asks, has it answered in full, and gives the feedback's id.</summary>
    public async Task<string> AskAndAnswerAsync()
    {
        var id = (await Fixture.AskAsync()).Text("id");
        (await Fixture.SubmitAsync(id, ("score", "4"))).Is(200);
        (await Fixture.SubmitAsync(id, ("text", "Gern wieder!"))).Is(200);
        return id;
    }

    public Task<long> CountAsync(string condition = "1 = 1") => Server.CountAsync("delivery", condition);

    public async Task<Endpoint> ShowAsync(NewEndpoint endpoint) => Assert.Single(await Endpoints.ListAsync(null, endpoint.Key.Id, default)).Endpoint;

    public ValueTask DisposeAsync() => Fixture.DisposeAsync();
}
