using Afterword.Server.OAuth;

namespace Afterword.Server.Reference;

/// <summary>Whose secrets sign a call, in words and in the examples.</summary>
/// <param name="By">What a route asks for.</param>
/// <param name="Scheme">Its name among the security schemes of OpenAPI.</param>
/// <param name="Secrets">The secrets of the key, in words.</param>
/// <param name="Token">What stands for the token in an example; null where none signs.</param>
internal sealed record SignedWith(SigningSecrets By, string Scheme, string Secrets, string? Token)
{
    public static IReadOnlyList<SignedWith> All { get; } =
    [
        new(SigningSecrets.App, "oauth1App", "the consumer secret alone", null),
        new(SigningSecrets.RequestToken, "oauth1RequestToken", "the consumer secret and the request token's", "REQUEST_TOKEN"),
        new(SigningSecrets.AccessToken, "oauth1", "the consumer secret and the access token's", "TOKEN"),
    ];

    public static SignedWith Of(SigningSecrets by) => All.Single(one => one.By == by);
}
