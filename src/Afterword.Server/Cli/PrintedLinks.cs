using Afterword.Server.Cli.Operations;
using Afterword.Server.Configuration;

namespace Afterword.Server.Cli;

/// <summary>Links that a command prints for someone to open at the server.</summary>
internal static class PrintedLinks
{
    // Where a server listens that nobody told otherwise.
    private const string UsualBase = "http://localhost:5000";

    public static string Of(Settings settings, string path) => BaseOf(settings).Base + path;

    /// <summary>What to know of a link that may not lead its reader to the server; nothing where <c>PublicUrl</c> is set.</summary>
    public static IEnumerable<string> NoteOf(Settings settings)
    {
        if (settings.PublicBase is not null) return [];

        var (begin, isServed) = BaseOf(settings);
        return
        [
            isServed ? $"The link begins with {begin}, where the server listens, for no PublicUrl is set. If it is reached at another address, put that in its place,"
                : $"The link begins with {begin}, for no PublicUrl is set for this command. If the server is reached at another address, put that in its place,",
            "and set PublicUrl for commands as for the server: in appsettings.json, as AFTERWORD_PublicUrl, or by --set PublicUrl=https://feedback.example.com",
        ];
    }

    private static (string Base, bool IsServed) BaseOf(Settings settings)
    {
        if (settings.PublicBase is { } named) return (named, true);
        if (ServedAddress.Read(settings) is { } served) return (served, true);

        try
        {
            // Where a server listens that has these settings and this environment.
            return (HealthCommand.AddressOf(settings, Environment.GetEnvironmentVariable("ASPNETCORE_URLS")).GetLeftPart(UriPartial.Authority), false);
        }
        catch (CommandException)
        {
            return (UsualBase, false);
        }
    }
}
