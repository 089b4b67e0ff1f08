using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Inbox;
using Afterword.Server.Webhooks;
using Afterword.Server.Webhooks.Polling;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Abuse;

/// <summary>A way into the server: a method and the pattern of a path, with what its requests are called by.</summary>
internal sealed record Gate(string Method, string Pattern, RouteEndpoint Endpoint, IReadOnlyList<string> Names)
{
    /// <summary>The names in the path.</summary>
    public IReadOnlyList<string> Holes { get; } = [.. AttackedServer.Hole().Matches(Pattern).Select(hole => hole.Groups[1].Value)];

    public bool TakesForm => Method is "POST" or "PUT" or "DELETE";

    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>A server with something of everything in it, and requests that come as those come whom a route is for.</summary>
internal sealed partial class AttackedServer : IAsyncDisposable
{
    private const string Origin = "https://shop.example";

    private static readonly string[] s_limits =
    [
        "ShowPer15Minutes", "EventsPer15Minutes", "ExportsPer15Minutes", "MetricsPer15Minutes", "AnswersPer15Minutes", "UsersPer15Minutes", "MessagesPer15Minutes", "StatusPer15Minutes", "MessagesPerDay", "AppMessagesPerDay",
    ];

    private readonly InboxFixture _world;
    private readonly Dictionary<string, string> _samples = new(StringComparer.Ordinal);
    private TestBrowser _visitor = null!;
    private TestBrowser _signedIn = null!;
    private (string Name, string Value) _token;
    private string? _way;
    private string _operatorKey = "";
    private NewEndpoint _polled = null!;

    private AttackedServer(InboxFixture world) => _world = world;

    public InboxFixture World => _world;

    public TestServer Server => _world.Server;

    /// <summary>Every route that is mapped.</summary>
    public IReadOnlyList<Gate> Gates { get; private set; } = [];

    /// <summary>A path of a pattern, with what is there in its holes.</summary>
    public string PathOf(Gate gate, string? hole = null, string? value = null) => Hole().Replace(
        gate.Pattern, match => match.Groups[1].Value == hole ? value! : IsReceiver(gate) ? $"{_polled.Key.Id}" : Sample(match.Groups[1].Value));

    public static async Task<AttackedServer> StartAsync(Engine engine)
    {
        var world = await InboxFixture.StartAsync(
            engine,
            [
                "Cards:CallsPerLink=0", "Cards:CallsPerAddress=0", "Webhooks:PollsPerMinute=0", "Feedback:EventsDelay=00:00:00", "SignIn:FailuresPerMinute=10000", "SignIn:FailuresBeforeLock=100",
                .. s_limits.Select(limit => $"Limits:{limit}=1000000"),
            ]);
        var server = new AttackedServer(world);
        await server.FillAsync();
        server.Gates =
        [
            .. world.Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint =>
                (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Where(method => method is not ("HEAD" or "OPTIONS"))
                .Select(method => new Gate(method, endpoint.RoutePattern.RawText!, endpoint, RequestNames.Of(endpoint))))
            .OrderBy(gate => gate.ToString(), StringComparer.Ordinal),
        ];
        return server;
    }

    /// <summary>Comes as someone who may: signs in anew, because the one before may have been signed out.</summary>
    public async Task ApproachAsync(Gate gate)
    {
        // Who only looks stays signed in.
        var way = gate.Endpoint.Metadata.GetMetadata<ConsoleRoute>() is null ? "visit" : gate.Pattern.Contains("{handle}", StringComparison.Ordinal) ? "owner" : "operator";
        if (way == _way) return;

        _way = way;
        if (gate.Endpoint.Metadata.GetMetadata<ConsoleRoute>() is not null)
        {
            var isSenders = gate.Pattern.Contains("{handle}", StringComparison.Ordinal);
            _signedIn = await Server.MembershipAsync(isSenders ? Role.Owner : Role.Operator, isSenders ? _world.Furni : null);
            _token = (await _signedIn.GetAsync("/console/account")).Is(200).HiddenOf("/console/sign-out")[0];
        }
        else
        {
            _visitor ??= await _world.GuestAsync();
            if ((await _visitor.GetAsync("/messages/furni")) is not { Status: 200 } thread)
            {
                // What was sent to the pages of their account may have closed it.
                await Server.Server.Store.Main.WriteAsync(session => session.Sql("update account set failed_sign_ins = 0, locked_until = null where id = @id").Bind("id", _world.Ana.Id).RunAsync(default), default);
                _visitor = await _world.GuestAsync();
                thread = (await _visitor.GetAsync("/messages/furni")).Is(200);
            }

            _token = thread.HiddenOf("/messages/furni")[0];
        }
    }

    /// <summary>Sends a request to a route as those do whom it is for.</summary>
    /// <param name="gate">The route.</param>
    /// <param name="path">The path, with or without a query.</param>
    /// <param name="body">The body of a form, percent-encoded, or JSON, which begins with a brace.</param>
    /// <param name="headers">Further headers.</param>
    public async Task<(int Status, string Body)> SendAsync(Gate gate, string path, string? body, params (string Name, string Value)[] headers)
    {
        if (gate.Method != "GET") _way = null;
        var isJson = body is ['{', ..];
        var isSigned = gate.Endpoint.Metadata.GetMetadata<SignatureRequirement>() is not null;
        var isConsole = gate.Endpoint.Metadata.GetMetadata<ConsoleRoute>() is not null;
        if (body is not null && !isSigned && !isJson) body = $"{_token.Name}={Uri.EscapeDataString(_token.Value)}&{body}";

        using var request = new HttpRequestMessage(new HttpMethod(gate.Method), new Uri(Server.Url, path));
        var bytes = body is null ? null : Encoding.UTF8.GetBytes(body);
        if (bytes is not null)
        {
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(isJson ? "application/json" : "application/x-www-form-urlencoded");
        }

        if (isSigned) request.Headers.TryAddWithoutValidation("Authorization", Server.Sign(_world.Sender, gate.Method, request.RequestUri!, isJson ? null : bytes));
        else if (gate.Endpoint.Metadata.GetMetadata<OperatorRoute>() is not null) request.Headers.Authorization = new("Bearer", _operatorKey);
        else if (IsReceiver(gate)) request.Headers.Authorization = new("Bearer", _polled.Secret.ToString());
        else request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", (isConsole ? _signedIn : _visitor).Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        if (gate.Pattern.StartsWith("/embed/", StringComparison.Ordinal)) request.Headers.TryAddWithoutValidation("Origin", Origin);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);

        var (status, answer, _) = await Server.PeekAsync(request);
        return (status, answer);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private async Task FillAsync()
    {
        await Server.Get<EmbedOrigins>().AllowAsync(_world.Furni.Id, new(Origin), default);
        await Server.TokenAsync(await Server.AppAsync(), _world.Ana);
        var link = Assert.IsType<InviteOutcome.Invited>(await Server.InviteAsync(Role.Agent, _world.Furni, "somebody@furni.example")).Link;
        var asked = await Server.PostAsync(
            _world.Sender, "/1.1/feedback/create.json",
            ("type", "csat"), ("to_user_id", $"{_world.Ana.Id}"), ("message", "Hello"), ("privacy_url", "https://furni.example/p"), ("include_card", "1"), ("agent", "Eve"), ("tags", "late"));
        _samples["token"] = asked.Is(200).Text("card_token");
        _samples["id"] = _samples["item"] = asked.Text("id");
        (await Server.SendAsync(null, HttpMethod.Post, $"/f/{_samples["token"]}", TestServer.Form(("score", "1")))).Is(200);
        _samples["handle"] = _samples["screen_name"] = "furni";
        _samples["path"] = "nothing/here";
        _samples["key"] = link[(link.LastIndexOf('/') + 1)..];
        _samples["webhook"] = $"{(await Server.Get<Endpoints>().AddAsync(_world.Furni.Id, new Uri("https://127.0.0.1:1/"), null, Approval.NeededIfOwned, default)).Key.Id}";
        _samples["connector"] = $"{Assert.IsType<AddConnectorOutcome.Added>(await Server.Get<ChangeConnectors>().AddAsync(_world.Furni.Id, Member.CommandLine, new(Preset.Find("freshdesk")!, null, null, null, true), default)).Key.Id}";
        _operatorKey = (await Server.Get<OperatorKeys>().AddAsync("attacker", default))!;
        _polled = await Server.Get<Endpoints>().AddAsync(_world.Furni.Id, null, null, WebhookFormat.Events, Approval.NeededIfOwned, default);
    }

    private static bool IsReceiver(Gate gate) => gate.Endpoint.Metadata.GetMetadata<WebhookSecretRoute>() is not null;

    private string Sample(string hole) => _samples.TryGetValue(hole, out var sample) ? sample : "1";

    [GeneratedRegex(@"\{\*{0,2}(\w+)[^}]*\}")]
    internal static partial Regex Hole();
}
