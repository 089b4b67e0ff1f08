using Afterword.Client.OAuth;

namespace Afterword.Client;

/// <summary>Where a <see cref="FeedbackClient"/> finds its server, and as whom it speaks.</summary>
/// <param name="Server">The absolute http(s) address in front of <c>/1.1</c>; a path in it is kept.</param>
/// <param name="Credentials">The app and the access token of the sender, or of the recipient who answers.</param>
public sealed record FeedbackClientOptions(Uri Server, OAuthCredentials Credentials)
{
    /// <summary>Stamps requests and measures the waits of a reached limit; the system's clock by default.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The keyed hash of the signatures, HMAC-SHA1 by default.</summary>
    public SignatureMethod SignatureMethod { get; init; } = SignatureMethod.HmacSha1;
}
