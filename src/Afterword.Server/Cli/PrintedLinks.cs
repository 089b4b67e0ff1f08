using Afterword.Server.Hosting;

namespace Afterword.Server.Cli;

/// <summary>Links that a command prints for somebody to open at the server.</summary>
internal static class PrintedLinks
{
    // Where a server listens that nobody told otherwise.
    private const string UsualBase = "http://localhost:5000";

    public static string Of(Settings settings, string path) => (settings.PublicBase ?? UsualBase) + path;

    /// <summary>What to know of a link whose beginning is a guess; nothing where <c>PublicUrl</c> is set.</summary>
    public static IEnumerable<string> NoteOf(Settings settings) => settings.PublicBase is not null ? [] :
    [
        $"The link begins with {UsualBase}, for no PublicUrl is set for this command. If the server is reached at another address, put that in its place,",
        "and set PublicUrl for commands as for the server: in appsettings.json, as AFTERWORD_PublicUrl, or by --set PublicUrl=https://feedback.example.com",
    ];
}
