using System.Globalization;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Automation.Due;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Automation;

/// <summary>A server whose sender has rules.</summary>
internal sealed class RulesFixture(FeedbackFixture fixture) : IAsyncDisposable
{
    /// <summary>Asks everybody, at once, about everything.</summary>
    public const string Ask = """{"type":"csat","delay":"PT0S","privacy_url":"https://furni.example/privacy","message":{"en":"Hi {first_name}"}}""";

    public FeedbackFixture Fixture => fixture;

    public TestServer Server => fixture.Server;

    public long Now => Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public static async Task<RulesFixture> StartAsync(Engine engine, params string[] settings) => new(await FeedbackFixture.StartAsync(engine, settings));

    /// <summary>One rule that asks everybody, with these members beside those of <see cref="Ask"/>.</summary>
    public static string Everybody(string ask = "", string document = "") =>
        $$"""{ {{document}}"rules":[{"name":"all","ask":{{(ask.Length == 0 ? Ask : Ask.Replace("{\"type\"", $"{{{ask},\"type\"", StringComparison.Ordinal))}}}]}""";

    public Task<Answer> PutAsync(string rules, string? seen, OAuthCredentials? who = null) => Server.SendAsync(
        who ?? fixture.Sender, HttpMethod.Put, "/1.1/feedback/rules.json", null,
        request =>
        {
            request.Content = new StringContent(rules, Encoding.UTF8, "application/json");
            if (seen is not null) request.Headers.TryAddWithoutValidation("If-Match", seen);
        });

    /// <summary>Puts rules in the place of whatever there is.</summary>
    public async Task RuleAsync(string rules)
    {
        var version = (await Server.GetAsync(fixture.Sender, "/1.1/feedback/rules.json")).Is(200).Json.GetProperty("version").GetInt64();
        (await PutAsync(rules, version.ToString(CultureInfo.InvariantCulture))).Is(200);
    }

    public Task<Answer> CloseAsync(string externalId, params (string Name, string Value)[] more) => CloseAsync(fixture.Ana, externalId, more);

    public Task<Answer> CloseAsync(User customer, string externalId, params (string Name, string Value)[] more) => CloseAsync(customer.Id, externalId, more);

    public async Task<Answer> CloseAsync(long customer, string externalId, params (string Name, string Value)[] more) =>
        (await Server.PostAsync(fixture.Sender, "/1.1/feedback/conversations/close.json", [("to_user_id", Text(customer)), ("external_id", externalId), .. more])).Is(200);

    public async Task<Answer> CanPromptAsync(long customer, params (string Name, string Value)[] more) =>
        (await Server.GetAsync(fixture.Sender, $"/1.1/feedback/can_prompt.json?{Encoding.ASCII.GetString(TestServer.Form([("to_user_id", Text(customer)), .. more]))}")).Is(200);

    public async Task<Answer> ShowAsync(string id) => (await Server.GetAsync(fixture.Sender, $"/1.1/feedback/conversations/show/{id}.json")).Is(200);

    /// <summary>Lets time pass and asks what is due then.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        await Server.AdvanceAsync(time);
        await DrainAsync();
    }

    public Task DrainAsync() => Server.Get<DueRequestWorker>().DrainAsync(TestContext.Current.CancellationToken);

    public Task<int> RunAsync(string sql) => Server.Server.Store.Main.WriteAsync(session => session.Sql(sql).RunAsync(default), default);

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

internal static class ConversationAnswers
{
    extension(Answer answer)
    {
        public string? Decision => answer.Json.GetProperty("decision").GetString();

        public string? Reason => answer.Json.GetProperty("reason").GetString();

        /// <summary>The decision, and the reason where there is one.</summary>
        public string Outcome => answer.Reason is { } reason ? $"{answer.Decision}: {reason}" : answer.Decision!;
    }
}
