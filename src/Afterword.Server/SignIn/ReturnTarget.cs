using Afterword.Server.OAuth.Grants;
using Microsoft.AspNetCore.WebUtilities;

namespace Afterword.Server.SignIn;

/// <summary>Where a user goes on after signing in: to the app that waits, or to a page of this server.</summary>
/// <param name="OauthToken">The app's request token; null without one.</param>
/// <param name="Leg">Which page asked for the sign-in, <c>authorize</c> or <c>authenticate</c>.</param>
/// <param name="To">A path of this server, or null.</param>
public sealed record ReturnTarget(string? OauthToken, string Leg, string? To)
{
    /// <param name="field">Gives a field of the form, or of the query.</param>
    internal static ReturnTarget Read(Func<string, string?> field) =>
        new(field("oauth_token") is { Length: > 0 and <= 100 } token ? token : null, field("leg") == "authenticate" ? "authenticate" : "authorize", LocalPath.Read(field("to")));

    public string Address => OauthToken is not null ? AuthorizeEndpoints.AddressOf(Leg, OauthToken) : To ?? ApprovedAppEndpoints.Address;

    /// <summary>The page that asks for the second factor, and leads on from there.</summary>
    public string CodeAddress => (OauthToken, To) switch
    {
        ({ } token, _) => QueryHelpers.AddQueryString(SecondFactorEndpoints.Address, new Dictionary<string, string?> { ["oauth_token"] = token, ["leg"] = Leg }),
        (_, { } to) => QueryHelpers.AddQueryString(SecondFactorEndpoints.Address, "to", to),
        _ => SecondFactorEndpoints.Address,
    };
}
