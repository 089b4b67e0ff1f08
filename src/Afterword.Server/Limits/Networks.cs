using System.Net;
using System.Net.Sockets;

namespace Afterword.Server.Limits;

internal static class Networks
{
    /// <summary>What an address is counted as: one customer of a provider has a whole /64 of IPv6 addresses.</summary>
    public static IPAddress Of(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>The same, but null for what has no share of its own: all customers of a proxy come from its address, and a proxy on this machine need not be named.</summary>
    /// <param name="address">Of whoever calls.</param>
    /// <param name="proxies">Those that are known.</param>
    public static IPAddress? CountedAs(IPAddress? address, IReadOnlyList<IPNetwork> proxies)
    {
        if (address is null || IPAddress.IsLoopback(address)) return null;

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return proxies.Any(proxy => proxy.Contains(plain)) ? null : Of(address);
    }
}
