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
}
