using System.Text;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Abuse;

/// <summary>What nobody sends by mistake, in every parameter of every route: a refusal or a page, never a breakdown.</summary>
public abstract class HostileValueTests(Engine engine) : IAsyncLifetime
{
    private const string Largest = "9223372036854775807";

    // Percent-encoded. NUL, what is no character, half surrogate pairs, numbers at and beyond their ends, and much.
    private static readonly string[] s_values =
    [
        "a%00b", "%EF%BF%BE", Largest, "agent:%00", "%ED%A0%80", "", "-1", "tag:a%EF%BF%BEb", "99999999999999999999", "%00", "%EF%BF%BF", "%F4%8F%BF%BF", "%FF", "%F0%9F%98",
        new string('x', 199) + "%F0%9F%98%80", new string('9', 6_000), "0", "2147483648", "9223372036854775807-9223372036854775807", "9223372036854775807.9223372036854775807", "9999-12-31", "0001-01-01",
        "a%00@b.example", "@a%00", "https://a%00/", "%7B%22a%22:%22%5Cud800%22%7D", "%5B1%5D", "true", "%0D%0Ax:y", "%E2%80%AE", "1&NAME=2", "1&NAME%5B%5D=2",
    ];

    private static readonly string[] s_json =
    [
        """ "a\u0000b" """, """ "\ufffe" """, """ "\ud800" """, """ "\udc00x" """, "1e999", "-1", "9223372036854775807", "9223372036854775808", "[]", "[[[[1]]]]", "{}", "null", "true", "\"\"", "\"a\"b",
    ];

    private static readonly (string Name, string Value)[] s_headers =
    [
        ("Accept-Language", "a-%;q=9,,,;;q=,*"), ("Last-Event-ID", "9223372036854775807.9223372036854775807"), ("Idempotency-Key", new string('k', 300)), ("If-None-Match", "\"\\\""),
        ("Cookie", "__Host-afterword-console=%00; __Host-afterword-form=%EF%BF%BE; __Host-afterword=%00"), ("traceparent", "00-%00"), ("Range", "bytes=9223372036854775807-"),
    ];

    // What PostgreSQL takes otherwise than SQLite comes first in each list; the rest is refused before either is asked.
    private readonly bool _isShort = engine == Engine.Postgres && !LongForm.IsOn;
    private AttackedServer _attacked = null!;

    public async ValueTask InitializeAsync() => _attacked = await AttackedServer.StartAsync(engine);

    public ValueTask DisposeAsync() => _attacked.DisposeAsync();

    [Fact]
    public async Task No_value_of_any_parameter_of_any_route_is_a_fault()
    {
        var (faults, sent) = (new List<string>(), 0);
        foreach (var gate in _attacked.Gates)
        {
            await _attacked.ApproachAsync(gate);
            foreach (var (path, body) in RequestsTo(gate))
            {
                var (status, _) = await _attacked.SendAsync(gate, path, body);
                if (status >= 500) faults.Add($"{status} for {gate.Method} {Short(path)} {Short(body)}");
                sent++;
            }

            foreach (var header in LongForm.IsOn ? s_headers : [s_headers[gate.Pattern.Length % s_headers.Length]])
            {
                if ((await _attacked.SendAsync(gate, _attacked.PathOf(gate), gate.TakesForm ? "a=b" : null, header)).Status is >= 500 and var status) faults.Add($"{status} for {gate} with {header}");
            }
        }

        faults.AddRange(_attacked.Server.Log.Where(line => line.Contains("Exception", StringComparison.Ordinal)).Distinct().Take(20));
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.InRange(sent, 1_000, int.MaxValue);
        await _attacked.Server.AllIsWellAsync();
    }

    [Fact]
    public void Every_form_and_query_is_known_by_its_names()
    {
        // The names are read out of the compiled code; were they not found any more, the rest would attack nothing.
        foreach (var (gate, name) in new[]
        {
            ("POST /console/@{handle}/follow-up/{item}/note", "note"), ("POST /console/@{handle}/alerts", "version"), ("GET /console/@{handle}/overview", "only"), ("GET /console/@{handle}/answers", "q"),
            ("GET /console/@{handle}/asked", "q"), ("POST /messages/settings", "ask_again"), ("POST /f/{token}", "text"), ("POST /console/sign-in", "mail"), ("POST /1.1/feedback/create.json", "tags"),
            ("POST /console/@{handle}/people/invite", "mail"), ("GET /1.1/feedback/export.csv", "tag"), ("POST /oauth/authorize", "decision"), ("POST /console/account/password", "new-password"),
        })
        {
            var names = _attacked.Gates.SingleOrDefault(one => one.ToString() == gate)?.Names ?? [$"no route among {string.Join(", ", _attacked.Gates)}"];
            Assert.True(names.Contains(name), $"{gate} has no {name}: {string.Join(", ", names)}");
        }
    }

    [Fact]
    public async Task A_browser_whose_name_is_cut_within_a_character_signs_in()
    {
        var (_, link) = await Newcomer.InvitedAsync(_attacked.Server, Role.Agent, _attacked.World.Furni);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 });
        var browser = new TestBrowser(_attacked.Server);
        var page = (await browser.GetAsync(link)).Is(200);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_attacked.Server.Url, link));
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", browser.Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        request.Headers.TryAddWithoutValidation("User-Agent", new string('x', 199) + "😀");
        request.Content = new FormUrlEncodedContent([.. page.HiddenOf(link).Select(field => KeyValuePair.Create(field.Name, field.Value)), new("name", "Ana"), new("password", Newcomer.Password)]);

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(303, (int)answer.StatusCode);
        Assert.Equal(1, await _attacked.Server.CountAsync("console_session", $"browser = '{new string('x', 199)}'"));
    }

    private IEnumerable<(string Path, string? Body)> RequestsTo(Gate gate)
    {
        // A file has no parameters.
        if (gate.Names.Count == 0) yield return Request(gate, "a=%00");

        var turn = gate.Pattern.Length;
        foreach (var value in gate.Names.Count == 0 ? [] : LongForm.IsOn ? s_values : s_values.Where((_, i) => i < 4 || (!_isShort && i % 4 == turn % 4)))
        {
            // All names at once: a route refuses what it reads first, so each is sent alone too, in the quick form with few of the values: those that one engine or the other breaks at.
            if (value.Length <= 200 || gate.TakesForm) yield return Request(gate, string.Join('&', gate.Names.Select(name => $"{name}={value.Replace("NAME", name, StringComparison.Ordinal)}")));
        }

        foreach (var name in gate.Names)
        {
            foreach (var value in LongForm.IsOn ? s_values : _isShort ? [s_values[turn++ % 4]] : [Largest, s_values[turn++ % s_values.Length]])
            {
                yield return Request(gate, $"{name}={value.Replace("NAME", name, StringComparison.Ordinal)}");
            }
        }

        if (gate.TakesForm && gate.Endpoint.Metadata.GetMetadata<SignatureRequirement>() is not null)
        {
            foreach (var value in s_json.Take(_isShort ? 4 : s_json.Length)) yield return (_attacked.PathOf(gate), Json(gate.Names.Select(name => name.Split('.')), value));
        }

        foreach (var hole in gate.Holes)
        {
            foreach (var value in new[] { "9223372036854775807", "%EF%BF%BE", "a%00b", "-1", "%F0%9F%98%80" }) yield return (_attacked.PathOf(gate, hole, value), gate.TakesForm ? "a=b" : null);
        }
    }

    private (string Path, string? Body) Request(Gate gate, string parameters) =>
        gate.TakesForm ? (_attacked.PathOf(gate), parameters) : ($"{_attacked.PathOf(gate)}?{parameters}", null);

    /// <summary>An object whose members are all this value; names with dots are objects in objects.</summary>
    private static string Json(IEnumerable<string[]> names, string value) => $"{{{string.Join(',', names.GroupBy(name => name[0]).Select(group =>
        $"\"{group.Key}\":{(group.Any(name => name.Length > 1) ? Json(group.Where(name => name.Length > 1).Select(name => name[1..]), value) : value)}"))}}}";

    private static string Short(string? text) => text is null or { Length: < 200 } ? text ?? "" : $"{text[..160]}…{text[^30..]}";
}

public sealed class SqliteHostileValueTests() : HostileValueTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresHostileValueTests() : HostileValueTests(Engine.Postgres);
