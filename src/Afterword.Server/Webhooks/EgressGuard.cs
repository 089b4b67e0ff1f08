using System.Net;
using System.Net.Sockets;
using Afterword.Server.Configuration;

namespace Afterword.Server.Webhooks;

/// <summary>Looks up the addresses of a host name.</summary>
internal delegate Task<IPAddress[]> Resolve(string host, CancellationToken stop);

/// <summary>Lets webhooks connect to public addresses alone: resolves, judges and connects in one step, so that the address judged is the address used.</summary>
internal sealed class EgressGuard(WebhookSettings settings, Resolve resolve)
{
    // Everything that is not a host somewhere on the internet: the special-purpose registries of IANA, and what can carry
    // another address inside. https://www.iana.org/assignments/iana-ipv4-special-registry
    private static readonly IPNetwork[] s_special4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",

            // Where a cloud answers its machines: inside a public range.
            "168.63.129.16/32",
        }.Select(IPNetwork.Parse),
    ];

    // Of IPv6 only this is given out to hosts; the unspecified, loopback, mapped, NAT64, private, link-local, site-local and
    // multicast ones lie outside. https://www.iana.org/assignments/iana-ipv6-special-registry
    private static readonly IPNetwork s_global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] s_special6 =
    [
        // Protocol assignments with Teredo, benchmarking and ORCHID; documentation; 6to4; AS112.
        .. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20" }.Select(IPNetwork.Parse),
    ];

    /// <summary>Whether webhooks may connect to this address.</summary>
    public bool Allows(IPAddress address)
    {
        var judged = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : WithoutScope(address);
        if (settings.LoopbackOnly) return IPAddress.IsLoopback(judged);

        return settings.AllowPrivateAddresses || IsPublic(judged) || settings.AllowedNetworks.Any(network => network.Contains(judged));
    }

    /// <exception cref="HttpRequestException">The host has no address that may be connected to, or none answers.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken stop)
    {
        var found = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await LookUpAsync(target.Host, stop);
        var allowed = Array.FindAll(found, Allows);
        if (allowed.Length == 0)
        {
            // One answer for a name that does not exist and one that leads inside: whoever may test a webhook would else learn the names of this network.
            throw new HttpRequestException(
                HttpRequestError.ConnectionError,
                $"{target.Host} has no public address. Either its name is not known, or Webhooks:AllowedNetworks or Webhooks:AllowPrivateAddresses would have to let it through.");
        }

        // One after the other, as the resolver ordered them; the addresses that were judged, never the name again.
        for (var i = 0; ; i++)
        {
            try
            {
                return await ConnectAsync(allowed[i], target.Port, stop);
            }
            catch (SocketException) when (i + 1 < allowed.Length)
            {
            }
        }
    }

    private async Task<IPAddress[]> LookUpAsync(string host, CancellationToken stop)
    {
        try
        {
            return await resolve(host, stop);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    private static async Task<Stream> ConnectAsync(IPAddress address, int port, CancellationToken stop)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsPublic(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? !Array.Exists(s_special4, network => network.Contains(address))
        : s_global6.Contains(address) && !Array.Exists(s_special6, network => network.Contains(address)) && !LeadsInsideByIsatap(address.GetAddressBytes());

    // RFC 5214, section 6.1: under any prefix, the last half of the address carries one of IPv4.
    private static bool LeadsInsideByIsatap(ReadOnlySpan<byte> bytes) =>
        bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe && !IsPublic(new IPAddress(bytes[12..]));

    // An interface's name behind a percent sign changes nothing of what the address is.
    private static IPAddress WithoutScope(IPAddress address) =>
        address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: not 0 } ? new IPAddress(address.GetAddressBytes()) : address;
}
