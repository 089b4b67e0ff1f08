using System.Buffers.Text;
using System.Security.Cryptography;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>Users who are signed in, for tests to which it is all one how they came in: a password takes a tenth of a second each time.</summary>
internal static class SignedIn
{
    /// <summary>The password of those who have one.</summary>
    public const string Password = "correct horse battery staple";

    private const int KeyLength = 20;
    private const string Cookie = "__Host-afterword";

    private static readonly Lazy<string> s_hash = new(() => new PasswordHashes().Hash(Password));

    /// <summary>Gives the user the password.</summary>
    public static Task GivePasswordAsync(Store store, long userId) => store.Main.WriteAsync(
        session => session.Sql("update account set password_hash = @hash where id = @user").Bind("hash", s_hash.Value).Bind("user", userId).RunAsync(default), default);

    /// <summary>Lets the visitor in, as a sign-in does.</summary>
    public static async Task LetInAsync(IBrowserContext visitor, Store store, Uri url, long userId)
    {
        var key = RandomNumberGenerator.GetBytes(KeyLength);
        await store.Main.WriteAsync(
            session => session.Sql("insert into visit (key_hash, user_id, created_at, seen_at) values (@hash, @user, @now, @now)")
                .Bind("hash", SHA256.HashData(key)).Bind("user", userId).Bind("now", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(default),
            default);
        await visitor.AddCookiesAsync([new Cookie
        {
            Name = Cookie, Value = Base64Url.EncodeToString(key), Url = $"https://{url.Host}/", Secure = true, HttpOnly = true, SameSite = SameSiteAttribute.Lax,
        }]);
    }
}
