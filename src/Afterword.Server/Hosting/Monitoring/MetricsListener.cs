using Afterword.Server.Configuration;
using OpenTelemetry.Metrics;

namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Answers collectors that fetch metrics, at addresses that serve nothing else: at those of the public there is no such path.</summary>
internal sealed class MetricsListener(Settings settings, MeterProvider metrics) : IHostedService, IAsyncDisposable
{
    private const string Path = "/metrics";

    // A few collectors, and someone who looks.
    private const int MostConnections = 32;

    private WebApplication? _app;

    /// <summary>Where it listens, once started.</summary>
    public ICollection<string> Urls => _app?.Urls ?? [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Without the configuration of the host: its addresses are those of the public.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
        });
        builder.WebHost.UseUrls([.. settings.Telemetry.Urls]);
        _app = builder.Build();
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, null, Path, null, null);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException error)
        {
            throw new InvalidOperationException($"{error.Message} Choose another address for metrics with Telemetry:Urls.", error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;
}
