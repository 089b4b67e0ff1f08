namespace Afterword.Server.Hosting;

/// <summary>Where log lines go and how they look.</summary>
internal static class Logs
{
    public static void ConfigureLogs(this ILoggingBuilder logging)
    {
        logging.ClearProviders();

        // One JSON object a line for machines; for a person at a terminal, plain lines. Both on stderr, since stdout is for answers.
        if (Console.IsErrorRedirected) logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        else logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        // The framework's request lines hold paths, and a card's path is its key.
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // All it writes are those lines. While any level of it is on, each request gets an activity and a log scope that nobody reads.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);
    }
}
