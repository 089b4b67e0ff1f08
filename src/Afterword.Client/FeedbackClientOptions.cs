using Afterword.Client.OAuth;

namespace Afterword.Client;

/// <summary>Where a <see cref="FeedbackClient"/> or <see cref="OAuthSteps"/> find their server, and as whom they speak.</summary>
/// <param name="Server">The absolute http(s) address in front of <c>/1.1</c> and <c>/oauth</c>; a path in it is kept.</param>
/// <param name="Credentials">
/// The app and the access token of the sender, or of the recipient who answers. For <see cref="OAuthSteps"/> the app alone.
/// </param>
public sealed record FeedbackClientOptions(Uri Server, OAuthCredentials Credentials)
{
    /// <summary>Stamps requests and measures the waits of a reached limit; the system's clock by default.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The keyed hash of the signatures, HMAC-SHA1 by default.</summary>
    public SignatureMethod SignatureMethod { get; init; } = SignatureMethod.HmacSha1;

    /// <summary>The server's address without query and fragment, with a slash at its end.</summary>
    /// <exception cref="ArgumentException">It is not absolute http(s), or ends in <c>/1.1</c>.</exception>
    internal Uri Prefix() => PrefixOf(Server, nameof(Server));

    /// <summary>What signs, unless a part of it is empty: the server would only say that it could not authenticate anyone.</summary>
    /// <exception cref="ArgumentException">One of them is.</exception>
    internal OAuthCredentials Signing()
    {
        foreach (var (name, value) in new[]
        {
            (nameof(OAuthCredentials.ConsumerKey), Credentials.ConsumerKey), (nameof(OAuthCredentials.ConsumerSecret), Credentials.ConsumerSecret),
            (nameof(OAuthCredentials.Token), Credentials.Token ?? "-"), (nameof(OAuthCredentials.TokenSecret), Credentials.TokenSecret ?? "-"),
        })
        {
            if (string.IsNullOrWhiteSpace(value)) throw new ArgumentException($"{name} is empty.", nameof(Credentials));
        }

        return Credentials;
    }

    /// <inheritdoc cref="Prefix"/>
    internal static Uri PrefixOf(Uri server, string parameter)
    {
        if (server is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException($"The server's address must be absolute http(s), such as https://feedback.example.com, and is \"{server}\".", parameter);
        }

        var prefix = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return prefix.EndsWith("/1.1", StringComparison.Ordinal)
            ? throw new ArgumentException($"The server's address must end before /1.1, which the client adds: {prefix[..^"/1.1".Length]}.", parameter)
            : new Uri(prefix + "/");
    }
}
