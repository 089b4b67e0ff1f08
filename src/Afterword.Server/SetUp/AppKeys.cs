using System.Diagnostics.CodeAnalysis;

namespace Afterword.Server.SetUp;

/// <summary>The four values with which an app asks for a business, as they are shown once.</summary>
internal sealed record AppKeys(string Key, string Secret, string Token, string TokenSecret)
{
    /// <summary>As a notice hands them to the page that shows them. None has a space in it.</summary>
    public override string ToString() => string.Join(' ', Key, Secret, Token, TokenSecret);

    public static bool TryParse(string? text, [NotNullWhen(true)] out AppKeys? keys)
    {
        keys = text?.Split(' ') is [var key, var secret, var token, var tokenSecret] ? new(key, secret, token, tokenSecret) : null;
        return keys is not null;
    }
}
