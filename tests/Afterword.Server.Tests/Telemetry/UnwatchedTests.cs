using Afterword.Server.Errors;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Abuse;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>With nobody who collects, watching costs nothing.</summary>
[Collection(nameof(Alone))]
public sealed class UnwatchedTests
{
    [Fact]
    public async Task Nothing_is_allocated_for_what_nobody_collects()
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite);
        Assert.Empty(server.Server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<MetricsListener>());
        Assert.Null(server.Server.Services.GetService<OpenTelemetry.Metrics.MeterProvider>());
        var (refusalCounter, writes) = (server.Get<RefusalCounter>(), new WriteMetrics(server.Server.Store.Problems.Meter, "main"));
        IReadOnlyList<PendingWrite> batch = [new SingleWrite<int>(_ => Task.FromResult(0))];
        Watch(refusalCounter, writes, batch);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Watch(refusalCounter, writes, batch);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Watch(RefusalCounter refusalCounter, WriteMetrics writes, IReadOnlyList<PendingWrite> batch)
    {
        refusalCounter.Count(ApiError.LimitReached);
        writes.Begin(batch);
        using var span = Tracing.BeginBatch(batch);
        using var commit = Tracing.BeginCommit();
        writes.Committed(0);
        Assert.Null(Tracing.Current);
    }
}
