using System.Globalization;
using Afterword.Client.OAuth;
using Afterword.Server.OAuth;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>A server with one sender and one recipient, each with a token: what most tests of the loop begin with.</summary>
internal sealed class FeedbackFixture : IAsyncDisposable
{
    private static readonly string[] s_settings = ["Limits:RecipientInterval=00:00:00", "Feedback:EventsDelay=00:00:00"];

    private FeedbackFixture(TestServer server, NewApp app, User furni, OAuthCredentials sender, User ana, OAuthCredentials recipient) =>
        (Server, App, Furni, Sender, Ana, Recipient) = (server, app, furni, sender, ana, recipient);

    public TestServer Server { get; }

    public NewApp App { get; }

    public User Furni { get; }

    public OAuthCredentials Sender { get; }

    public User Ana { get; }

    public OAuthCredentials Recipient { get; }

    public static async Task<FeedbackFixture> StartAsync(Engine engine, params string[] settings) => await OnAsync(await TestServer.StartAsync(engine, [.. s_settings, .. settings]));

    /// <summary>The same on a database of the test's own, which stays when this is over.</summary>
    public static Task<FeedbackFixture> StartOnAsync(string database, params string[] settings) => StartOnAsync(new Dictionary<string, string?> { ["Database"] = database }, settings);

    /// <summary>The same on any store of the test's own, named by its settings.</summary>
    public static async Task<FeedbackFixture> StartOnAsync(IReadOnlyDictionary<string, string?> store, params string[] settings) =>
        await OnAsync(await TestServer.StartOnAsync(new(store), new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero), [.. s_settings, .. settings]));

    /// <summary>The same on a server that was started otherwise.</summary>
    public static async Task<FeedbackFixture> OnAsync(TestServer server)
    {
        var app = await server.AppAsync();
        var (furni, sender) = await server.SenderAsync(app);
        var ana = await server.UserAsync("ana");
        return new(server, app, furni, sender, ana, await server.TokenAsync(app, ana));
    }

    /// <summary>Asks and gives the answer.</summary>
    public Task<Answer> AskAsync(string type = "csat", params (string Name, string Value)[] more) => AskAsync(Sender, type, more);

    /// <summary>Asks as any sender.</summary>
    public async Task<Answer> AskAsync(OAuthCredentials sender, string type, params (string Name, string Value)[] more) => (await Server.PostAsync(
        sender, "/1.1/feedback/create.json",
        [("type", type), ("to_user_id", Ana.Id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"), .. more])).Is(200);

    public Task<Answer> SubmitAsync(string id, params (string Name, string Value)[] form) => Server.PostAsync(Recipient, $"/1.1/feedback/submit/{id}.json", form);

    public Task<Answer> ShowAsync(string id) => Server.GetAsync(Sender, $"/1.1/feedback/show/{id}.json");

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
