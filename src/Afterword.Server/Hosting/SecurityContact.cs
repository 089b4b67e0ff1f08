using System.Globalization;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Reference;

namespace Afterword.Server.Hosting;

/// <summary>Tells whoever finds a hole whom to tell (RFC 9116).</summary>
internal static class SecurityContact
{
    // The RFC recommends less than a year. It is never old: it is written when it is asked for.
    private static readonly TimeSpan s_holds = TimeSpan.FromDays(180);

    public static void MapSecurity(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/.well-known/security.txt", Show).Describe(HostingReference.SecurityText);
        PolicyReports.Map(routes);
    }

    private static Task Show(HttpContext http, Settings settings, TimeProvider clock)
    {
        if (settings.SecurityContact is not { } contact)
        {
            return http.AnswerAsync(404, "text/plain; charset=utf-8", "Nobody has been named for this server. Whoever runs it sets Security:Contact.\n"u8);
        }

        var until = new DateTimeOffset((clock.GetUtcNow() + s_holds).UtcDateTime.Date, TimeSpan.Zero);
        var canonical = settings.PublicBase is { } address ? $"Canonical: {address}/.well-known/security.txt\n" : "";
        return http.AnswerAsync(200, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"Contact: {contact}\nExpires: {until:yyyy-MM-dd'T'HH:mm:ss'Z'}\n{canonical}Preferred-Languages: en\n")));
    }
}
