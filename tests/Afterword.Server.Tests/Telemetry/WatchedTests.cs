using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Tests.Abuse;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>What collectors fetch from a server, and what dashboard, alert rules and the page on watching say of it.</summary>
/// <remarks>Collectors listen to all servers of a process: no other is there meanwhile.</remarks>
[Collection(nameof(Alone))]
public sealed partial class WatchedTests : IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private WebhookFixture _fixture = null!;
    private Receiver _receiver = null!;

    private TestServer Server => _fixture.Server;

    private Uri Metrics => new(Server.Server.Services.GetServices<IHostedService>().OfType<MetricsListener>().Single().Urls.Single());

    public async ValueTask InitializeAsync()
    {
        _receiver = await Receiver.StartAsync();
        _fixture = await WebhookFixture.StartAsync(Engine.Sqlite, "Telemetry:Prometheus=true", "Telemetry:Urls=http://127.0.0.1:0", "Telemetry:PerSender=true");
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
        _http.Dispose();
    }

    [Fact]
    public async Task What_happens_is_counted_by_names_that_dashboard_alerts_and_the_page_know_and_says_nothing_of_anybody()
    {
        var webhook = await _fixture.AddAsync(_receiver, "/PLANTEDPATH");
        var asked = await _fixture.Fixture.AskAsync("csat", ("external_id", "PLANTEDREFERENCE"), ("display_name", "PLANTEDNAME"), ("include_card", "true"));
        (await Server.SendAsync(null, HttpMethod.Get, "/f/PLANTEDLINK", null)).Is(404);
        (await _fixture.Fixture.SubmitAsync(asked.Text("id"), ("score", "4"), ("text", "PLANTEDTEXT"))).Is(200);
        (await Server.PostAsync(_fixture.Fixture.Sender, "/1.1/feedback/create.json", ("type", "PLANTEDTYPE"))).Is(400);
        (await Server.PostAsync(_fixture.Fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", Text(_fixture.Fixture.Ana.Id)), ("external_id", "PLANTEDTICKET"))).Is(200);
        await _fixture.DrainAsync();
        await Server.Get<BacklogMetrics>().LookAsync(TestContext.Current.CancellationToken);

        var page = await ScrapeAsync();
        var sender = $"sender=\"{Text(_fixture.Fixture.Furni.Id)}\"";
        Assert.Equal("1", Value(page, "afterword_creates_total", sender, "type=\"csat\"", "test=\"false\""));
        Assert.Equal(("1", "1"), (Value(page, "afterword_answers_total", "part=\"score\""), Value(page, "afterword_answers_total", "part=\"comment\"")));
        Assert.Equal("3", Value(page, "afterword_refusals_total", "code=\"38\""));
        Assert.Equal("1", Value(page, "afterword_conversations_total", "decision=\"skipped\""));
        Assert.Equal("3", Value(page, "afterword_deliveries_total", "outcome=\"delivered\""));
        Assert.Equal(("0", "0"), (Value(page, "afterword_deliveries_waiting"), Value(page, "afterword_trouble", "cause=\"disk_full\"")));

        // Names as the exporter makes them of the instruments, so that those which have not come up yet have names too.
        var instruments = Instruments();
        var known = instruments.Select(PrometheusName).ToHashSet();
        var exported = Types().Matches(page).Select(type => type.Groups["name"].Value).ToHashSet();
        Assert.Equal([], exported.Where(name => name.StartsWith("afterword_", StringComparison.Ordinal)).Except(known));
        foreach (var file in (string[])["alerts.yml", "dashboard.json"])
        {
            var used = Names().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "eng", "watch", file))).Select(name => Suffix().Replace(name.Value, "")).Distinct().ToArray();
            Assert.True(used.Length > 10);
            Assert.Equal([], used.Where(name => !known.Contains(name) && !exported.Contains(name)));
        }

        var rows = Rows().Matches(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "watching.md"))).Select(row => row.Groups["name"].Value).Order(StringComparer.Ordinal);
        Assert.Equal(instruments.Select(instrument => instrument.Name).Order(StringComparer.Ordinal), rows);

        string[] secrets = ["PLANTED", asked.Text("card_token"), _fixture.Fixture.Sender.Token!, _fixture.Fixture.Sender.ConsumerKey, Text(_fixture.Fixture.Ana.Id), "furni.example", webhook.Secret.ToString()];
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, page, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_public_address_knows_no_metrics_and_that_of_the_metrics_nothing_else()
    {
        (await Server.SendAsync(null, HttpMethod.Get, "/metrics", null)).Is(404);

        // Whatever a client claims about where it is.
        (await Server.SendAsync(null, HttpMethod.Get, "/metrics", null, request => request.Headers.Host = Metrics.Authority)).Is(404);
        foreach (var path in (string[])["/", "/healthz/live", "/console", "/metricsx", "/1.1/feedback/show/1.json"])
        {
            using var other = await _http.GetAsync(new Uri(Metrics, path), TestContext.Current.CancellationToken);
            Assert.True(other.StatusCode == HttpStatusCode.NotFound, path);
        }

        Assert.Contains("# TYPE afterword_trouble gauge", await ScrapeAsync(), StringComparison.Ordinal);
    }

    private async Task<string> ScrapeAsync() => await _http.GetStringAsync(new Uri(Metrics, "/metrics"), TestContext.Current.CancellationToken);

    /// <summary>The value of the one series of a name that has all these labels.</summary>
    private static string Value(string page, string name, params string[] labels) => Assert.Single(
        Series().Matches(page), series => series.Groups["name"].Value == name && Array.TrueForAll(labels, label => series.Groups["labels"].Value.Contains(label, StringComparison.Ordinal)))
        .Groups["value"].Value;

    private Instrument[] Instruments()
    {
        // What is made when it is first needed.
        _ = Server.Get<RefusalCounter>();
        var found = new Dictionary<string, Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter == Server.Server.Store.Problems.Meter) found[instrument.Name] = instrument;
            },
        };
        listener.Start();
        return [.. found.Values];
    }

    private static string PrometheusName(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return $"{instrument.Name.Replace('.', '_')}{unit}{(instrument.GetType().GetGenericTypeDefinition() == typeof(Counter<>) ? "_total" : "")}";
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^# TYPE (?<name>\w+) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Types();

    [GeneratedRegex(@"\b(afterword|http_server|kestrel|dotnet)_\w+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Names();

    [GeneratedRegex(@"^(?<name>\w+)(\{(?<labels>[^}]*)\})? (?<value>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Series();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Suffix();

    [GeneratedRegex(@"^\| `(?<name>afterword\.[a-z_.]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5_000)]
    private static partial Regex Rows();
}
