using System.Text.RegularExpressions;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Every route of the console in every role. The rows are those of <c>docs/console.md</c>: a route without one fails, and so does a row that is not true.</summary>
public abstract partial class MatrixTests(Engine engine) : IAsyncLifetime
{
    private const string Email = "somebody@furni.example";

    private static readonly IReadOnlyList<(string Route, string Who)> s_rows = ReadRows();

    private FeedbackFixture _fixture = null!;
    private User _other = null!;
    private Dictionary<string, string> _samples = [];

    public async ValueTask InitializeAsync()
    {
        _fixture = await FeedbackFixture.StartAsync(engine);
        _other = await _fixture.Server.UserAsync("other");
        var link = Assert.IsType<InviteOutcome.Invited>(await _fixture.Server.InviteAsync(Role.Agent, _fixture.Furni, Email)).Link;

        // What the names in a path stand for. A new one needs a sample of something that is there.
        _samples = new()
        {
            ["handle"] = "furni",
            ["path"] = "nothing/here",
            ["key"] = link[(link.LastIndexOf('/') + 1)..],
            ["id"] = (await _fixture.AskAsync()).Text("id"),
            ["item"] = (await _fixture.AskAsync()).Text("id"),
            ["conversation"] = (await _fixture.Server.PostAsync(_fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", $"{_fixture.Ana.Id}"), ("external_id", "ticket"))).Is(200).Text("id"),
            ["connector"] = $"{Assert.IsType<AddConnectorOutcome.Added>(await _fixture.Server.Get<ChangeConnectors>().AddAsync(_fixture.Furni.Id, Member.CommandLine, new(Preset.Find("freshdesk")!, null, null, null, true), default)).Key.Id}",
            ["webhook"] = $"{(await _fixture.Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri("https://127.0.0.1:1/"), null, Approval.NeededIfOwned, default)).Key.Id}",
        };
        (await _fixture.SubmitAsync(_samples["item"], ("score", "1"))).Is(200);
    }

    [Fact]
    public void Every_route_of_the_console_has_a_row_and_every_row_a_route()
    {
        var mapped = Routes.Select(route => $"{route.Method} {Spoken(route.Pattern)} | {route.Entry?.Who ?? "nobody"}").ToArray();
        var told = s_rows.Select(row => $"{row.Route} | {row.Who}").ToArray();
        Assert.True(mapped.ToHashSet().SetEquals(told), $"Missing in docs/console.md:\n{string.Join('\n', mapped.Except(told))}\nToo much:\n{string.Join('\n', told.Except(mapped))}");
        Assert.Equal(mapped.Length, told.Length);
    }

    [Fact]
    public async Task Every_route_answers_every_role_as_its_row_says()
    {
        var wrong = new List<string>();
        foreach (var (method, pattern, _) in Routes)
        {
            var who = s_rows.Single(row => row.Route == $"{method} {Spoken(pattern)}").Who;
            foreach (var visitor in Visitor.All)
            {
                var got = await AskAsync(method, PathOf(pattern), visitor, withToken: true);
                var expected = visitor.Expected(who, pattern.Contains("{handle}", StringComparison.Ordinal), method, pattern);
                if (!expected.Contains(got)) wrong.Add($"{method} {pattern} as {visitor.Name}: {got} instead of {string.Join(" or ", expected)}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task No_form_is_taken_without_its_hidden_field()
    {
        var taken = new List<string>();
        foreach (var (method, pattern, _) in Routes.Where(route => route.Method != "GET"))
        {
            foreach (var visitor in Visitor.All)
            {
                var got = await AskAsync(method, PathOf(pattern), visitor, withToken: false);
                if (got is Got.Served or Got.LedOn) taken.Add($"{method} {pattern} as {visitor.Name}: {got}");
            }
        }

        Assert.True(taken.Count == 0, string.Join('\n', taken));
        Assert.Contains(Routes, route => route.Method == "POST");
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private IEnumerable<(string Method, string Pattern, AccessRule? Entry)> Routes => _fixture.Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/console", StringComparison.OrdinalIgnoreCase) && !endpoint.RoutePattern.RawText.Contains('.', StringComparison.Ordinal))
        .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD")
            .Select(method => (method, endpoint.RoutePattern.RawText!.TrimEnd('/'), endpoint.Metadata.GetMetadata<ConsoleRoute>() is null ? null : endpoint.Metadata.GetMetadata<AccessRule>())));

    private string PathOf(string pattern) => Hole().Replace(pattern, hole =>
        _samples.TryGetValue(hole.Groups[1].Value, out var sample) ? sample : throw new InvalidOperationException($"The matrix has no sample for {{{hole.Groups[1].Value}}}."));

    private static string Spoken(string pattern) => Hole().Replace(pattern, ":$1");

    private async Task<Got> AskAsync(string method, string path, Visitor visitor, bool withToken)
    {
        var browser = visitor.Role is { } role
            ? await _fixture.Server.MembershipAsync(role, role == Role.Operator ? null : visitor.Elsewhere ? _other : _fixture.Furni)
            : new TestBrowser(_fixture.Server);
        var page = visitor.Role is null ? await browser.GetAsync("/console/sign-in") : await browser.GetAsync("/console/account");
        var token = page.Is(200).HiddenOf(visitor.Role is null ? "/console/sign-in" : "/console/sign-out");

        // Streams that go on for ever are told by their headers.
        return await browser.PeekAsync(new(method), path, method == "GET" ? null : withToken ? token : []) switch
        {
            (303, _, var to) when to!.StartsWith("/console/sign-in", StringComparison.Ordinal) || to.StartsWith("/console/second-factor", StringComparison.Ordinal) => Got.SentAway,
            (303, _, _) => Got.LedOn,
            (403, var body, _) when body.Contains("Not for your role", StringComparison.Ordinal) => Got.Forbidden,
            (404, var body, _) when body.Contains("There is nothing here", StringComparison.Ordinal) => Got.Unknown,
            (400, var body, _) when body.Contains("This page is too old", StringComparison.Ordinal) => Got.Foreign,
            ( < 500, _, _) => Got.Served,
            _ => Got.Failed,
        };
    }

    private static List<(string Route, string Who)> ReadRows()
    {
        using var reader = new StreamReader(typeof(MatrixTests).Assembly.GetManifestResourceStream("docs/console.md")!);
        return [.. Row().Matches(reader.ReadToEnd()).Select(row => (row.Groups[1].Value, row.Groups[2].Value))];
    }

    [GeneratedRegex(@"^\| `([A-Z]+ /console[^`]*)` \| (.+) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\{\*{0,2}(\w+)[^}]*\}")]
    private static partial Regex Hole();

    /// <summary>What a visitor got.</summary>
    private enum Got
    {
        Served,
        LedOn,
        SentAway,
        Forbidden,
        Unknown,
        Foreign,
        Failed,
    }

    private sealed record Visitor(string Name, Role? Role, bool Elsewhere = false)
    {
        public static IReadOnlyList<Visitor> All { get; } =
        [
            .. Enum.GetValues<Role>().Select(role => new Visitor(role.Word, role)), new("signed out", null), new("owner of another sender", Afterword.Server.Console.Members.Role.Owner, Elsewhere: true),
        ];

        public Got[] Expected(string who, bool isOfSender, string method, string pattern) => (who, Role) switch
        {
            ("anyone", _) => [Got.Served, Got.LedOn],
            (_, null) => [Got.SentAway],
            (_, _) when pattern.Contains("{**path}", StringComparison.Ordinal) => [Got.Unknown],

            // Who signs out is led to the page to sign in on, as they wish.
            (_, _) when (method, pattern) == ("POST", "/console/sign-out") => [Got.SentAway],

            // The second factor is owed by nobody here, so its page leads on; its forms have nothing to take.
            ("everybody signed in" or "anyone who gave the right password", _) => pattern.Contains("/second-factor/", StringComparison.Ordinal) ? [Got.Served, Got.LedOn, Got.SentAway] : [Got.Served, Got.LedOn],
            (_, var role) when isOfSender && (Elsewhere || role == Afterword.Server.Console.Members.Role.Operator) => [Got.Unknown],
            (_, var role) => who.Split(", ").Contains(role!.Value.Word) ? [Got.Served, Got.LedOn] : [Got.Forbidden],
        };
    }
}

public sealed class SqliteMatrixTests() : MatrixTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresMatrixTests() : MatrixTests(Engine.Postgres);
