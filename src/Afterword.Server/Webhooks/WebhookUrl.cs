using System.Net;
using Afterword.Server.Configuration;

namespace Afterword.Server.Webhooks;

/// <summary>Reads the address of an endpoint.</summary>
internal static class WebhookUrl
{
    private const int MostLength = 2048;

    /// <summary>Whether a text is credentials for Basic authentication: <c>user:password</c>.</summary>
    public static bool IsBasic(string text) => text.Contains(':', StringComparison.Ordinal) && !text.Any(char.IsControl);

    /// <summary>Gives the address, or what is wrong with it and how to mend that.</summary>
    /// <remarks>A name is not looked up here: what counts is what it leads to when something is delivered.</remarks>
    public static (Uri? Url, string? Wrong) Read(string text, WebhookSettings settings, EgressGuard guard)
    {
        if (text.Length > MostLength) return (null, $"at most {MostLength} characters");
        if (text.Any(letter => char.IsControl(letter) || letter is ' ' or '\\') || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0
            || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            return (null, "an absolute address such as https://desk.example.com/afterword");
        }

        if (!GuardedHttp.IsAllowed(url, settings)) return (null, "an https address; Webhooks:AllowPlainHttp=true allows http for development");
        if (url.UserInfo.Length > 0) return (null, "an address without user and password; give those with --basic");
        if (url.Fragment.Length > 0) return (null, "an address without a fragment");
        if (IPAddress.TryParse(url.DnsSafeHost, out var address) && !guard.Allows(address))
        {
            return (null, "a public address; Webhooks:AllowedNetworks or Webhooks:AllowPrivateAddresses=true allows others");
        }

        return (url, null);
    }
}
