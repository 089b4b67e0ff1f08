namespace Afterword.Server.Hosting;

/// <summary>What browsers are told about every page.</summary>
internal static class SecurityHeaders
{
    /// <summary>Nothing but our own stylesheet, images and forms; no script; in nobody's frame.</summary>
    public const string PagePolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>The same for the card, which has one small script: it may ask this server alone, and may make no markup out of text.</summary>
    public const string CardPolicy = PagePolicy + "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>The same for a page whose form ends in a redirect to <paramref name="source"/>: browsers hold redirects to the policy too.</summary>
    public static string PagePolicyFor(string? source) => source is null ? PagePolicy : PagePolicy.Replace("form-action 'self'", $"form-action 'self' {source}", StringComparison.Ordinal);

    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        if (http.Request.IsHttps) http.Response.Headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        return next(http);
    });
}
