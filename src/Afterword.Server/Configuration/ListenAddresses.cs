using System.Net;
using System.Net.Sockets;

namespace Afterword.Server.Configuration;

/// <summary>An address to listen on, and where someone wrote it.</summary>
internal sealed record ListenAddress(string Text, string Origin);

/// <summary>Where the server is told to listen, looked at before it does: of many mistakes the web server makes something else than was meant.</summary>
internal static class ListenAddresses
{
    private const string Examples = "Addresses look like http://localhost:5000, http://10.0.0.7:8080 or, for every interface, http://*:8080.";

    private static readonly string[] s_variables = ["ASPNETCORE_URLS", "DOTNET_URLS", "URLS"];

    /// <param name="settings">Whose endpoints go before <paramref name="urls"/>.</param>
    /// <param name="urls">As the command line has them, or null for those of the environment.</param>
    /// <param name="variable">Reads the environment.</param>
    public static IReadOnlyList<ListenAddress> Of(Settings settings, string? urls, Func<string, string?>? variable = null)
    {
        var endpoints = settings.Kestrel.Where(pair => pair.Key.StartsWith("Kestrel:Endpoints:", StringComparison.OrdinalIgnoreCase) && pair.Key.EndsWith(":Url", StringComparison.OrdinalIgnoreCase))
            .Select(pair => new ListenAddress(pair.Value!, pair.Key)).ToArray();
        if (endpoints.Length > 0) return endpoints;

        // The web server takes its addresses from one of these variables; each that is set is looked at.
        var sources = urls is not null ? [(Text: urls, Origin: "--urls")] : s_variables.Select(name => (Text: (variable ?? Environment.GetEnvironmentVariable)(name) ?? "", Origin: name));
        return [.. sources.SelectMany(source => source.Text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(url => new ListenAddress(url, source.Origin)))];
    }

    /// <returns>What is wrong with an address and how it is mended; null when nothing is.</returns>
    public static string? WrongWith(ListenAddress address) =>
        Reason(address.Text) is { } reason ? $"{address.Origin} has \"{address.Text}\": {reason}. {Examples}" : null;

    /// <summary>Of several, the address that cannot be listened on.</summary>
    /// <param name="addresses">All of them, none of which is wrong by itself.</param>
    /// <param name="error">What the system said, but not of which.</param>
    public static ListenAddress? Refused(IReadOnlyList<ListenAddress> addresses, SocketError error) =>
        addresses.Count == 1 ? addresses[0] : addresses.FirstOrDefault(address => Try(address.Text) == error);

    /// <summary>What to say of an address that something else listens on already; null when none is taken.</summary>
    /// <param name="addresses">All of them; where nobody names any, that of the web server.</param>
    public static string? Taken(IReadOnlyList<ListenAddress> addresses)
    {
        IReadOnlyList<ListenAddress> all = addresses.Count > 0 ? addresses : [new("http://localhost:5000", "")];
        return all.FirstOrDefault(address => Try(address.Text) == SocketError.AddressAlreadyInUse) is { } taken ? WhyRefused(taken, new SocketException((int)SocketError.AddressAlreadyInUse)) : null;
    }

    /// <summary>What to do when the system does not let the server listen on an address.</summary>
    public static string WhyRefused(ListenAddress address, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AccessDenied =>
            $"The server may not listen on {address.Text}: ports below 1024 need a privilege. Choose a higher port with --urls, or give the service the privilege, for example with AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit.",
        SocketError.AddressNotAvailable =>
            $"The server cannot listen on {address.Text}: this machine has no such address. Choose one that it has, which `ip address` lists, or http://*:PORT for all of them.",
        SocketError.AddressAlreadyInUse => $"The server cannot listen on {address.Text}: the address is in use. Stop what listens there, or choose another address with --urls.",
        _ => $"The server cannot listen on {address.Text}: {error.Message}. Choose another address with --urls.",
    };

    /// <summary>What to do about an address that needs a certificate, and has none.</summary>
    public static string WithoutCertificate(IReadOnlyList<ListenAddress> addresses) =>
        $"{addresses.FirstOrDefault(address => address.Text.StartsWith("https:", StringComparison.OrdinalIgnoreCase))?.Text ?? "An address"} needs a certificate, and none is set. "
        + "Set Kestrel:Certificates:Default:Path and Kestrel:Certificates:Default:KeyPath (docs/configuration.md, \"Addresses and TLS\"), or listen on http behind a proxy that has one.";

    private static string? Reason(string text)
    {
        if (!text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) return "it must begin with http:// or https://";

        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(text);
        }
        catch (FormatException)
        {
            return "it names no host";
        }

        if (address.IsUnixPipe || address.IsNamedPipe) return null;
        if (address.PathBase.Length > 0) return "it must end after the port: the server answers every path";
        if (address.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort) return "its port must be a number from 0 to 65535";
        if (address.Host is "*" or "+" || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(address.Host, out _)) return null;

        // What is no number stays a part of the host.
        return address.Host.Contains(':', StringComparison.Ordinal)
            ? "its port must be a number from 0 to 65535"
            : "a name is not an address to listen on, and the server would listen on every interface. DNS and PublicUrl decide which names lead here";
    }

    private static SocketError Try(string text)
    {
        var address = BindingAddress.Parse(text);
        if (address.IsUnixPipe || address.IsNamedPipe) return SocketError.Success;

        var place = IPAddress.TryParse(address.Host, out var ip) ? ip : address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Any;
        try
        {
            using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(place, address.Port));
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }
}
