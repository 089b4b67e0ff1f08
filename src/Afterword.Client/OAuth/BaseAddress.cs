using System.Text;

namespace Afterword.Client.OAuth;

/// <summary>
/// The base string URI of a request (RFC 5849, section 3.4.1.2): scheme and host in lower case, no default port, the
/// path exactly as it was sent, no query.
/// </summary>
public readonly ref struct BaseAddress
{
    private readonly ReadOnlySpan<char> _scheme;
    private readonly ReadOnlySpan<char> _host;
    private readonly ReadOnlySpan<char> _path;

    /// <summary>The address of a request as a server sees it.</summary>
    /// <param name="scheme">The scheme the client used, <c>http</c> or <c>https</c> in any letter case.</param>
    /// <param name="host">The value of the Host header: a name or address, with or without a port.</param>
    /// <param name="target">
    /// The request target as sent, still encoded, with or without a query. The absolute form
    /// (<c>https://host/path</c>) is accepted, and its own host ignored.
    /// </param>
    public BaseAddress(ReadOnlySpan<char> scheme, ReadOnlySpan<char> host, ReadOnlySpan<char> target)
    {
        _scheme = scheme;
        _host = WithoutDefaultPort(scheme, host);
        _path = PathOf(target);
    }

    /// <summary>The address of a request as a client is about to send it.</summary>
    /// <exception cref="ArgumentException">The address is not absolute.</exception>
    public BaseAddress(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri) throw new ArgumentException("The address must be absolute.", nameof(address));

        _scheme = address.Scheme;
        _host = HostOf(address);
        _path = address.AbsolutePath;
    }

    /// <summary>The most bytes <see cref="Write"/> can need.</summary>
    public int MaxLength => Encoding.UTF8.GetMaxByteCount(_scheme.Length + _host.Length + _path.Length + 4);

    /// <summary>Writes the address, not yet percent-encoded, and returns its length in bytes.</summary>
    /// <param name="destination">Room for <see cref="MaxLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public int Write(Span<byte> destination)
    {
        var written = Encoding.UTF8.GetBytes(_scheme, destination);
        "://"u8.CopyTo(destination[written..]);
        written += 3;
        written += Encoding.UTF8.GetBytes(_host, destination[written..]);

        foreach (ref var letter in destination[..written])
        {
            if (letter is >= (byte)'A' and <= (byte)'Z') letter |= 0x20;
        }

        if (_path.IsEmpty) destination[written++] = (byte)'/';
        return written + Encoding.UTF8.GetBytes(_path, destination[written..]);
    }

    /// <summary>The address as text.</summary>
    public override string ToString()
    {
        var bytes = new byte[MaxLength];
        return Encoding.UTF8.GetString(bytes, 0, Write(bytes));
    }

    /// <summary>The Host header that an HTTP client sends for an address; the port only if it is not the default.</summary>
    internal static string HostOf(Uri address)
    {
        // IdnHost is what goes over the wire, but it leaves out the brackets that an IPv6 address needs.
        var host = address.HostNameType is UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{host}:{address.Port}");
    }

    private static ReadOnlySpan<char> WithoutDefaultPort(ReadOnlySpan<char> scheme, ReadOnlySpan<char> host)
    {
        var port = scheme.Equals("https", StringComparison.OrdinalIgnoreCase) ? ":443" : ":80";
        if (host.EndsWith(port)) return host[..^port.Length];

        return host.EndsWith(':') ? host[..^1] : host;
    }

    private static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        if (!target.StartsWith('/') && target.IndexOf("://", StringComparison.Ordinal) is >= 0 and var authority)
        {
            target = target[(authority + 3)..];
            var path = target.IndexOfAny('/', '?');
            target = path < 0 ? [] : target[path..];
        }

        var query = target.IndexOf('?');
        return query < 0 ? target : target[..query];
    }
}
