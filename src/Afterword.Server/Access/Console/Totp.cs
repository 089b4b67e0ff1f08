using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Afterword.Server.Access.Console;

/// <summary>Codes that change every half minute: RFC 6238 with HMAC-SHA1 and six digits, which every app reads.</summary>
/// <remarks>The framework's provider goes by the machine's clock and does not tell which code it took, so that one could be used twice.</remarks>
internal static class Totp
{
    public const int SecretLength = 20;
    private const int Digits = 1_000_000;
    private const long StepSeconds = 30;

    // RFC 6238, section 5.2: one step either way for clocks that differ.
    private const int Drift = 1;

    /// <summary>The step that a code belongs to; null when it is none of now.</summary>
    public static long? StepOf(byte[] secret, string code, DateTimeOffset now)
    {
        var given = code.Replace(" ", "", StringComparison.Ordinal);
        var current = now.ToUnixTimeSeconds() / StepSeconds;
        long? found = null;
        for (var step = current - Drift; step <= current + Drift; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(System.Text.Encoding.UTF8.GetBytes(CodeAt(secret, step)), System.Text.Encoding.UTF8.GetBytes(given))) found = step;
        }

        return found;
    }

    /// <summary>The code of an instant.</summary>
    public static string CodeAt(byte[] secret, DateTimeOffset instant) => CodeAt(secret, instant.ToUnixTimeSeconds() / StepSeconds);

    // RFC 4226, section 5.3.
    private static string CodeAt(byte[] secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // the apps know no other
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xf)..]) & int.MaxValue;
        return (number % Digits).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>What the QR code holds.</summary>
    /// <param name="secret">The shared secret.</param>
    /// <param name="platform">Who it is for.</param>
    /// <param name="mail">Whose it is.</param>
    public static string Link(byte[] secret, string platform, string mail) =>
        $"otpauth://totp/{Uri.EscapeDataString(platform)}:{Uri.EscapeDataString(mail)}?secret={Base32.Write(secret)}&issuer={Uri.EscapeDataString(platform)}";
}

/// <summary>RFC 4648, section 6, without padding.</summary>
internal static class Base32
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new System.Text.StringBuilder();
        var (bits, held) = (0, 0);
        foreach (var one in bytes)
        {
            (bits, held) = ((bits << 8) | one, held + 8);
            for (; held >= 5; held -= 5) text.Append(Letters[(bits >> (held - 5)) & 31]);
            bits &= (1 << held) - 1;
        }

        if (held > 0) text.Append(Letters[(bits << (5 - held)) & 31]);
        return text.ToString();
    }
}
