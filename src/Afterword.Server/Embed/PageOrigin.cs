using System.Net;

namespace Afterword.Server.Embed;

/// <summary>Whose page it is: scheme, host and port, spelled as browsers send them in <c>Origin</c> (RFC 6454, section 6.2).</summary>
internal readonly record struct PageOrigin(string Text)
{
    private const int MostLength = 300;

    /// <summary>Gives the origin of an address that a person wrote, or what it must be instead.</summary>
    /// <remarks>
    /// There are no wildcards: one forgotten name below a domain, taken over by someone else, would be let in with the rest.
    /// Plain http is for trying out alone: on the way to another machine anybody could change the page and read what is typed.
    /// </remarks>
    public static (PageOrigin? Origin, string? Wrong) Read(string text)
    {
        if (text.Contains('*', StringComparison.Ordinal)) return (null, "one origin, without *; allow each on its own");
        if (text.Length > MostLength || text.Any(letter => char.IsControl(letter) || letter is ' ' or '\\')
            || !Uri.TryCreate(text, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp) || url.Host.Length == 0)
        {
            return (null, "an origin such as https://shop.example");
        }

        if (url.UserInfo.Length > 0 || url.PathAndQuery != "/" || url.Fragment.Length > 0) return (null, $"an origin alone, without a path: {Spell(url)}");
        if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback) return (null, "an https origin; http is for localhost alone");
        return (new(Spell(url)), null);
    }

    public override string ToString() => Text;

    // Uri gives the host in small letters and leaves out the usual port; the browser's form of other scripts is Punycode.
    private static string Spell(Uri url)
    {
        var host = url.HostNameType == UriHostNameType.IPv6 ? $"[{IPAddress.Parse(url.DnsSafeHost)}]" : url.IdnHost;
        return url.IsDefaultPort ? $"{url.Scheme}://{host}" : $"{url.Scheme}://{host}:{url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
    }
}
