using Microsoft.Extensions.Primitives;

namespace Afterword.Server.Hosting;

/// <summary>What browsers are told about every page.</summary>
internal static class SecurityHeaders
{
    /// <summary>Where browsers tell what a page's policy stopped.</summary>
    public const string ReportPath = "/csp-reports";

    /// <summary>Nothing but our own stylesheet, images and forms; no script; in nobody's frame.</summary>
    public const string PagePolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri " + ReportPath;

    /// <summary>The same for the card, which has one small script: it may ask this server alone, and may make no markup out of text.</summary>
    public const string CardPolicy = PagePolicy + "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly StringValues s_sameOrigin = "same-origin";

    // What none of our pages asks a browser for. Passkeys are not in it.
    private static readonly StringValues s_unused =
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

    /// <summary>The same for a page whose form ends in a redirect to <paramref name="source"/>: browsers hold redirects to the policy too.</summary>
    public static string PagePolicyFor(string? source) => source is null ? PagePolicy : PagePolicy.Replace("form-action 'self'", $"form-action 'self' {source}", StringComparison.Ordinal);

    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";

        // No other site draws anything of this server into its memory. The embed's files and profile pictures say otherwise.
        headers["Cross-Origin-Resource-Policy"] = s_sameOrigin;
        if (http.Request.IsHttps) headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        return next(http);
    });

    extension(IHeaderDictionary headers)
    {
        /// <summary>What a page tells about itself besides its policy: no other site's window keeps a hold of it, and it uses no device.</summary>
        public void SetIsolation()
        {
            if (!headers.ContainsKey("Cross-Origin-Opener-Policy")) headers["Cross-Origin-Opener-Policy"] = s_sameOrigin;
            headers["Permissions-Policy"] = s_unused;
        }

        /// <summary>For the pages on which an app gets a user's token. An app may show them in a window of its own, and would else lose that window.</summary>
        public void AllowOpener() => headers["Cross-Origin-Opener-Policy"] = "unsafe-none";
    }
}
