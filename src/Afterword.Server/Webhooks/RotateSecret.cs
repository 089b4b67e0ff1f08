using System.Security.Cryptography;
using Afterword.Client.Webhooks;

namespace Afterword.Server.Webhooks;

/// <summary>The secret of an endpoint, when it is made and told once. From then on it is a <see cref="WebhookSecret"/>, which tells it nobody.</summary>
/// <param name="Key">The bytes behind the prefix.</param>
internal sealed record RotateSecret(byte[] Key)
{
    private const string Prefix = "whsec_";

    // The specification allows 24 to 64.
    private const int Size = 32;

    public static RotateSecret New() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>What signs with the key.</summary>
    public static WebhookSecret SignerOf(byte[] key) => WebhookSecret.Parse(Convert.ToBase64String(key));

    /// <summary>The form that is handed out.</summary>
    public override string ToString() => Prefix + Convert.ToBase64String(Key);
}
