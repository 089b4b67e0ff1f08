using Npgsql;

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
            if (at is not AggregateException && MessageOf(at) is var message && !reasons.Exists(told => told.Contains(message, StringComparison.Ordinal))) reasons.Add(message);
        }

        return reasons;
    }

    // Behind it the driver writes further lines: where in a statement of ours it was.
    private static string MessageOf(Exception error) => error is PostgresException postgres ? $"{postgres.SqlState}: {postgres.MessageText}" : error.Message;
}
