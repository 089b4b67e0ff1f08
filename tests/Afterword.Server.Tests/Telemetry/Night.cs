using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>Someone who was woken at three in the morning: looks at the page Health, at the metrics, and at the alerts that fire.</summary>
internal sealed partial class Night : IDisposable
{
    /// <summary>Settings of a server that is watched.</summary>
    public static readonly string[] Watched = ["Telemetry:Prometheus=true", "Telemetry:Urls=http://127.0.0.1:0"];

    private const int Polls = 100;

    private static readonly AlertRules s_rules = AlertRules.Read();

    private readonly TestServer _server;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private string _before = "";
    private int _operators;

    private Night(TestServer server) => _server = server;

    /// <summary>Begins to watch a server that is well.</summary>
    public static async Task<Night> BeginAsync(TestServer server)
    {
        var night = new Night(server);
        await night.IsQuietAsync();
        return night;
    }

    /// <summary>Sees that nothing is said anywhere.</summary>
    public async Task IsQuietAsync()
    {
        var page = await PageAsync();
        Assert.Empty(Problems().Matches(page).Select(problem => problem.Groups["name"].Value));
        Assert.Contains("The store is read and written. Nothing needs you.", page, StringComparison.Ordinal);
        var scrape = await ScrapeAsync(scrape => s_rules.Firing(_before.Length == 0 ? scrape : _before, scrape).Count == 0);
        Assert.Empty(s_rules.Firing(_before.Length == 0 ? scrape : _before, scrape));
        _before = scrape;
    }

    /// <summary>Sees that a trouble is said on the page, alone and with the way to its mend, and by a metric and an alert.</summary>
    /// <param name="name">What the page calls it.</param>
    /// <param name="sentence">What the page says.</param>
    /// <param name="mend">The command or the setting that leads on.</param>
    /// <param name="metric">What tells it, and its limit.</param>
    /// <param name="alert">The rule that fires.</param>
    public async Task SaysAsync(string name, string sentence, string mend, (string Name, double Above) metric, string alert)
    {
        var page = await PageAsync();
        var problem = Assert.Single(Problems().Matches(page));
        Assert.Equal(name, problem.Groups["name"].Value);
        Assert.Contains(sentence, problem.Groups["text"].Value, StringComparison.Ordinal);
        Assert.Contains(mend, problem.Groups["text"].Value, StringComparison.Ordinal);
        Assert.Contains(problem.Groups["anchor"].Value, AnchorsOf(problem.Groups["file"].Value));
        Assert.DoesNotContain("Nothing needs you.", page, StringComparison.Ordinal);
        var scrape = await ScrapeAsync(scrape => s_rules.Firing(_before, scrape).Contains(alert));
        Assert.True(AlertRules.SeriesOf(scrape).Where(one => one.Name == metric.Name).Max(one => Math.Abs(one.Value)) > metric.Above, metric.Name);
        Assert.Contains(alert, s_rules.Firing(_before, scrape));
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> PageAsync()
    {
        // A session may have ended while the clock went on.
        var browser = await _server.MembershipAsync(Role.Operator, email: $"operator{++_operators}@place.example");
        return WebUtility.HtmlDecode((await browser.GetAsync("/console/admin/health")).Is(200).Html);
    }

    /// <summary>Fetches the metrics. For a third of a second, the exporter tells what it told before.</summary>
    private async Task<string> ScrapeAsync(Func<string, bool> isExpected)
    {
        await _server.Get<HealthMetrics>().LookAsync(TestContext.Current.CancellationToken);
        await _server.Get<BacklogMetrics>().LookAsync(TestContext.Current.CancellationToken);
        var address = new Uri(new Uri(_server.Server.Services.GetServices<IHostedService>().OfType<MetricsListener>().Single().Urls.Single()), "/metrics");
        var scrape = await _http.GetStringAsync(address, TestContext.Current.CancellationToken);
        for (var poll = 0; poll < Polls && !isExpected(scrape); poll++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            scrape = await _http.GetStringAsync(address, TestContext.Current.CancellationToken);
        }

        return scrape;
    }

    // As code hosts make them of headings.
    private static IEnumerable<string> AnchorsOf(string file) => File.ReadLines(Path.Combine(Repository.Root, "docs", file)).Where(line => line.StartsWith('#'))
        .Select(line => Dropped().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("<div class=\"note problem [a-z]+\"[^>]*>(?<text>.*?)<small><code>(?<name>[a-z_]+)</code> · <cite>docs/(?<file>[a-z-]+[.]md)#(?<anchor>[a-z-]+)</cite>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Problems();

    [GeneratedRegex("[^a-z0-9 -]", RegexOptions.None, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Dropped();
}
