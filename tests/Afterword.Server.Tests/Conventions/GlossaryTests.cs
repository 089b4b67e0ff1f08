using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.Support;

namespace Afterword.Server.Tests.Conventions;

/// <summary>Holds the names of types and the texts that people read to <c>docs/vocabulary.md</c>.</summary>
public sealed partial class GlossaryTests
{
    /// <summary>Words that no text has, each with what to write instead.</summary>
    private static readonly (string Pattern, string Instead)[] s_texts =
    [
        (@"figures?", "metric, or number"),
        (@"reckon(s|ed|ing)?", "calculate"),
        (@"mails?(?! servers?\b|:)", "email"),
        (@"somebody|whoever|of whom", "someone, anyone, people who"),
        (@"given up", "failed"),
        (@"called off", "cancelled"),
        (@"taken over", "delivered, or accepted"),
        (@"holds? from now on|from that moment on", "applies immediately"),
        (@"(within|more than) chance", "not significant, or significant"),
        (@"break-downs?", "breakdown"),
        (@"put away|ran out", "dismissed, or expired"),
        (@"deeds?", "action"),
        (@"tongues?", "language"),
        (@"bonds?", "relationship"),
        (@"entrances?", "sign-in"),
    ];

    /// <summary>Words that no name of a type has, each with what to call it instead.</summary>
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["Deed"] = "AuditAction", ["Deeds"] = "AuditActions", ["Reckon"] = "Calculate", ["Tongues"] = "Languages", ["Bond"] = "Relationship", ["Bonds"] = "Relationships",
        ["Moment"] = "Timestamp", ["Instant"] = "Timestamp", ["Lane"] = "Worker, or Queue", ["Lanes"] = "Workers", ["Courier"] = "Worker", ["Carrier"] = "Transport",
        ["Cast"] = "SampleUsers", ["Ground"] = "Fixture", ["Stage"] = "Fixture, or State", ["World"] = "Fixture", ["Scene"] = "Fixture", ["Seat"] = "Membership",
        ["Seats"] = "Memberships", ["Bell"] = "Notifier", ["Upkeep"] = "Maintenance", ["Door"] = "Authorization", ["Spoken"] = "Message", ["Told"] = "Sent, or Reported",
        ["Figures"] = "Metrics", ["Tally"] = "Counter, or Rollup", ["Sight"] = "Visibility", ["Stretch"] = "Period", ["Trouble"] = "Problem", ["Troubles"] = "Problems",
        ["Visits"] = "Sessions", ["Handovers"] = "Relay", ["Manager"] = "what it does", ["Helper"] = "what it does", ["Util"] = "what it does",
    };

    [Fact]
    public void Names_of_types_say_what_the_field_says()
    {
        var wrong = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in Sources(".cs"))
        {
            foreach (var name in Types().Matches(File.ReadAllText(file)).Select(type => type.Groups[1].Value))
            {
                foreach (var word in Parts().Matches(name).Select(part => part.Value).Where(s_names.ContainsKey)) wrong.Add($"{Relative(file)}: {name}: {word} is called {s_names[word]}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void Texts_that_people_read_keep_to_the_vocabulary()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (file, text) in Texts())
        {
            foreach (var (pattern, instead) in s_texts)
            {
                foreach (var hit in Regex.Matches(text, $@"\b({pattern})\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)).Select(hit => hit.Value.ToLowerInvariant()))
                {
                    found[$"{file}: {hit}"] = instead;
                }
            }
        }

        Assert.True(found.Count == 0, "docs/vocabulary.md has other words for these:" + Environment.NewLine + string.Join(Environment.NewLine, found.Select(hit => $"{hit.Key}: write {hit.Value}")));
    }

    [Fact]
    public void A_word_that_must_not_be_there_is_found()
    {
        Assert.Equal("Deed", Parts().Matches("DeedButton").Select(part => part.Value).First(s_names.ContainsKey));
        Assert.Equal("How metrics are calculated", Prose("<p title=\"@x\">How metrics are calculated</p>@code { var mail = 1; }").Trim());
        Assert.DoesNotContain("mail", Prose2("Set `Mail:Host`.\n```\nmail\n```\n\n    afterword channel test mail\n"), StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<(string File, string Text)> Texts()
    {
        var server = Path.Combine(Repository.Root, "src", "Afterword.Server");
        using (var english = JsonDocument.Parse(File.ReadAllText(Path.Combine(server, "Languages", "en.json")))) yield return ("en.json", string.Join('\n', Values(english.RootElement)));
        foreach (var page in Directory.EnumerateFiles(server, "*.razor", SearchOption.AllDirectories)) yield return (Path.GetFileName(page), Prose(File.ReadAllText(page)));
        foreach (var page in Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories).Where(page => Path.GetFileName(page) != "vocabulary.md"))
        {
            yield return (Relative(page), Prose2(File.ReadAllText(page)));
        }

        foreach (var page in (string[])["README.md", "CONTRIBUTING.md", "src/Afterword.Client/readme.md", "src/Afterword.Client.AspNetCore/readme.md"]) yield return (page, Prose2(File.ReadAllText(Path.Combine(Repository.Root, page))));
    }

    private static IEnumerable<string> Values(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => Values(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Values),
        JsonValueKind.String => [json.GetString()!],
        _ => [],
    };

    /// <summary>What of a page's markup is text.</summary>
    private static string Prose(string razor) => string.Join('\n', Between().Matches(Code().Replace(razor, "")).Select(text => text.Groups[1].Value));

    /// <summary>What of a document is text: no code.</summary>
    private static string Prose2(string document) => Quoted().Replace(document, "");

    private static IEnumerable<string> Sources(string ending) => ((string[])["src", "tests", "bench", "samples"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*" + ending, SearchOption.AllDirectories))
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string Relative(string file) => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');

    [GeneratedRegex(@"^[^/""]*\b(?:class|record struct|record|struct|enum|interface) ([A-Z]\w*)", RegexOptions.Multiline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Types();

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z][a-z]*", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Parts();

    [GeneratedRegex(@"@code\s*\{.*", RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Code();

    [GeneratedRegex(@">([^<>@{}]*[A-Za-z]{2}[^<>@{}]*)<", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Between();

    [GeneratedRegex(@"```.*?```|`[^`\n]*`|\]\([^)]*\)|^    [^\n]*$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Quoted();
}
