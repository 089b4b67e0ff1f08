using Afterword.Server.Parsing;

namespace Afterword.Server.SignIn;

/// <summary>Names a browser by its <c>User-Agent</c>, well enough to tell one's own apart.</summary>
internal static class BrowserNames
{
    private const int Most = 200;

    // The order matters: each names those that it stems from.
    private static readonly (string Sign, string Name)[] s_browsers = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari")];
    private static readonly (string Sign, string Name)[] s_systems = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")];

    /// <summary>The header as it is stored.</summary>
    public static string Read(HttpContext http) => TextRules.Cut(http.Request.Headers.UserAgent.ToString(), Most);

    /// <summary>Such as "Firefox on Linux"; null for a program that says nothing that is known.</summary>
    public static string? Of(string agent) => (NameOf(agent, s_browsers), NameOf(agent, s_systems)) switch
    {
        (null, var system) => system,
        (var browser, null) => browser,
        var (browser, system) => $"{browser} on {system}",
    };

    private static string? NameOf(string agent, (string Sign, string Name)[] known) => Array.Find(known, one => agent.Contains(one.Sign, StringComparison.Ordinal)).Name;
}
