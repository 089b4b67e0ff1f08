using System.Diagnostics;
using System.Globalization;

namespace Afterword.Server.Configuration;

/// <summary>Section <c>Telemetry</c>: who watches this server.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>The collector that gets metrics, traces and logs; null for what OpenTelemetry's own variables say.</summary>
    public required Uri? Otlp { get; init; }

    /// <summary>How it is spoken to: HTTP instead of gRPC; null for what OpenTelemetry's own variable says.</summary>
    public required bool? OtlpOverHttp { get; init; }

    /// <summary>Whether collectors may fetch the metrics in the text format of Prometheus.</summary>
    public required bool Prometheus { get; init; }

    /// <summary>Where they fetch them: addresses that serve nothing else.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>The share of requests that are traced, 0 to 1; 0.05 by default.</summary>
    public required double TraceShare { get; init; }

    /// <summary>Whether metrics tell senders apart, by their ids.</summary>
    public required bool PerSender { get; init; }

    /// <summary>Labels of a measurement, with that of the sender where senders are told apart.</summary>
    public TagList Labels(long sender, params ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        var all = new TagList(labels);
        if (PerSender) all.Add("sender", sender.ToString(CultureInfo.InvariantCulture));
        return all;
    }
}

// Who watches.
internal sealed partial class SettingsReader
{
    private TelemetrySettings Telemetry() => new()
    {
        Otlp = Url("Telemetry:Otlp"),
        OtlpOverHttp = Raw("Telemetry:OtlpProtocol") is null ? null : OneOf("Telemetry:OtlpProtocol", "grpc", "http") == "http",
        Prometheus = OneOf("Telemetry:Prometheus", "false", "true") == "true",
        Urls = PlainAddresses("Telemetry:Urls", "http://localhost:9464"),
        TraceShare = Share("Telemetry:TraceShare", 0.05),
        PerSender = OneOf("Telemetry:PerSender", "false", "true") == "true",
    };

    private string[] PlainAddresses(string key, string otherwise)
    {
        var all = Text(key, otherwise).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        // Kestrel's stars are no host names.
        return Array.Find(all, text => !Uri.TryCreate(text.Replace("//*", "//any", StringComparison.Ordinal).Replace("//+", "//any", StringComparison.Ordinal), UriKind.Absolute, out var url)
            || url is not { Scheme: "http", PathAndQuery: "/", UserInfo: "" }) is { } wrong
            ? Wrong(key, wrong, "http addresses without a path, separated by semicolons, such as http://localhost:9464", all)
            : all;
    }

    private double Share(string key, double otherwise)
    {
        if (Raw(key) is not { } text) return otherwise;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1) return share;

        return Wrong(key, text, "a number from 0 to 1, such as 0.05", otherwise);
    }
}
