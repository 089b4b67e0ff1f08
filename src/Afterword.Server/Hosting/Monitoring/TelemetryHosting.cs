using System.Diagnostics;
using System.Runtime.CompilerServices;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Hands metrics, traces and logs to collectors, if there are any.</summary>
internal static class TelemetryHosting
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Adds nothing at all while nobody collects.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetrySettings settings)
    {
        var sends = settings.Otlp is not null || !string.IsNullOrWhiteSpace(builder.Configuration[Endpoint]);
        if (sends || settings.Prometheus) Collect(builder, settings, sends);
    }

    // Apart, because compiling it loads OpenTelemetry.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Collect(WebApplicationBuilder builder, TelemetrySettings settings, bool sends)
    {
        var telemetry = builder.Services.AddOpenTelemetry();
        telemetry.ConfigureResource(resource => resource.AddService(
            builder.Configuration["OTEL_SERVICE_NAME"] ?? "afterword", serviceVersion: ProgramVersion.Text));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(Problems.MeterName, "System.Runtime").AddAspNetCoreInstrumentation();
            if (settings.Prometheus) metrics.AddPrometheusExporter();
        });
        if (settings.Prometheus) builder.Services.AddHostedService<MetricsListener>();
        if (!sends) return;

        telemetry.WithTracing(traces =>
        {
            if (builder.Configuration["OTEL_TRACES_SAMPLER"] is null) traces.SetSampler(new RequestSampler(settings.TraceShare));
            traces.AddAspNetCoreInstrumentation().AddSource(Tracing.SourceName, "Npgsql").AddProcessor(new HarmlessSpans());
        });
        telemetry.WithLogging(null, logs => (logs.IncludeFormattedMessage, logs.IncludeScopes) = (true, false));
        if (settings.Otlp is { } collector) telemetry.UseOtlpExporter(ProtocolOf(builder, settings), collector);
        else telemetry.UseOtlpExporter();
    }

    private static OtlpExportProtocol ProtocolOf(WebApplicationBuilder builder, TelemetrySettings settings) =>
        settings.OtlpOverHttp ?? builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] is "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;

    /// <summary>Traces a share of the requests, whatever their callers want: those may be anybody.</summary>
    /// <remarks>What belongs to a trace of this process is in it; what the database's driver does by itself begins none.</remarks>
    private sealed class RequestSampler(double share) : Sampler
    {
        private readonly TraceIdRatioBasedSampler _some = new(share);

        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
        {
            var parent = samplingParameters.ParentContext;
            if (parent.TraceId != default && !parent.IsRemote) return new(parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded));

            return samplingParameters.Kind == ActivityKind.Client ? new(SamplingDecision.Drop) : _some.ShouldSample(samplingParameters);
        }
    }

    /// <summary>Leaves of a request's span what is neither a secret nor anybody's: paths hold card links, queries tokens, and names of browsers and addresses are people's.</summary>
    private sealed class HarmlessSpans : BaseProcessor<Activity>
    {
        private static readonly string[] s_kept =
            ["http.request.method", "http.response.status_code", "http.route", "url.scheme", "network.protocol.version", "error.type", "server.port"];

        public override void OnEnd(Activity data)
        {
            if (data.Kind != ActivityKind.Server) return;

            foreach (var (name, _) in data.TagObjects.ToArray())
            {
                if (!s_kept.Contains(name)) data.SetTag(name, null);
            }
        }
    }
}
