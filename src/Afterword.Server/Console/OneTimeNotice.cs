using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace Afterword.Server.Console;

/// <summary>What became of a change, for the page that is shown next.</summary>
/// <param name="Kind"><c>good</c>, <c>warn</c> or <c>bad</c>.</param>
/// <param name="Text">What happened.</param>
/// <param name="Secret">A link or a secret, which is shown then and never again.</param>
/// <param name="Address">An address with a secret in it, likewise.</param>
public sealed record OneTimeNotice(string Kind, string Text, string? Secret = null, string? Address = null);

/// <summary>Hands a notice from the answer of a form to the page that it leads to. A reload of that page then changes nothing again, and shows no secret.</summary>
/// <remarks>It is sealed in a cookie, so that any node can open it, and opens for the session that made the change alone.</remarks>
internal sealed class OneTimeNotices(Store store, TimeProvider clock)
{
    public const string Cookie = "__Host-afterword-notice";

    // Browsers keep cookies of up to 4 KB; a notice quotes what a mail server said.
    private const int MaxText = 1_000;
    private const int MaxCookie = 4_000;
    private static readonly TimeSpan s_lasts = TimeSpan.FromMinutes(2);
    private readonly IDataProtector _seal = store.Secrets.Cursors.CreateProtector("notices");

    /// <summary>Leaves a notice, and leads to the page that shows it.</summary>
    /// <param name="http">The request that made the change.</param>
    /// <param name="member">Who made it.</param>
    /// <param name="address">The page.</param>
    /// <param name="notice">What became of it.</param>
    public void Leave(HttpContext http, Member member, string address, OneTimeNotice notice)
    {
        var kept = new KeptNotice(member.SessionId, address, (clock.GetUtcNow() + s_lasts).ToUnixTimeMilliseconds(), notice with { Text = Shorten(notice.Text, MaxText) });
        var cookie = Seal(kept);

        // A browser drops a cookie that is too long, and the secret with it.
        while (cookie.Length > MaxCookie && kept.Notice.Text.Length > 2)
        {
            kept = kept with { Notice = kept.Notice with { Text = Shorten(kept.Notice.Text, kept.Notice.Text.Length * 3 / 4) } };
            cookie = Seal(kept);
        }

        http.Response.Cookies.Append(Cookie, cookie, Options(s_lasts));
        http.SeeOther(address);
    }

    /// <summary>The notice that was left for this page, which is gone from now on; null when there is none.</summary>
    public OneTimeNotice? Take(HttpContext http, Member member)
    {
        // One for another page waits for it.
        if (Open(http.Request.Cookies[Cookie]) is not { } kept || kept.Address != http.Request.Path.Value) return null;

        http.Response.Cookies.Append(Cookie, "", Options(TimeSpan.Zero));
        return kept.Session == member.SessionId && kept.Until > clock.GetUtcNow().ToUnixTimeMilliseconds() ? kept.Notice : null;
    }

    private string Seal(KeptNotice kept) => Base64Url.EncodeToString(_seal.Protect(JsonSerializer.SerializeToUtf8Bytes(kept, NoticeJson.Short.KeptNotice)));

    private static string Shorten(string text, int most) => text.Length <= most ? text : TextRules.Cut(text, most - 1) + "…";

    private KeptNotice? Open(string? cookie)
    {
        if (cookie is not { Length: > 0 and <= MaxCookie } || !Base64Url.IsValid(cookie)) return null;

        try
        {
            return JsonSerializer.Deserialize(_seal.Unprotect(Base64Url.DecodeFromChars(cookie)), NoticeJson.Default.KeptNotice);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    // Secure always, as the cookie of the session is.
    private static CookieOptions Options(TimeSpan age) => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = age };
}

/// <param name="Session">Whose browser may read it.</param>
/// <param name="Address">The page that shows it.</param>
/// <param name="Until">Unix milliseconds.</param>
/// <param name="Notice">What is shown.</param>
internal sealed record KeptNotice(long Session, string Address, long Until, OneTimeNotice Notice);

[JsonSerializable(typeof(KeptNotice))]
internal sealed partial class NoticeJson : JsonSerializerContext
{
    /// <summary>It is never shown as it is, so that nothing in it needs six letters for one.</summary>
    public static NoticeJson Short { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
