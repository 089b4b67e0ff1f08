using System.Diagnostics;

namespace Afterword.Server.Storage;

/// <summary>Traces: the spans that a request has besides those of the framework. Nothing is made while nobody collects them.</summary>
internal static class Tracing
{
    /// <summary>The name under which collectors find them.</summary>
    public const string SourceName = "Afterword";

    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>The span that runs just now, if its trace is collected.</summary>
    public static Activity? Current => Source.HasListeners() && Activity.Current is { Recorded: true } current ? current : null;

    /// <summary>Begins the span of a batch, and writes down how long each of its writes waited for it.</summary>
    /// <remarks>A batch belongs to many requests. Its span stands in the trace of the first that is collected, and has links to the others; from each of them a link leads back.</remarks>
    /// <returns>Null when none of its writes belongs to a trace that is collected.</returns>
    public static Activity? BeginBatch(IReadOnlyList<PendingWrite> batch)
    {
        if (!Source.HasListeners()) return null;

        var traced = batch.Where(write => write.Caller is not null).ToArray();
        if (traced.Length == 0) return null;

        var first = traced[0].Caller!.Context;
        var span = Source.StartActivity("write.batch", ActivityKind.Internal, first, tags: [new("afterword.batch.size", batch.Count)], links: traced.Select(write => new ActivityLink(write.Caller!.Context)));
        if (span is null) return null;

        foreach (var write in traced)
        {
            var enqueued = new DateTimeOffset(span.StartTimeUtc - Stopwatch.GetElapsedTime(write.EnqueuedAt));
            Source.StartActivity("write.queue", ActivityKind.Internal, write.Caller!.Context, links: [new(span.Context)], startTime: enqueued)?.Dispose();
        }

        return span;
    }

    /// <summary>Begins the span of a commit; none where the batch has none.</summary>
    public static Activity? BeginCommit() => Activity.Current is null ? null : Source.StartActivity("write.commit");
}
