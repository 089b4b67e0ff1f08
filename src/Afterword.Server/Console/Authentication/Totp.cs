using OtpNet;

namespace Afterword.Server.Console.Authentication;

/// <summary>Codes that change every half minute: RFC 6238 with HMAC-SHA1 and six digits, which every app reads.</summary>
/// <remarks>The framework's provider goes by the machine's clock and does not tell which code it took, so that one could be used twice.</remarks>
internal static class Totp
{
    public const int SecretLength = 20;

    // RFC 6238, section 5.2: one step either way for clocks that differ.
    private static readonly VerificationWindow s_drift = new(previous: 1, future: 1);

    /// <summary>The step that a code belongs to; null when it is none of now.</summary>
    public static long? StepOf(byte[] secret, string code, DateTimeOffset now) =>
        new OtpNet.Totp(secret).VerifyTotp(now.UtcDateTime, code.Replace(" ", "", StringComparison.Ordinal), out var step, s_drift) ? step : null;

    /// <summary>The code of an instant.</summary>
    public static string CodeAt(byte[] secret, DateTimeOffset instant) => new OtpNet.Totp(secret).ComputeTotp(instant.UtcDateTime);

    /// <summary>What the QR code holds: no more than the apps need, so that it stays coarse.</summary>
    /// <param name="secret">The shared secret.</param>
    /// <param name="platform">Who it is for.</param>
    /// <param name="email">Whose it is.</param>
    public static string Link(byte[] secret, string platform, string email) =>
        $"otpauth://totp/{Uri.EscapeDataString(platform)}:{Uri.EscapeDataString(email)}?secret={Base32.Write(secret)}&issuer={Uri.EscapeDataString(platform)}";
}

/// <summary>RFC 4648, section 6, without padding.</summary>
internal static class Base32
{
    public static string Write(byte[] bytes) => bytes.Length == 0 ? "" : Base32Encoding.ToString(bytes).TrimEnd('=');
}
