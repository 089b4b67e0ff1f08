using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Afterword.Server.Configuration;
using MailKit.Security;

namespace Afterword.Server.Channels.Email;

/// <summary>Gets the access tokens with which the server signs in to a mail server that takes no password, and keeps each as long as it is good.</summary>
/// <remarks>
/// By client credentials (RFC 6749, section 4.4), as Microsoft 365 wants them, or with a refresh token (section 6), as Google does. Whoever asks has a permit for
/// a connection. The address is the operator's own, like that of the mail server, and may lead inside: the guard of webhooks is not asked.
/// </remarks>
internal sealed class EmailTokens(Settings settings, TimeProvider clock) : IDisposable
{
    // An answer is below 4 KB, and says for how long its token is good.
    private const int MostAnswer = 64 * 1024;
    private const int MostHeaders = 32;
    private const int UsualSeconds = 300;
    private static readonly TimeSpan s_margin = TimeSpan.FromMinutes(1);

    // No connection is kept: it would be one that nobody has a permit for.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, MaxResponseHeadersLength = MostHeaders, PooledConnectionLifetime = TimeSpan.Zero })
    {
        MaxResponseContentBufferSize = MostAnswer,
    };

    private readonly SemaphoreSlim _one = new(1);
    private (string Token, DateTimeOffset Until)? _kept;

    /// <exception cref="AuthenticationException">The issuer gave none.</exception>
    public async Task<string> CurrentAsync(CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            if (_kept is not var (token, until) || clock.GetUtcNow() >= until) _kept = (token, _) = await NewAsync(settings.Mail!.OAuth ?? throw new UnreachableException(), stop);
            return token;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The mail server did not take it: the next one is a new one. Another email may have got that already.</summary>
    public async Task ForgetAsync(string token, CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            if (_kept?.Token == token) _kept = null;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _one.Dispose();
    }

    private async Task<(string Token, DateTimeOffset Until)> NewAsync(MailOAuthSettings by, CancellationToken stop)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = by.RefreshToken is null ? "client_credentials" : "refresh_token", ["client_id"] = by.ClientId };
        if (by.ClientSecret is { } secret) form["client_secret"] = secret;
        if (by.RefreshToken is { } refresh) form["refresh_token"] = refresh;
        if (by.Scope is { } scope) form["scope"] = scope;
        using var request = new HttpRequestMessage(HttpMethod.Post, by.TokenUrl) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await _http.SendAsync(request, stop);
        var (token, seconds, error) = Read(await response.Content.ReadAsByteArrayAsync(stop));
        return response.IsSuccessStatusCode && token is not null
            ? (token, clock.GetUtcNow() + TimeSpan.FromSeconds(seconds) - s_margin)
            : throw new AuthenticationException($"{by.TokenUrl.Host} gave no access token: {(int)response.StatusCode}{(error is null ? "" : $", {error}")}. See Mail:TokenUrl, Mail:ClientId and what belongs to them.");
    }

    private static (string? Token, int Seconds, string? Error) Read(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return default;

            string? Text(string name) => json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            var seconds = json.RootElement.TryGetProperty("expires_in", out var given) && given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out var number) ? number : UsualSeconds;

            // RFC 6749, section 5.2: a word such as invalid_client. What else there is may say more than an operator's log should have.
            return (Text("access_token"), Math.Clamp(seconds, 0, 86_400), Text("error") is { Length: < 64 } error && error.All(char.IsAscii) && !error.Any(char.IsControl) ? error : null);
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
