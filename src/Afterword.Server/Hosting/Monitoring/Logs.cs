namespace Afterword.Server.Hosting.Monitoring;

/// <summary>Where log lines go and how they look.</summary>
internal static class Logs
{
    public static void ConfigureLogs(this ILoggingBuilder logging)
    {
        logging.ClearProviders();

        // One JSON object a line for machines; for a person at a terminal, plain lines. Both on stderr, since stdout is for answers.
        if (System.Console.IsErrorRedirected) logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        else logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        // The framework's request lines hold paths, and a card's path is its key.
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // All it writes are those lines. While any level of it is on, each request gets an activity and a log scope that nobody reads.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);

        // It logs an error for every cookie that it cannot read, which anybody may send. The form is refused with a page.
        logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Critical);
        logging.Services.PostConfigure<LoggerFilterOptions>(KeepSecrets);
    }

    /// <summary>Whatever the section Logging asks for: below a warning, libraries write paths, headers and parameters, which hold card links and tokens.</summary>
    private static void KeepSecrets(LoggerFilterOptions filters)
    {
        // For what no rule names. The last of two that fit alike counts, so that a default of the section goes before this one.
        filters.Rules.Insert(0, new(null, null, filters.MinLevel, null));
        for (var i = 0; i < filters.Rules.Count; i++)
        {
            var rule = filters.Rules[i];
            filters.Rules[i] = new(
                rule.ProviderName, rule.CategoryName, rule.LogLevel,
                (provider, category, level) => IsHarmless(category, level) && (rule.Filter?.Invoke(provider, category, level) ?? true));
        }
    }

    private static bool IsHarmless(string? category, LogLevel level) =>
        level >= LogLevel.Warning || category is null || category.StartsWith("Afterword.", StringComparison.Ordinal) || category == "Microsoft.Hosting.Lifetime";
}
