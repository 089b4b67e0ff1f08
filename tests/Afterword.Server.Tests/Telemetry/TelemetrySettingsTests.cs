using Afterword.Server.Configuration;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>Who watches is said by settings, and nobody does without.</summary>
public sealed class TelemetrySettingsTests
{
    [Fact]
    public void Without_any_nobody_watches_and_no_label_is_a_sender()
    {
        var telemetry = Read().Settings!.Telemetry;

        Assert.Equal((null, null, false, 0.05, false), (telemetry.Otlp, telemetry.OtlpOverHttp, telemetry.Prometheus, telemetry.TraceShare, telemetry.PerSender));
        Assert.Equal(["http://localhost:9464"], telemetry.Urls);
        Assert.Equal(["type"], telemetry.Labels(7, new KeyValuePair<string, object?>("type", "csat")).Select(label => label.Key));
    }

    [Fact]
    public void Senders_are_labels_where_an_operator_says_so()
    {
        var telemetry = Read(("Telemetry:PerSender", "true")).Settings!.Telemetry;

        Assert.Equal("7", Assert.Single(telemetry.Labels(7), label => label.Key == "sender").Value);
    }

    [Theory]
    [InlineData("Telemetry:Urls", "https://localhost:9464")]
    [InlineData("Telemetry:Urls", "http://localhost:9464/metrics")]
    [InlineData("Telemetry:Urls", "http://*:9464;9465")]
    [InlineData("Telemetry:Otlp", "localhost:4317")]
    [InlineData("Telemetry:OtlpProtocol", "thrift")]
    [InlineData("Telemetry:TraceShare", "1.5")]
    [InlineData("Telemetry:TraceShare", "-0.1")]
    [InlineData("Telemetry:Promtheus", "true")]
    public void What_is_wrong_is_told(string key, string value) => Assert.Contains(key, Assert.Single(Read((key, value)).Errors), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://*:9464")]
    [InlineData("http://10.0.0.7:9464;http://[::1]:9464")]
    public void Metrics_may_have_several_addresses(string urls) => Assert.Equal(urls.Split(';'), Read(("Telemetry:Urls", urls)).Settings!.Telemetry.Urls);

    private static (Settings? Settings, IReadOnlyList<string> Errors) Read(params (string Key, string Value)[] given) =>
        SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build());
}
