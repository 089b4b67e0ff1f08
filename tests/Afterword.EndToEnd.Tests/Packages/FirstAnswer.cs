using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Consoles;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The way from an installed server to its first answer: by the commands of <c>docs/install.md</c> as they stand there, or without a shell.</summary>
internal static partial class FirstAnswer
{
    // What the page calls things, and what they are in the JSON of a command. The longest name first, since one may begin another.
    private static readonly (string Name, string Property)[] s_names =
        [("ID_OF_THE_FEEDBACK", "id"), ("TOKEN_SECRET", "oauth_token_secret"), ("TOKEN", "oauth_token"), ("SECRET", "consumer_secret"), ("KEY", "consumer_key"), ("ID", "id")];

    /// <summary>Goes all the way in a browser.</summary>
    /// <param name="browser">The browser.</param>
    /// <param name="link">That the server has printed.</param>
    public static async Task GiveAsync(Browser browser, string link)
    {
        await using var visitor = await browser.VisitorAsync(width: 1440, script: true);
        await new SetUpWalk(await visitor.NewPageAsync(), script: true).GoAsync(link);
    }

    /// <summary>Goes all the way by commands, and fails at the first step that does not work.</summary>
    /// <param name="run">Runs <c>afterword</c> with these arguments where the server is.</param>
    /// <param name="server">Where the server answers.</param>
    public static async Task GiveAsync(Func<string[], Task<Command>> run, Uri server)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var page = await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Repository, "docs", "install.md"), TestContext.Current.CancellationToken);
        var blocks = Blocks().Matches(page).Select(block => block.Groups["text"].Value).ToArray();
        Assert.Equal(2, blocks.Length);
        foreach (var line in Lines(blocks[0])) await RunAsync(line);
        await AnswerAsync(known["card_url"], server);
        foreach (var line in Lines(blocks[1])) await RunAsync(line);
        Assert.Contains("\"value\":4", known["response"].Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        async Task RunAsync(string line)
        {
            string[] words = [.. CommandLineParser.SplitCommandLine(line)];
            Assert.Equal("afterword", words[0]);
            string[] arguments = [.. words[1..].Select(word => Named(word, known))];
            var done = (await run(arguments[0] == "call" ? [.. arguments, "--server", server.ToString()] : [.. arguments, "--json"])).Is(0);
            foreach (var property in done.Json.EnumerateObject()) known[property.Name] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
        }
    }

    // The customer's browser, without script.
    private static async Task AnswerAsync(string card, Uri server)
    {
        using var http = new HttpClient();
        var address = new Uri(server, new Uri(card).PathAndQuery);
        Assert.Contains("<form", await http.GetStringAsync(address, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var answer = await http.PostAsync(address, new FormUrlEncodedContent([new("score", "4")]), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static string Named(string word, Dictionary<string, string> known)
    {
        foreach (var (name, property) in s_names)
        {
            if (Regex.IsMatch(word, $@"\b{name}\b", RegexOptions.None, TimeSpan.FromSeconds(1))) return word.Replace(name, known[property], StringComparison.Ordinal);
        }

        return word;
    }

    private static IEnumerable<string> Lines(string block) => block.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^```sh\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Blocks();
}
