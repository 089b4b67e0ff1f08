using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Connectors;

/// <summary>A connector that was added, with what is told once.</summary>
internal sealed record AddedConnector(ConnectorKey Key, Preset Preset, string Path, string? Secret);

/// <summary>A server whose sender asks everybody, and whose helpdesks tell it of closes.</summary>
internal sealed class ConnectorFixture(RulesFixture rules) : IAsyncDisposable
{
    public const string Secret = "their-secret-PLANTED";

    public RulesFixture Rules => rules;

    public TestServer Server => rules.Server;

    public long Furni => rules.Fixture.Furni.Id;

    public static async Task<ConnectorFixture> StartAsync(Engine engine, params string[] settings)
    {
        var rules = await RulesFixture.StartAsync(engine, settings);
        await rules.RuleAsync(RulesFixture.Everybody(document: "\"recipient_interval_days\":0,").Replace("PT0S", "PT1H", StringComparison.Ordinal));
        return new(rules);
    }

    /// <summary>Adds a connector, with a secret wherever its kind can have one.</summary>
    public async Task<AddedConnector> AddAsync(string kind, string? name = null, string? mapping = null, bool createsUsers = true, bool withSecret = true, long? sender = null)
    {
        var preset = Preset.Find(kind)!;
        var given = withSecret && preset.Origin == SecretOrigin.Theirs ? Secret : null;
        var added = Assert.IsType<AddConnectorOutcome.Added>(
            await Server.Get<ChangeConnectors>().AddAsync(sender ?? Furni, Member.CommandLine, new(preset, name, given, mapping, createsUsers), default));
        return new(added.Key, preset, added.Secrets.Path!, given ?? added.Secrets.Secret);
    }

    public async Task<Connector> FindAsync(AddedConnector connector) => (await Server.Get<FindConnector>().ByIdAsync(connector.Key, default))!;

    /// <summary>Posts a body as the helpdesk does: signed at this moment, with its headers.</summary>
    public Task<Answer> SendAsync(AddedConnector connector, string body, params (string Name, string Value)[] more) => SendAsync(connector, Encoding.UTF8.GetBytes(body), connector.Secret, more);

    public async Task<Answer> SendAsync(AddedConnector connector, byte[] body, string? secret, params (string Name, string Value)[] more)
    {
        var headers = new Dictionary<string, string>(connector.Preset.SampleHeaders, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in more) headers[name] = value;
        var address = Server.Get<Settings>().PublicBase is { } known ? new Uri(known + connector.Path) : new Uri(Server.Url, connector.Path);
        var definition = (await FindAsync(connector)).Definition;
        if (secret is not null && definition.TakesSecret)
        {
            var request = new IncomingRequest("POST", address.ToString(), name => headers.GetValueOrDefault(name), body);
            foreach (var (name, value) in definition.Signatures[0].Sign(request, secret, Server.Clock.GetUtcNow())) headers[name] = value;
        }

        return await PostAsync(connector.Path, body, headers);
    }

    /// <summary>A delivery that reaches the connector without going through HTTP, signed at this moment.</summary>
    public IncomingRequest Signed(Connector connector, byte[] body)
    {
        var headers = new Dictionary<string, string>(connector.Preset.SampleHeaders, StringComparer.OrdinalIgnoreCase);
        var request = new IncomingRequest("POST", "https://feedback.example/in/x", name => headers.GetValueOrDefault(name), body);
        if (connector.HasSecret)
        {
            var secret = Encoding.UTF8.GetString(Server.Server.Store.Secrets.Unprotect(connector.SealedSecrets[0]));
            foreach (var (name, value) in connector.Definition.Signatures[0].Sign(request, secret, Server.Clock.GetUtcNow())) headers[name] = value;
        }

        return request;
    }

    public async Task<Answer> PostAsync(string path, byte[] body, IReadOnlyDictionary<string, string> headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Server.Url, path)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await Server.SendAsync(request);
    }

    /// <summary>A generic close.</summary>
    public static string Close(string externalId, string? email = "mia@example.com", string more = "") =>
        $$"""{"id":"{{externalId}} {{more.Length}} closed","event":"closed","external_id":"{{externalId}}"{{(email is null ? "" : $",\"email\":\"{email}\"")}}{{more}}}""";

    public ValueTask DisposeAsync() => rules.DisposeAsync();
}

internal static class DeliveryAnswers
{
    extension(Answer answer)
    {
        /// <summary>Decision and reason of a delivery that was taken.</summary>
        public string Told => $"{answer.Is(200).Text("decision")}{(answer.Json.TryGetProperty("reason", out var reason) ? $": {reason.GetString()}" : "")}{(answer.Json.GetProperty("repeated").GetBoolean() ? " (repeated)" : "")}";
    }
}
