using System.Globalization;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Errors;
using Afterword.Server.Reference;
using Afterword.Server.Tests.Fixtures;
using Microsoft.AspNetCore.Routing;

namespace Afterword.Server.Tests.Reference;

/// <summary>What is mapped, what OpenAPI says, what the page says and what <c>docs/api.md</c> says are the same. None of it knows the store, so one engine will do.</summary>
public sealed partial class ReferenceTests(SharedPages pages) : IClassFixture<SharedPages>
{
    private static readonly Docs s_docs = Docs.Read();

    private readonly TestServer _server = pages.Server;

    [GeneratedRegex("<span class=\"method \\w+\">(\\w+)</span> <code>([^<]+)</code></p>")]
    private static partial Regex ShownRoute { get; }

    [GeneratedRegex("(?:href|src)=\"([^\"]+)\"")]
    private static partial Regex Link { get; }

    [GeneratedRegex("^(##+) (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading { get; }

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Id { get; }

    [Fact]
    public void Every_mapped_route_is_described() =>
        None(Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<RouteDescription>() is null).Select(endpoint => endpoint.DisplayName));

    [Fact]
    public async Task Every_mapped_route_is_in_one_openapi_document_and_nothing_else()
    {
        var (api, pages) = (await OperationsAsync("/openapi/v1.json"), await OperationsAsync("/openapi/pages.json"));
        Same(Mapped, api.Concat(pages));
        Assert.All(api, operation => Assert.Matches(" /(1[.]1|oauth|operator)/", operation));
    }

    [Fact]
    public async Task Every_mapped_route_is_on_the_page_and_nothing_else()
    {
        var page = (await GetAsync("/api")).Body;
        Same(Mapped.Select(Spoken), ShownRoute.Matches(page).Select(route => $"{route.Groups[1]} {WebUtility.HtmlDecode(route.Groups[2].Value)}"));
    }

    [Fact]
    public void Every_mapped_route_is_in_the_docs_with_its_caller_and_limit_and_nothing_else()
    {
        Same(Mapped.Select(Spoken), s_docs.Routes.Select(row => row.Route));
        Same(Routes.Select(route => $"{route.Method} {route.Path} | {route.Caller} | {route.Limit ?? "–"}"), s_docs.Routes.Select(row => $"{row.Route} | {row.Caller} | {row.Limit}"));
    }

    [Fact]
    public void Every_parameter_stands_in_the_docs_beside_its_route() =>
        None(Routes.SelectMany(route => route.Operation.Parameters
            .Where(parameter => !Regex.IsMatch(s_docs.SectionOf($"{route.Method} {route.Path}"), $@"(?<![\w-]){Regex.Escape(parameter.Name)}(?![\w-])"))
            .Select(parameter => $"{route.Method} {route.Path}: {parameter.Name}")));

    [Fact]
    public void Every_name_in_a_path_is_a_described_parameter() =>
        None(Routes.SelectMany(route => Regex.Matches(route.Pattern, @"\{(\w+)\}").Select(hole => hole.Groups[1].Value)
            .Where(name => !route.Operation.Parameters.Any(parameter => parameter.Name == name && parameter is { Required: true, Example: not null }))
            .Select(name => $"{route.Method} {route.Path}: {name}")));

    [Fact]
    public void A_parameter_is_described_once_and_by_full_sentences() =>
        None(Routes.SelectMany(route => route.Operation.Parameters
            .Where(parameter => !parameter.Meaning.EndsWith('.') || route.Operation.Parameters.Count(other => other.Name == parameter.Name) != 1)
            .Select(parameter => $"{route.Method} {route.Path}: {parameter.Name}")));

    [Fact]
    public void Every_error_is_documented_under_its_own_name()
    {
        var members = typeof(ApiError).GetMembers(BindingFlags.Public | BindingFlags.Static)
            .Where(member => member is FieldInfo { FieldType: var field } && field == typeof(ApiError) || member is MethodInfo { ReturnType: var returned } && returned == typeof(ApiError))
            .Select(member => member.Name);
        Same(members, DocumentedError.All.Select(error => error.Name));

        var differing = DocumentedError.All.Where(error => typeof(ApiError).GetField(error.Name)?.GetValue(null) is ApiError own && own != error.Error);
        None(differing.Select(error => error.Name));
    }

    [Fact]
    public void Every_error_is_in_the_docs_with_its_status_code_and_message_and_nothing_else() =>
        Same(DocumentedError.All.Select(error => $"{error.Error.Status} {error.Error.Code} {error.Error.Message}"), s_docs.Errors);

    [Fact]
    public async Task Every_member_of_every_object_is_explained()
    {
        foreach (var document in new[] { "/openapi/v1.json", "/openapi/pages.json" })
        {
            None((await MembersAsync(document)).Where(member => !member.Schema.TryGetProperty("description", out _)).Select(member => member.Name));
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    public async Task Every_link_leads_somewhere_and_every_anchor_is_there_once(string path)
    {
        var page = (await GetAsync(path)).Is(200).Body;
        var ids = Id.Matches(page).Select(id => id.Groups[1].Value).ToArray();
        Assert.Equal(ids.Length, ids.Distinct().Count());

        var links = Link.Matches(page).Select(link => WebUtility.HtmlDecode(link.Groups[1].Value)).Distinct();
        foreach (var link in links.Where(link => link.StartsWith('/') || link.StartsWith('#')))
        {
            var (target, anchor) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
            var led = target.Length == 0 ? page : (await ArriveAsync(target)).Is(200).Body;
            if (anchor is not null) Assert.True(Id.Matches(led).Any(id => id.Groups[1].Value == anchor), $"{link} leads nowhere.");
        }
    }

    [Fact]
    public async Task The_numbers_are_those_of_this_server()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, "Limits:ShowPer15Minutes=7777", "Limits:RecipientInterval=00:00:00", "Platform=Acme <Chat>", "PublicUrl=https://feedback.acme.example");
        var page = (await server.SendAsync(null, HttpMethod.Get, "/api", null)).Is(200).Body;
        Assert.Contains("7,777 in 15 minutes", page, StringComparison.Ordinal);
        Assert.DoesNotContain("one per recipient", page, StringComparison.Ordinal);
        Assert.Contains("https://feedback.acme.example/1.1/feedback/create.json", page, StringComparison.Ordinal);
        Assert.Contains("Acme &lt;Chat&gt; asks how it went", (await server.SendAsync(null, HttpMethod.Get, "/", null)).Body, StringComparison.Ordinal);

        var document = (await server.SendAsync(null, HttpMethod.Get, "/openapi/v1.json", null)).Json;
        Assert.Equal("https://feedback.acme.example", document.GetProperty("servers")[0].GetProperty("url").GetString());
        Assert.Contains("7,777 in 15 minutes", document.GetProperty("paths").GetProperty("/1.1/feedback/show/{id}.json").GetProperty("get").GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/oauth/request_token", "oauth1App", null, null)]
    [InlineData("/oauth/access_token", "oauth1RequestToken", null, "REQUEST_TOKEN")]
    [InlineData("/1.1/friendships/create.json", "oauth1", "write", "TOKEN")]
    public async Task Who_signs_follows_from_the_route(string path, string scheme, string? permission, string? token)
    {
        var document = await JsonAsync("/openapi/v1.json");
        var security = Assert.Single(document.GetProperty("paths").GetProperty(path).GetProperty("post").GetProperty("security").EnumerateArray().Single().EnumerateObject());
        Assert.Equal(scheme, security.Name);
        Assert.Equal(permission is null ? [] : [permission], security.Value.EnumerateArray().Select(role => role.GetString()));
        Assert.True(document.GetProperty("components").GetProperty("securitySchemes").TryGetProperty(scheme, out _));

        var call = new ExampleCall(Routes.Single(route => route.Pattern == path && route.Method == "POST"), ExampleCall.AnyServer);
        Assert.Equal(token is not null, call.Curl!.Contains("oauth_token=", StringComparison.Ordinal));
        Assert.Equal(token is not null, call.Command!.Contains("--token ", StringComparison.Ordinal));
        if (token is not null) Assert.Contains($"oauth_token=\"{token}\"", call.Curl, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_signature_is_that_of_the_text_it_shows()
    {
        var example = new SigningExample("https://feedback.example.com");
        var key = Encoding.ASCII.GetBytes($"{SigningExample.ConsumerSecret}&{SigningExample.TokenSecret}");
#pragma warning disable CA5350 // SHA-1 is the wire protocol
        Assert.Equal(Convert.ToBase64String(HMACSHA1.HashData(key, Encoding.ASCII.GetBytes(example.BaseString))), example.Signature);
#pragma warning restore CA5350
        Assert.Contains(Uri.EscapeDataString(example.Signature), example.Header, StringComparison.Ordinal);
    }

    // The console's pages are for people, and stand in docs/console.md.
    private IEnumerable<RouteEndpoint> Endpoints => _server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleRoute>() is null);

    private IReadOnlyList<DescribedRoute> Routes => DescribedRoute.All(_server.Get<EndpointDataSource>(), _server.Get<Settings>().Limits);

    /// <summary>Method and pattern of everything that is mapped; files as one, HEAD with its GET.</summary>
    private IEnumerable<string> Mapped => Endpoints.SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        .Where(method => method != "HEAD").Select(method => $"{method} {endpoint.Metadata.GetMetadata<RouteDescription>()?.StandsFor ?? endpoint.RoutePattern.RawText}")).Distinct();

    private static string Spoken(string route) => Regex.Replace(route, @"\{(\w+)\}", ":$1");

    private static void None(IEnumerable<string?> wrong) => Assert.True(!wrong.Any(), string.Join('\n', wrong));

    // Names what is missing and what is too much, rather than the first place where two long lists differ.
    private static void Same(IEnumerable<string> expected, IEnumerable<string> told)
    {
        var (left, right) = (expected.ToArray(), told.ToArray());
        Assert.True(left.ToHashSet().SetEquals(right), $"Missing: {string.Join(", ", left.Except(right))}. Too much: {string.Join(", ", right.Except(left))}.");
        Assert.Equal(left.Length, right.Length);
    }

    private async Task<IEnumerable<string>> OperationsAsync(string document) => (await JsonAsync(document)).GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));

    private async Task<IEnumerable<(string Name, JsonElement Schema)>> MembersAsync(string document) =>
        (await JsonAsync(document)).GetProperty("components").GetProperty("schemas").EnumerateObject()
            .SelectMany(schema => schema.Value.GetProperty("properties").EnumerateObject().Select(member => ($"{schema.Name}.{member.Name}", member.Value)));

    private async Task<JsonElement> JsonAsync(string path) => (await GetAsync(path)).Is(200).Json;

    // Where nobody is signed in, a page of a user's own leads to signing in.
    /// <summary>Follows to where an address leads: those who are not signed in are sent to do that.</summary>
    private async Task<Answer> ArriveAsync(string path) => await GetAsync(path) is { Status: 302 or 303 } on ? await ArriveAsync(on.Headers["Location"]) : await GetAsync(path);

    private Task<Answer> GetAsync(string path) => _server.SendAsync(null, HttpMethod.Get, path, null);

    /// <summary>What <c>docs/api.md</c> says.</summary>
    private sealed class Docs
    {
        private readonly Dictionary<string, string> _sections = [];
        private readonly Dictionary<string, string> _anchors = [];

        public List<(string Route, string Caller, string Limit)> Routes { get; } = [];

        public IEnumerable<string> Errors => Rows(_sections["errors"]).Where(cells => cells is [{ Length: > 0 } status, var code, _, _] && char.IsAsciiDigit(status[0]) && code.All(char.IsAsciiDigit))
            .Select(cells => $"{cells[0].Split('–')[0]} {cells[1]} {cells[2].Replace("`", "", StringComparison.Ordinal)}");

        public static Docs Read()
        {
            using var reader = new StreamReader(typeof(ReferenceTests).Assembly.GetManifestResourceStream("docs/api.md")!);
            var text = reader.ReadToEnd();
            var docs = new Docs();
            foreach (Match heading in Heading.Matches(text))
            {
                // A section reaches to the next heading of its own level or a higher one.
                var level = heading.Groups[1].Length;
                var end = Heading.Matches(text, heading.Index + 1).FirstOrDefault(next => next.Groups[1].Length <= level)?.Index ?? text.Length;
                docs._sections[Anchor(heading.Groups[2].Value)] = text[(heading.Index + heading.Length)..end];
            }

            foreach (var cells in Rows(text[..Heading.Match(text).Index]))
            {
                if (Regex.Match(cells[0], @"^\[`(.+)`\]\(#(.+)\)$") is not { Success: true } route) continue;

                docs.Routes.Add((route.Groups[1].Value, cells[1], cells[2]));
                docs._anchors[route.Groups[1].Value] = route.Groups[2].Value;
            }

            return docs;
        }

        public string SectionOf(string route) => _sections[_anchors[route]];

        // As the sites that show the file make them.
        private static string Anchor(string heading) => Regex.Replace(heading.ToLower(CultureInfo.InvariantCulture), @"[^\w\- ]", "").Replace(' ', '-');

        private static IEnumerable<string[]> Rows(string text) =>
            text.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Trim('|', ' ').Split(" | ").Select(cell => cell.Trim()).ToArray());
    }
}
