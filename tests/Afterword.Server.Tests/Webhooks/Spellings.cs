using System.Globalization;
using System.Net;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>A host as an attacker might write it.</summary>
/// <param name="Host">What stands in the address.</param>
/// <param name="Leads">What a resolver says of it, call by call; null when it is an address already.</param>
/// <param name="IsHere">Without a guard it reaches this machine.</param>
internal sealed record Spelling(string Host, IPAddress[][]? Leads, bool IsHere);

/// <summary>Ways to write addresses that no webhook may reach.</summary>
internal static class Spellings
{
    private static readonly string[] s_forbidden4 =
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    ];

    private static readonly string[] s_forbidden6 =
    [
        "::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "fe80::1", "fe80::1%251", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "ff0e::1",
        "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002::1", "3fff::1", "5f00::1", "64:ff9b::1", "64:ff9b:1::1", "4000::1", "e000::1", "::2", "::ffff:0:7f00:1",
    ];

    public static IEnumerable<Spelling> All()
    {
        foreach (var text in s_forbidden4)
        {
            var address = IPAddress.Parse(text);
            var here = text.StartsWith("127.", StringComparison.Ordinal) || text == "0.0.0.0";
            foreach (var host in Of4(address.GetAddressBytes())) yield return new(host, null, here && !host.StartsWith('['));
            yield return new($"[::ffff:{text}]", null, here);
            foreach (var host in Inside6(address.GetAddressBytes())) yield return new(host, null, IsHere: false);
            foreach (var spelling in Named(address, here)) yield return spelling;
        }

        foreach (var text in s_forbidden6)
        {
            yield return new($"[{text}]", null, text is "::" or "::1");
            if (!text.Contains('%', StringComparison.Ordinal)) yield return new("v6.attacker.example", [[IPAddress.Parse(text)]], text is "::" or "::1");
        }
    }

    private static IEnumerable<string> Of4(byte[] b)
    {
        var whole = ((uint)b[0] << 24) | ((uint)b[1] << 16) | ((uint)b[2] << 8) | b[3];
        var (low24, low16) = (whole & 0xff_ffff, whole & 0xffff);
        string[] plain =
        [
            $"{b[0]}.{b[1]}.{b[2]}.{b[3]}", $"{whole}", $"0x{whole:x8}", $"0X{whole:X8}", $"0{Convert.ToString(whole, 8)}",
            $"0x{b[0]:x}.0x{b[1]:x}.0x{b[2]:x}.0x{b[3]:x}", $"0{Convert.ToString(b[0], 8)}.0{Convert.ToString(b[1], 8)}.0{Convert.ToString(b[2], 8)}.0{Convert.ToString(b[3], 8)}",
            $"0000{Convert.ToString(b[0], 8)}.0.0{Convert.ToString(b[2], 8)}.{b[3]}".Replace(".0.", $".{b[1]}.", StringComparison.Ordinal),
            $"{b[0]}.{low24}", $"{b[0]}.{b[1]}.{low16}", $"0x{b[0]:x}.{low24}", $"{b[0]}.0x{low24:x}", $"{b[0]}.0{Convert.ToString(low24, 8)}", $"{b[0]}.{b[1]}.0x{low16:x}",
        ];
        foreach (var host in plain) yield return host;

        yield return plain[0] + ".";
        yield return "user@" + plain[0];
        yield return "public.example:443@" + plain[0];
        yield return "public.example%2f@" + plain[0];
        yield return string.Concat(plain[0].Select(letter => $"%{(int)letter:x2}"));
        yield return string.Concat(plain[0].Select(letter => letter == '.' ? '.' : (char)('\uff10' + (letter - '0'))));
        yield return string.Concat(plain[0].Select(letter => letter == '.' ? '\u3002' : letter));
        yield return string.Concat(plain[0].Select(letter => letter switch { '.' => '.', '0' => '\u24ea', _ => (char)('\u2460' + (letter - '1')) }));
    }

    private static IEnumerable<string> Inside6(byte[] b)
    {
        var hex = $"{b[0]:x2}{b[1]:x2}:{b[2]:x2}{b[3]:x2}";
        yield return $"[::{hex}]";
        yield return $"[::ffff:0:{hex}]";
        yield return $"[64:ff9b::{hex}]";
        yield return $"[64:ff9b:1::{hex}]";
        yield return $"[2002:{hex}::1]";
        yield return $"[2001:0:{hex}::1]";
        yield return $"[2001::{(byte)~b[0]:x2}{(byte)~b[1]:x2}:{(byte)~b[2]:x2}{(byte)~b[3]:x2}]";
        yield return $"[fe80::5efe:{hex}]";
    }

    private static IEnumerable<Spelling> Named(IPAddress address, bool here)
    {
        yield return new("one.attacker.example", [[address]], here);
        yield return new("twice.attacker.example", [[address, address]], here);
        yield return new("mapped.attacker.example", [[address.MapToIPv6()]], here);
        yield return new("m\u00fcnchen.attacker.example", [[address]], here);

        // Each look-up says something else: whoever judges one answer and connects by another falls for it.
        yield return new("rebinding.attacker.example", [[], [address], [address]], here);
    }

    public static string Url(string scheme, string host, int port) => string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{port}/");
}
