using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Hosting;

/// <summary>What the log may hold, at whatever level someone sets it to.</summary>
public sealed partial class LogTests
{
    [Fact]
    public void Each_event_has_a_number_of_its_own_that_operators_find_in_their_page()
    {
        const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var events = typeof(AfterwordServer).Assembly.GetTypes().SelectMany(type => type.GetMethods(All)).Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>().OrderBy(message => message.EventId).ToArray();
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operating.md"));
        var listed = Listed().Matches(page).SelectMany(
            row => row.Groups["numbers"].Value.Split(", "), (row, number) => (Number: int.Parse(number, CultureInfo.InvariantCulture), Level: row.Groups["level"].Value)).Order().ToArray();

        Assert.Equal(listed.Select(row => row.Number), events.Select(message => message.EventId));
        Assert.Equal(events.Length, events.DistinctBy(message => message.EventId).Count());

        // Of one without a level the caller decides.
        Assert.Equal(
            events.Where(message => message.Level != LogLevel.None).Select(message => (message.EventId, $"{message.Level}")),
            listed.Where(row => Array.Exists(events, message => message.EventId == row.Number && message.Level != LogLevel.None)));
    }

    [GeneratedRegex(@"^\| (?<numbers>\d{4}(, \d{4})*) \| (?<level>[\w, ]+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Listed();

    [Fact]
    public async Task At_no_level_does_a_line_hold_a_cards_link_or_a_token()
    {
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite,
            services => services.Configure<LoggerFilterOptions>(filters =>
            {
                filters.MinLevel = LogLevel.Trace;
                foreach (var category in new[] { null, "Microsoft", "Microsoft.AspNetCore", "Microsoft.AspNetCore.Routing", "Microsoft.AspNetCore.Hosting.Diagnostics", "System" })
                {
                    filters.Rules.Add(new LoggerFilterRule(null, category, LogLevel.Trace, null));
                    filters.Rules.Add(new LoggerFilterRule(typeof(ListLog).FullName, category, LogLevel.Trace, null));
                }
            }));
        var (_, sender) = await server.SenderAsync(await server.AppAsync());
        using (var card = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/f/PLANTEDLINK"))) (await server.SendAsync(card)).Is(404);
        (await server.GetAsync(sender, "/1.1/account/verify_credentials.json?PLANTED=LINK")).Is(200);
        (await server.SendAsync(null, HttpMethod.Get, "/oauth/authorize?oauth_token=PLANTEDTOKEN", null)).Is(404);

        string[] planted = ["PLANTED", sender.Token!, sender.ConsumerKey, sender.ConsumerSecret];
        Assert.All(planted, secret => Assert.DoesNotContain(server.Log, line => line.Contains(secret, StringComparison.Ordinal)));
    }
}
