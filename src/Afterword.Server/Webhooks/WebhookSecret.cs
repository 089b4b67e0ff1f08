using System.Security.Cryptography;

namespace Afterword.Server.Webhooks;

/// <summary>What an endpoint's deliveries are signed with, by the Standard Webhooks specification.</summary>
/// <param name="Key">The bytes behind the prefix.</param>
internal sealed record WebhookSecret(byte[] Key)
{
    private const string Prefix = "whsec_";

    // The specification allows 24 to 64.
    private const int Size = 32;

    public static WebhookSecret New() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>The form that is handed out.</summary>
    public override string ToString() => Prefix + Convert.ToBase64String(Key);
}
