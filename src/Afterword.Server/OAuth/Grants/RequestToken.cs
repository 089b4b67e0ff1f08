using System.Globalization;

namespace Afterword.Server.OAuth.Grants;

/// <summary>An app on its way to a token: temporary credentials (RFC 5849, section 2.1).</summary>
/// <param name="Token">The request token.</param>
/// <param name="Secret">Its secret.</param>
/// <param name="AppId">The app that asked for it.</param>
/// <param name="AppName">What users read.</param>
/// <param name="AppSuspended">The app may do nothing.</param>
/// <param name="Callback">Where the user is led back to.</param>
/// <param name="Permission">What the app asks for.</param>
/// <param name="IsApproved">A user has decided; the token can be exchanged, and no longer be approved.</param>
internal sealed record RequestToken(
    string Token, string Secret, long AppId, string AppName, bool AppSuspended, Callback Callback, Permission Permission, bool IsApproved);

/// <summary>A request token as the app gets it.</summary>
internal sealed record IssuedRequestToken(string Token, string Secret);

/// <summary>Where a user goes after the decision: an address of the app, or nowhere, with a PIN to carry over by hand.</summary>
internal readonly record struct Callback(string Value)
{
    private const string OutOfBand = "oob";

    /// <summary>The app has no address to lead to (RFC 5849, section 2.1): the user types a PIN.</summary>
    public bool IsPin => Value == OutOfBand;

    /// <summary>An address that leads to the app's own server and to nobody else, unlike a scheme, which any app on a phone may claim.</summary>
    public bool IsWebPage => !IsPin && Uri.TryCreate(Value, UriKind.Absolute, out var url) && url.Scheme is "https" or "http";

    /// <summary>
    /// Whether users may be led there: a web page; an app, by a scheme of its own, which has a full stop (RFC 8252, section 7.1); or nowhere.
    /// Schemes that a browser runs or reads by itself, such as <c>javascript:</c>, <c>data:</c> and <c>file:</c>, have none.
    /// </summary>
    public static bool MayBe(string text) => text == OutOfBand
        || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Fragment.Length == 0 && !text.Any(letter => char.IsControl(letter) || letter == ' ')
            && (url.Scheme is "http" or "https" ? url.Host.Length > 0 : url.Scheme.Contains('.', StringComparison.Ordinal)));

    /// <summary>The callback with a parameter behind those it has; its own query is kept.</summary>
    public string With(params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var address = Value;
        foreach (var (name, value) in parameters)
        {
            address = string.Create(CultureInfo.InvariantCulture, $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{name}={Uri.EscapeDataString(value)}");
        }

        return address;
    }

    /// <summary>Where that is, as a user can judge it: a host, or an app's own scheme; null without an address.</summary>
    public string? Place =>
        IsPin || !Uri.TryCreate(Value, UriKind.Absolute, out var url) ? null
        : url.Scheme is "http" or "https" ? url.IdnHost
        : $"{url.Scheme}:";

    /// <summary>What a form's policy must name so that the browser follows the redirect: <c>https://host:port</c>, or an app's own scheme.</summary>
    public string? PolicySource =>
        IsPin || !Uri.TryCreate(Value, UriKind.Absolute, out var url) ? null
        : url.Scheme is "http" or "https" ? url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
        : $"{url.Scheme}:";
}

/// <summary>What became of an exchange.</summary>
internal abstract record ExchangeOutcome
{
    private ExchangeOutcome()
    {
    }

    internal sealed record Granted(NewToken Token, long UserId, string ScreenName) : ExchangeOutcome;

    internal sealed record WrongVerifier : ExchangeOutcome;

    /// <summary>Used, denied, expired, not approved yet, or killed by wrong verifiers.</summary>
    internal sealed record Gone : ExchangeOutcome;

    internal sealed record UserSuspended : ExchangeOutcome;
}
