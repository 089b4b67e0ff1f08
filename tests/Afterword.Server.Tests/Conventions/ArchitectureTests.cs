using System.Text.RegularExpressions;
using Afterword.Support;

namespace Afterword.Server.Tests.Conventions;

/// <summary>Which feature may stand on which, how large files and folders grow, and what types are not called.</summary>
public sealed partial class ArchitectureTests
{
    private const int MostLines = 400;
    private const int MostFiles = 40;

    private static readonly string s_server = Path.Combine(Repository.Root, "src", "Afterword.Server");

    /// <summary>From what all stand on to what stands on all: a feature may use those before it, and those after it only as <see cref="s_upward"/> says.</summary>
    private static readonly string[] s_order =
    [
        "Configuration", "Storage", "Languages", "Errors", "Parsing", "Limits", "Hosting", "Console", "OAuth", "Operators", "Sandbox",
        "Reference", "Users", "SignIn", "Allowlists", "Changes", "Prompts", "Webhooks", "Answers", "Embed", "Channels", "Automation",
        "Messages", "Connectors", "SetUp", "Reports", "Privacy", "Backups", "Retention", "Admin",
    ];

    /// <summary>Uses of a later feature that were there before the rule, with what is used. None may come; one that has gone is taken out here.</summary>
    private static readonly Dictionary<string, string> s_upward = new(StringComparer.Ordinal)
    {
        ["Answers uses Reports"] = "a response is counted in the transaction that records it",
        ["Automation uses Reports"] = "its pages and exports use the period, the CSV and the charts of reports",
        ["Changes uses Prompts"] = "an event shows the prompt as it was",
        ["Changes uses Reports"] = "the lock of a sender's changes guards its rollups",
        ["Channels uses Reports"] = "a request that arrived is counted when its channel knows",
        ["Configuration uses Backups"] = "settings of a feature are of its own type",
        ["Configuration uses Channels"] = "settings of a feature are of its own type",
        ["Configuration uses SignIn"] = "settings of a feature are of its own type",
        ["Configuration uses Storage"] = "the address of the database",
        ["Connectors uses Privacy"] = "CustomerMatches, DecideEvents, EventBatch",
        ["Console uses Allowlists"] = "removing a member looks at the sender's list",
        ["Console uses Channels"] = "invitations are sent by email",
        ["Console uses OAuth"] = "the audit log names the app that called",
        ["Console uses SetUp"] = "a new member's own test customer",
        ["Console uses SignIn"] = "passwords, throttles and forms are shared with the sign-in of users",
        ["Console uses Users"] = "the audit log names users",
        ["Console uses Webhooks"] = "the audit log names endpoints",
        ["Errors uses Hosting"] = "writes responses",
        ["Hosting uses Answers"] = "the memory of a body depends on the route",
        ["Hosting uses Backups"] = "health shows the last backup",
        ["Hosting uses Channels"] = "health shows what waits",
        ["Hosting uses Embed"] = "the memory of a body depends on the route",
        ["Hosting uses OAuth"] = "readiness looks at nonces, the memory of a body at the signature",
        ["Hosting uses Reference"] = "describes its routes",
        ["Hosting uses Webhooks"] = "connections are counted by endpoint",
        ["Limits uses Hosting"] = "writes JSON responses",
        ["Limits uses OAuth"] = "a limit is of a caller",
        ["Limits uses Reference"] = "describes its routes",
        ["OAuth uses Allowlists"] = "a token names the sender's limits",
        ["OAuth uses Prompts"] = "the same parameters are described once",
        ["OAuth uses Reference"] = "describes its routes",
        ["OAuth uses SignIn"] = "a user signs in to approve an app",
        ["Privacy uses Backups"] = "the list of erased people is kept beside the backups",
        ["Prompts uses Answers"] = "a new prompt gets its card's link",
        ["Prompts uses Automation"] = "the history shows closed conversations",
        ["Prompts uses Channels"] = "a new prompt is given to its channel in the same transaction",
        ["Prompts uses Messages"] = "a new prompt is a message in the same transaction",
        ["Prompts uses Reports"] = "a new prompt is counted in the same transaction",
        ["Prompts uses Webhooks"] = "a new prompt is announced in the same transaction",
        ["Reference uses Answers"] = "the front page shows a card",
        ["Reference uses Channels"] = "shows what is sent",
        ["Reference uses Messages"] = "the front page links to the inbox",
        ["Reference uses Prompts"] = "examples",
        ["Reference uses Reports"] = "shows what is sent",
        ["Reference uses Webhooks"] = "the metadata of a route",
        ["SetUp uses Admin"] = "opens a business as an operator",
        ["SignIn uses Channels"] = "a new password is sent by email",
        ["Users uses Channels"] = "whether a user has an email address",
        ["Users uses Privacy"] = "an erased person's opt-outs stay",
        ["Users uses Prompts"] = "describes its routes",
        ["Users uses SignIn"] = "passwords of users",
    };

    [Fact]
    public void No_feature_uses_one_that_stands_on_it()
    {
        var found = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var strangers = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (file, from) in Files())
        {
            if (from is "Cli" or "") continue;
            if (!s_order.Contains(from, StringComparer.Ordinal)) strangers.Add(from);
            foreach (var to in Uses().Matches(File.ReadAllText(file)).Select(use => use.Groups[1].Value).Distinct(StringComparer.Ordinal))
            {
                if (to == from || Array.IndexOf(s_order, to) <= Array.IndexOf(s_order, from)) continue;
                var key = $"{from} uses {to}";
                if (!found.TryGetValue(key, out var files)) found[key] = files = new(StringComparer.Ordinal);
                files.Add(Path.GetRelativePath(s_server, file));
            }
        }

        Assert.True(strangers.Count == 0, $"Not in the order of features: {string.Join(", ", strangers)}. Put each before those that use it.");
        Assert.True(found.Keys.All(s_upward.ContainsKey), "These uses close a cycle between features: " + string.Join("; ", found.Where(use => !s_upward.ContainsKey(use.Key)).Select(use => $"{use.Key} ({string.Join(", ", use.Value)})")) + ". Move what is shared to the earlier one, or pass it in.");
        Assert.True(s_upward.Keys.All(found.ContainsKey), "These cycles are gone; take them out of the list: " + string.Join("; ", s_upward.Keys.Where(key => !found.ContainsKey(key))));
    }

    [Fact]
    public void Files_stay_below_four_hundred_lines_and_folders_below_forty_files()
    {
        var long_ = Files().Where(file => File.ReadLines(file.Path).Count() >= MostLines).Select(file => Path.GetRelativePath(s_server, file.Path)).Order(StringComparer.Ordinal);
        var full = Directory.EnumerateDirectories(s_server, "*", SearchOption.AllDirectories).Append(s_server).Where(folder => Directory.EnumerateFiles(folder, "*.*").Count(IsCode) > MostFiles)
            .Select(folder => Path.GetRelativePath(s_server, folder)).Order(StringComparer.Ordinal);

        Assert.Equal([], long_);
        Assert.Equal([], full);
    }

    [Fact]
    public void No_type_has_a_name_that_says_nothing()
    {
        var names = typeof(AfterwordServer).Assembly.GetTypes().Where(type => type.Namespace?.StartsWith("Afterword.", StringComparison.Ordinal) == true && !type.Name.Contains('<', StringComparison.Ordinal))
            .Select(type => type.Name).Where(name => Empty().IsMatch(name)).Order(StringComparer.Ordinal);

        Assert.Equal([], names);
    }

    private static IEnumerable<(string Path, string Feature)> Files() => Directory.EnumerateFiles(s_server, "*.*", SearchOption.AllDirectories).Where(IsCode)
        .Select(file => (file, Path.GetRelativePath(s_server, file).Split(Path.DirectorySeparatorChar) is [var feature, _, ..] ? feature : ""));

    private static bool IsCode(string file) => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".razor", StringComparison.Ordinal);

    [GeneratedRegex(@"^@?using (?:static |\w+ = )?Afterword\.Server\.(\w+)", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Uses();

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utility)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Empty();
}
