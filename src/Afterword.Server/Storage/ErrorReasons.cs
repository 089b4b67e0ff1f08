namespace Afterword.Server.Storage;

/// <summary>What went wrong, and what that came from: "failed to connect" or "exception while reading" alone helps nobody.</summary>
internal static class ErrorReasons
{
    /// <summary>The messages of an error and of its causes, outermost first. One that repeats another is left out.</summary>
    public static IReadOnlyList<string> Of(Exception error)
    {
        var reasons = new List<string>();
        for (Exception? at = error; at is not null; at = at is AggregateException many ? many.InnerExceptions[^1] : at.InnerException)
        {
            if (at is not AggregateException && !reasons.Exists(told => told.Contains(at.Message, StringComparison.Ordinal))) reasons.Add(at.Message);
        }

        return reasons;
    }
}
