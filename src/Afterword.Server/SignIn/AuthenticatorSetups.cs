using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>A secret that an app may take.</summary>
/// <param name="Key">The secret as it is typed.</param>
/// <param name="Link">What the QR code holds.</param>
/// <param name="Sealed">The secret as the form brings it back.</param>
public sealed record AuthenticatorSetup(string Key, string Link, string Sealed);

/// <summary>Offers secrets to apps for codes. An offer is kept nowhere but in the form, sealed, for the one account that it was made for.</summary>
internal sealed class AuthenticatorSetups(Store store, Settings settings, TimeProvider clock)
{
    private static readonly TimeSpan s_lasts = TimeSpan.FromMinutes(30);

    /// <param name="kind">Whose it is.</param>
    /// <param name="ownerId">The user or the person.</param>
    /// <param name="name">What the app shows beside the code.</param>
    public AuthenticatorSetup Make(AccountKind kind, long ownerId, string name)
    {
        var secret = RandomNumberGenerator.GetBytes(Totp.SecretLength);
        var note = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"totp {(int)kind} {ownerId} {clock.GetUtcNow().ToUnixTimeMilliseconds()} "));
        return new(Base32.Write(secret), Totp.Link(secret, settings.Platform, name), Convert.ToBase64String(store.Secrets.Protect([.. note, .. secret])));
    }

    /// <summary>The same offer again, after a code that did not fit; null when it is not this account's or too old.</summary>
    public AuthenticatorSetup? Reopen(AccountKind kind, long ownerId, string name, string @sealed) =>
        Open(kind, ownerId, @sealed) is { } secret ? new(Base32.Write(secret), Totp.Link(secret, settings.Platform, name), @sealed) : null;

    /// <summary>The secret of an offer that this account was made.</summary>
    public byte[]? Open(AccountKind kind, long ownerId, string @sealed)
    {
        try
        {
            var plain = store.Secrets.Unprotect(Convert.FromBase64String(@sealed));
            var note = Encoding.UTF8.GetString(plain.AsSpan(..^Totp.SecretLength)).Split(' ');
            var isOurs = note is ["totp", var whose, var id, var at, ""] && whose == ((int)kind).ToString(CultureInfo.InvariantCulture) && id == ownerId.ToString(CultureInfo.InvariantCulture)
                && long.Parse(at, CultureInfo.InvariantCulture) > (clock.GetUtcNow() - s_lasts).ToUnixTimeMilliseconds();
            return isOurs ? plain[^Totp.SecretLength..] : null;
        }
        catch (Exception error) when (error is CryptographicException or FormatException)
        {
            return null;
        }
    }
}

/// <summary>Codes for those who lost their second factor. Each is good for once.</summary>
internal static class RecoveryCodes
{
    private const int Count = 10;
    private const int Bytes = 15;

    // 120 random bits: one round of SHA-256 keeps them (docs/decisions/0005).
    public static string[] Make()
    {
        var codes = new string[Count];
        for (var i = 0; i < codes.Length; i++) codes[i] = string.Join('-', Base32.Write(RandomNumberGenerator.GetBytes(Bytes)).Chunk(4).Select(four => new string(four))).ToLowerInvariant();
        return codes;
    }

    /// <summary>What is stored, however the code is typed: with or without dashes, in any letter case.</summary>
    public static byte[] HashOf(long ownerId, string code) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{ownerId} {code.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()}")));
}
