using Afterword.Server.Configuration;
using Afterword.Server.Hosting;

namespace Afterword.Server.SignIn;

/// <summary>
/// Knows where nobody can sign in: browsers keep the cookies of a session, which are <c>Secure</c>, over https and on the machine
/// itself. Elsewhere they drop them without a word.
/// </summary>
internal static class PlainHttpWarning
{
    /// <summary>Whether the browser will drop the cookies of this answer, as far as can be told.</summary>
    public static bool DropsCookies(HttpContext http)
    {
        var request = http.Request;

        // Browsers send Sec-Fetch-* to what they trust alone: behind a proxy that nobody configured, the request only looks like plain http.
        return !request.IsHttps && !PublicAddress.IsLoopback(request.Host.Host) && !request.Headers.ContainsKey("Sec-Fetch-Mode") && !request.Headers["X-Forwarded-Proto"].ToString().StartsWith("https", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What to say when the server starts; null where people can sign in.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="urls">Where it listens.</param>
    public static string? WarningFor(Settings settings, IEnumerable<string> urls)
    {
        // Its owner says that it is reached by https, or on this machine.
        if (settings.PublicUrl is { } known && (known.Scheme == Uri.UriSchemeHttps || PublicAddress.IsLoopback(known.Host))) return null;

        var plain = urls.Select(url => BindingAddress.Parse(url)).Where(url => url.Scheme == Uri.UriSchemeHttp && !PublicAddress.IsLoopback(url.Host)).Select(url => url.ToString()).ToArray();
        if (settings.PublicUrl is null && plain.Length == 0) return null;

        return $"Nobody can sign in over plain http, except at http://localhost: {(settings.PublicUrl is { } other ? $"PublicUrl is {other}" : $"this server listens on {string.Join(", ", plain)}")}. "
            + "Put https in front (docs/operating.md) and set PublicUrl to the https address.";
    }
}
