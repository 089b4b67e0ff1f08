using System.Text.RegularExpressions;
using Afterword.Support;

namespace Afterword.Server.Tests.Conventions;

/// <summary>The ledger of the ASVS in <c>docs/asvs.md</c>: it has every requirement once, and names nothing that is not there.</summary>
public sealed partial class AsvsLedgerTests
{
    /// <summary>How many requirements of level 1 and 2 each section of ASVS 5.0 has.</summary>
    private static readonly Dictionary<string, int> s_sections = new(StringComparer.Ordinal)
    {
        ["1.1"] = 2, ["1.2"] = 9, ["1.3"] = 11, ["1.4"] = 3, ["1.5"] = 2,
        ["2.1"] = 3, ["2.2"] = 3, ["2.3"] = 4, ["2.4"] = 1,
        ["3.2"] = 2, ["3.3"] = 4, ["3.4"] = 6, ["3.5"] = 5, ["3.7"] = 2,
        ["4.1"] = 3, ["4.2"] = 1, ["4.3"] = 2, ["4.4"] = 4,
        ["5.1"] = 1, ["5.2"] = 3, ["5.3"] = 2, ["5.4"] = 3,
        ["6.1"] = 3, ["6.2"] = 12, ["6.3"] = 4, ["6.4"] = 4, ["6.5"] = 5, ["6.6"] = 3, ["6.8"] = 4,
        ["7.1"] = 3, ["7.2"] = 4, ["7.3"] = 2, ["7.4"] = 5, ["7.5"] = 2, ["7.6"] = 2,
        ["8.1"] = 2, ["8.2"] = 3, ["8.3"] = 1, ["8.4"] = 1,
        ["9.1"] = 3, ["9.2"] = 4,
        ["10.1"] = 2, ["10.2"] = 2, ["10.3"] = 4, ["10.4"] = 11, ["10.5"] = 5, ["10.6"] = 2, ["10.7"] = 3,
        ["11.1"] = 2, ["11.2"] = 3, ["11.3"] = 3, ["11.4"] = 4, ["11.5"] = 1, ["11.6"] = 1,
        ["12.1"] = 3, ["12.2"] = 2, ["12.3"] = 4,
        ["13.1"] = 1, ["13.2"] = 5, ["13.3"] = 2, ["13.4"] = 5,
        ["14.1"] = 2, ["14.2"] = 4, ["14.3"] = 3,
        ["15.1"] = 3, ["15.2"] = 3, ["15.3"] = 7,
        ["16.1"] = 1, ["16.2"] = 5, ["16.3"] = 4, ["16.4"] = 3, ["16.5"] = 3,
        ["17.1"] = 1, ["17.2"] = 4, ["17.3"] = 2,
    };

    [Fact]
    public void Every_requirement_stands_there_once_and_is_met_does_not_apply_or_is_open()
    {
        var rows = Rows();

        Assert.Equal(253, rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => row.Number).Distinct().Count());
        Assert.All(rows, row => Assert.Contains(row.State, (string[])["met", "n/a", "open"]));
        Assert.All(rows, row => Assert.True(row.How.Length > 3, row.Number));
        Assert.Equal(s_sections.OrderBy(pair => pair.Key, StringComparer.Ordinal), rows.CountBy(row => row.Number[..row.Number.LastIndexOf('.')]).OrderBy(pair => pair.Key, StringComparer.Ordinal));
        var head = File.ReadAllText(Path.Combine(Repository.Root, "docs", "asvs.md"));
        foreach (var (state, said) in ((string, string)[])[("met", "are met"), ("n/a", "do not apply"), ("open", "are open")]) Assert.Contains($"{rows.Count(row => row.State == state)} {said}", head, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_test_and_file_that_it_names_exists()
    {
        var classes = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var (number, _, how) in Rows())
        {
            foreach (var name in Quoted().Matches(how).Select(quoted => quoted.Groups[1].Value))
            {
                var isThere = name.EndsWith("Tests", StringComparison.Ordinal) ? classes.Contains(name)
                    : !IsPath().IsMatch(name) || File.Exists(Path.Combine(Repository.Root, name));
                if (!isThere) missing.Add($"{number}: {name}");
            }
        }

        Assert.Empty(missing);
    }

    private static List<(string Number, string State, string How)> Rows() =>
        [.. Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "asvs.md"))).Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value))];

    [GeneratedRegex(@"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| (.+) \|$", RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^(src|tests|docs|eng|bench)/|^\.editorconfig$", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex IsPath();
}
