using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>Rules in the console: what is typed is saved, or comes back with what is wrong with it.</summary>
public abstract class RulesPageTests(Engine engine) : IAsyncLifetime
{
    private const string Path = "/console/@furni/rules";

    private static readonly (string, string)[] s_fields =
    [
        ("name", "returns"), ("tags_any", "return\r\nrefund"), ("tags_all", ""), ("tags_none", "spam"), ("agents", "Kenji\r\nZoe, the 2nd"), ("teams", ""), ("languages", ""), ("connectors", ""),
        ("messages_min", "2"), ("agent_messages_min", ""), ("max_age", "P1D"), ("external_id_prefix", ""), ("channel", "built-in"), ("asks", "yes"), ("question", "nps 0"), ("delay", "2"), ("delay_unit", "hours"),
        ("share", "12.5"), ("per_day", "40"), ("privacy_url", "https://furni.example/privacy"), ("display_name", ""), ("language", "en"), ("message", "Hi {first_name}"), ("language", "de"), ("message", "Hallo"),
        ("language", ""), ("message", ""),
    ];

    private static string TooLong => $$"""{"rules":[{{string.Join(',', Enumerable.Range(0, 8).Select(i => $$$"""{"name":"{{{i}}}","ask":{{{RulesFixture.Ask.Replace("Hi {first_name}", new string('x', 9_000), StringComparison.Ordinal)}}}}"""))}}]}""";

    private RulesFixture _world = null!;
    private TestBrowser _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await RulesFixture.StartAsync(engine);
        _owner = await _world.Server.MembershipAsync(Role.Owner, _world.Fixture.Furni);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_rule_is_written_in_a_form_and_read_back_in_it()
    {
        var page = (await _owner.GetAsync($"{Path}?edit=new")).Is(200);

        (await _owner.SubmitAsync(page, $"{Path}/rule", [.. s_fields, ("act", "save")])).Is(303);

        var rule = (await RulesAsync()).GetProperty("rules")[0];
        Assert.Equal(
            """{"name":"returns","when":{"tags_any":["return","refund"],"tags_none":["spam"],"agents":["Kenji","Zoe, the 2nd"],"channels":["built-in"],"messages_min":2,"max_age":"P1D"},"ask":{"type":"nps","question_variant_id":"0","delay":"PT2H","share":0.125,"per_day":40,"privacy_url":"https://furni.example/privacy","message":{"en":"Hi {first_name}","de":"Hallo"}}}""",
            rule.GetRawText());
        var again = await ReadAsync($"{Path}?edit=0");
        foreach (var shown in new[] { "value=\"returns\"", "\nreturn\nrefund</textarea>", "\nKenji\nZoe, the 2nd</textarea>", "value=\"12.5\"", "value=\"2\"", "<option value=\"hours\" selected", "id=\"max_age\" name=\"max_age\" value=\"1\"", "<option value=\"days\" selected", "<option value=\"nps 0\" selected", "\nHi {first_name}</textarea>" })
        {
            Assert.Contains(shown, again, StringComparison.Ordinal);
        }

        // Saved once more as it is shown, it is the same.
        var shownAgain = s_fields.Select(field => field.Item1 == "max_age" ? ("max_age", "1") : field);
        (await _owner.SubmitAsync((await _owner.GetAsync($"{Path}?edit=0")).Is(200), $"{Path}/rule", [.. shownAgain, ("max_age_unit", "days"), ("act", "save")])).Is(303);
        Assert.Equal(rule.GetRawText(), (await RulesAsync()).GetProperty("rules")[0].GetRawText());
    }

    [Fact]
    public async Task A_new_rule_stands_before_the_one_that_fits_everything_and_one_behind_it_is_pointed_out()
    {
        await _world.RuleAsync("""{"rules":[{"name":"vip","when":{"tags_any":["vip"]},"ask":null},{"name":"everybody else","ask":null}]}""");

        (await _owner.SubmitAsync((await _owner.GetAsync($"{Path}?edit=new")).Is(200), $"{Path}/rule", [.. s_fields, ("act", "save")])).Is(303);

        Assert.Equal(["vip", "returns", "everybody else"], (await RulesAsync()).GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("name").GetString()));
        Assert.DoesNotContain("never decides", await ReadAsync(Path), StringComparison.Ordinal);

        // What the form asks for in percent and hours is refused in percent and hours.
        var wrong = s_fields.Select(field => field.Item1 switch { "share" => ("share", "half"), "delay" => ("delay", "soon"), _ => field });
        var refused = (await _owner.SubmitAsync((await _owner.GetAsync($"{Path}?edit=new")).Is(200), $"{Path}/rule", [.. wrong, ("act", "save")])).Is(400).Html;
        Assert.Contains("A number from 0 to 100 with at most four decimals.", refused, StringComparison.Ordinal);
        Assert.Contains("A whole number of minutes, hours or days, 14 days at most.", refused, StringComparison.Ordinal);

        await ArrangeAsync(2, "up");
        Assert.Contains("The rule returns never decides: everybody else stands before it", await ReadAsync(Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_rule_begins_with_the_privacy_policy_of_the_business()
    {
        await _world.Server.Server.Store.Main.WriteAsync(session => session.Sql("update account set privacy_url = 'https://furni.example/ours' where id = @id").Bind("id", _world.Fixture.Furni.Id).RunAsync(default), default);

        Assert.Contains("name=\"privacy_url\" value=\"https://furni.example/ours\"", await ReadAsync($"{Path}?edit=new"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_is_said_at_its_place_and_nothing_typed_is_lost()
    {
        var page = (await _owner.GetAsync($"{Path}?edit=new")).Is(200);
        var wrong = s_fields.Select(field => field switch
        {
            ("share", _) => ("share", "half"),
            ("delay", _) => ("delay", "soon"),
            ("per_day", _) => ("per_day", "-1"),
            ("message", "Hallo") => ("message", "Hallo {firstname}"),
            ("name", _) => ("name", "<b>"),
            _ => field,
        });

        var refused = WebUtility.HtmlDecode((await _owner.SubmitAsync(page, $"{Path}/rule", [.. wrong, ("act", "save")])).Is(400).Html);

        foreach (var (id, label) in new[] { ("share", "Share of conversations, in percent"), ("delay", "Wait after the close"), ("per_day", "Maximum requests per day"), ("message-1", "Message (de)") })
        {
            Assert.Contains($"<a href=\"#{id}\">{label}</a>", refused, StringComparison.Ordinal);
            Assert.Contains($" id=\"{id}\"", refused, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("rules[0]", refused, StringComparison.Ordinal);

        // Each look has room for one language more, however often it was refused.
        Assert.Equal(3, Regex.Count(refused, "name=\"language\""));
        foreach (var typed in new[] { "value=\"half\"", "value=\"soon\"", "value=\"-1\"", "Hallo {firstname}</textarea>", "Hi {first_name}</textarea>", "refund</textarea>", "value=\"<b>\"" }) Assert.Contains(typed, refused, StringComparison.Ordinal);
        Assert.Equal(4, Regex.Count(refused, "class=\"fault\""));
        Assert.Equal(0, (await RulesAsync()).GetProperty("version").GetInt64());

        var text = """{"rules":[{"name":"x","ask":null},{"name":"x","asks":1}],"often":true}""";
        page = (await _owner.GetAsync(Path)).Is(200);
        refused = WebUtility.HtmlDecode((await _owner.SubmitAsync(page, Path, ("document", text), ("act", "save"))).Is(400).Html);
        foreach (var place in new[] { "rules[1].name", "rules[1].asks", "rules[1].ask", "often" }) Assert.Contains($"<code>{place}</code>", refused, StringComparison.Ordinal);
        Assert.Contains(text, refused, StringComparison.Ordinal);
        Assert.Contains("This is not JSON: line 2, column 10. A value is expected here", (await _owner.SubmitAsync(page, Path, ("document", "{\n\"rules\": oops}"), ("act", "save"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("must be a JSON object", (await _owner.SubmitAsync(page, Path, ("document", "[]"), ("act", "save"))).Is(400).Html, StringComparison.Ordinal);
        Assert.Contains("at most 64 KiB", (await _owner.SubmitAsync(page, Path, ("document", TooLong), ("act", "save"))).Is(400).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_document_is_saved_as_it_is_and_another_version_is_said()
    {
        var stale = (await _owner.GetAsync(Path)).Is(200);
        await _world.RuleAsync(RulesFixture.Everybody());

        var refused = (await _owner.SubmitAsync(stale, Path, ("document", """{"rules":[]}"""), ("act", "save"))).Is(409);
        Assert.Contains("""{"rules":[]}""", WebUtility.HtmlDecode(refused.Html), StringComparison.Ordinal);
        Assert.Contains("@furni saved version 1 meanwhile, so nothing of yours was saved.", refused.Html, StringComparison.Ordinal);
        Assert.Equal(1, (await RulesAsync()).GetProperty("version").GetInt64());

        (await _owner.SubmitAsync((await _owner.GetAsync(Path)).Is(200), Path, ("document", """{"paused":true,"rules":[]}"""), ("act", "save"))).Is(303);
        Assert.Equal(2, (await RulesAsync()).GetProperty("version").GetInt64());
        Assert.Equal("owner@furni.example", (await RulesAsync()).GetProperty("changed_by").GetString());
        Assert.Equal(1, await _world.Server.CountAsync("audit", "what = 'automation rules: version 2' and person = 'owner@furni.example'"));
    }

    [Fact]
    public async Task Rules_are_moved_and_removed_and_quiet_hours_set()
    {
        await _world.RuleAsync("""{"rules":[{"name":"a","ask":null},{"name":"b","ask":null},{"name":"c","ask":null}]}""");
        await ArrangeAsync(2, "up");
        Assert.Equal("acb", await NamesAsync());
        await ArrangeAsync(0, "down");
        Assert.Equal("cab", await NamesAsync());
        await ArrangeAsync(1, "remove");
        Assert.Equal("cb", await NamesAsync());

        var page = (await _owner.GetAsync(Path)).Is(200);
        var general = new[] { ("recipient_interval_days", "14"), ("after_dismissal_days", "60"), ("quiet_from", "21:00"), ("quiet_to", "08:00"), ("quiet_day", "sat"), ("quiet_day", "sun"), ("time_zone", "Europe/Berlin") };
        Assert.Contains("<a href=\"#time_zone\">Time zone</a>", (await _owner.SubmitAsync(page, $"{Path}/general", [.. general[..6], ("time_zone", "Mars")])).Is(400).Html, StringComparison.Ordinal);
        (await _owner.SubmitAsync(page, $"{Path}/general", general)).Is(303);

        var rules = await RulesAsync();
        Assert.Equal(14, rules.GetProperty("recipient_interval_days").GetInt32());
        Assert.Equal("""{"from":"21:00","to":"08:00","days":["sat","sun"],"time_zone":"Europe/Berlin"}""", rules.GetProperty("quiet_hours").GetRawText());
    }

    [Fact]
    public async Task A_draft_is_tried_out_beside_what_happened_and_not_saved()
    {
        for (var i = 0; i < 4; i++) await _world.CloseAsync($"ticket_{i}");
        var page = (await _owner.GetAsync(Path)).Is(200);

        var tried = WebUtility.HtmlDecode((await _owner.SubmitAsync(page, Path, ("document", RulesFixture.Everybody(document: "\"recipient_interval_days\":0,")), ("act", "try"), ("days", "7"))).Is(200).Html);

        Assert.Contains("4 conversations in 7 days; 4 would have been decided differently.", tried, StringComparison.Ordinal);
        Assert.Matches("<bdi>all</bdi></th><td>Asked</td><td[^>]*>4</td><td[^>]*>0</td>", tried);
        Assert.Matches("<bdi>no rule</bdi></th><td>No rule fits</td><td[^>]*>0</td><td[^>]*>4</td>", tried);
        Assert.Equal(0, (await RulesAsync()).GetProperty("version").GetInt64());

        // In the order of the document, with what decides nothing.
        tried = WebUtility.HtmlDecode((await _owner.SubmitAsync(page, Path, ("document", """{"rules":[{"name":"vip","when":{"tags_any":["vip"]},"ask":null},{"name":"all","ask":null},{"name":"behind","ask":null}]}"""), ("act", "try"), ("days", "7"))).Is(200).Html);
        Assert.Equal(["vip", "all", "behind", "no rule"], Regex.Matches(tried, "<th scope=\"row\"><bdi>([^<]*)</bdi></th>").Select(row => row.Groups[1].Value));
        Assert.Contains("The rule behind never decides", tried, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_supervisor_reads_the_rules_and_has_no_form()
    {
        await _world.RuleAsync(RulesFixture.Everybody());
        var supervisor = await _world.Server.MembershipAsync(Role.Supervisor, _world.Fixture.Furni);

        var page = (await supervisor.GetAsync($"{Path}?edit=0")).Is(200).Html;

        Assert.Contains("Every customer, at once", page, StringComparison.Ordinal);
        Assert.DoesNotContain("action=\"/console/@furni/rules", page, StringComparison.Ordinal);
        Assert.Contains("version 1", page, StringComparison.OrdinalIgnoreCase);
    }

    private async Task ArrangeAsync(int at, string act)
    {
        var page = (await _owner.GetAsync(Path)).Is(200);
        var fields = page.HiddenOf($"{Path}/arrange").Where(field => field.Name != "at").ToArray();
        (await _owner.PostAsync($"{Path}/arrange", [.. fields, ("at", at.ToString(CultureInfo.InvariantCulture)), ("act", act)])).Is(303);
    }

    private async Task<string> NamesAsync() => string.Concat((await RulesAsync()).GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("name").GetString()));

    private async Task<System.Text.Json.JsonElement> RulesAsync() => (await _world.Server.GetAsync(_world.Fixture.Sender, "/1.1/feedback/rules.json")).Is(200).Json;

    private async Task<string> ReadAsync(string path) => WebUtility.HtmlDecode((await _owner.GetAsync(path)).Is(200).Html);
}

public sealed class SqliteRulesPageTests() : RulesPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresRulesPageTests() : RulesPageTests(Engine.Postgres);
