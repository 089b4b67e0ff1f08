namespace Afterword.Server.Configuration;

/// <summary>Section <c>Http</c>, and what is read of Kestrel's own section of limits.</summary>
internal sealed record HttpSettings
{
    /// <summary>Connections that are open at once, at all addresses together; null for as many as the process has room for.</summary>
    public required int? MaxConnections { get; init; }

    /// <summary>The same from one address (IPv6: a /64); null for a quarter of all, 0 for no limit of its own.</summary>
    public required int? ConnectionsPerAddress { get; init; }

    /// <summary>Connections to webhooks, senders' own means and the mail server that are open at once; null for 512, or what the process has room for.</summary>
    public required int? MaxOutgoingConnections { get; init; }

    /// <summary>How long a connection may wait for its next request; 130 s by default, which is longer than proxies keep theirs.</summary>
    public required TimeSpan KeepAlive { get; init; }

    /// <summary>How long a new connection may send nothing, and how long the headers of a request may take; 30 s by default.</summary>
    public required TimeSpan Headers { get; init; }
}

// What the web server holds.
internal sealed partial class SettingsReader
{
    private static readonly (TimeSpan Least, TimeSpan Most) s_waits = (TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    private HttpSettings Http() => new()
    {
        // Kestrel's own name for it is what those know who have run other servers on it; there it counts for each address that is listened on.
        MaxConnections = Count("Http:MaxConnections", 1) ?? Count($"{KestrelLimits}:MaxConcurrentConnections", 1),
        ConnectionsPerAddress = Count("Http:ConnectionsPerAddress", 0),
        MaxOutgoingConnections = Count("Http:MaxOutgoingConnections", 1),
        KeepAlive = Duration($"{KestrelLimits}:KeepAliveTimeout", TimeSpan.FromSeconds(130), s_waits.Least, s_waits.Most),
        Headers = Duration($"{KestrelLimits}:RequestHeadersTimeout", TimeSpan.FromSeconds(30), s_waits.Least, s_waits.Most),
    };

    private int? Count(string key, int least) => Raw(key) is null ? null : (int)Whole(key, least, least, 1_000_000);
}
