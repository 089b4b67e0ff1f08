using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;

namespace Afterword.Server.Webhooks;

/// <summary>Makes one request to an address that someone else runs: guarded, bounded in time and in what is read, over a connection of its own.</summary>
internal sealed class GuardedHttp(EgressGuard guard, WebhookSettings settings, TimeProvider clock)
{
    /// <summary>How much of an answer is kept to be shown.</summary>
    public const int Shown = 1024;

    // Read on, so that the connection can be used again, but no more than this.
    private const int MostRead = 64 * 1024;

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    // What the headers begin with that tell a limit: those of X, of 15 minutes and of a day, and of Intercom.
    private static readonly string[] s_limits = ["x-rate-limit-", "x-user-limit-24hour-", "x-app-limit-24hour-", "x-ratelimit-"];

    private static readonly string s_userAgent = $"Afterword/{ProgramVersion.Text}";

    /// <summary>Whether this address may be connected to. Settings may have changed since it was added.</summary>
    public static bool IsAllowed(Uri url, WebhookSettings settings) => url.Scheme == Uri.UriSchemeHttps || settings.AllowPlainHttp;

    /// <param name="permit">For the connection. It holds the one that can be used again.</param>
    /// <param name="url">Whose address it is.</param>
    /// <param name="make">Makes the request, as of now.</param>
    /// <param name="kept">How much of the answer is kept.</param>
    /// <param name="abort">Breaks it off; that is no attempt.</param>
    /// <param name="search">Looks through an answer that says yes; nothing of that is kept.</param>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was raised.</exception>
    public async Task<DeliveryAttempt> SendAsync(OutgoingPermit permit, Uri url, Func<DateTimeOffset, HttpRequestMessage> make, int kept, CancellationToken abort, AnswerSearch? search = null)
    {
        var started = clock.GetTimestamp();
        var now = clock.GetUtcNow();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(abort);
        patience.CancelAfter(settings.Timeout);
        var (status, retryAfter, limited, error, answer, unreached) = ((int?)null, (TimeSpan?)null, (TimeSpan?)null, (string?)null, Array.Empty<byte>(), false);
        var connection = ConnectionOf(permit, url);
        try
        {
            if (!IsAllowed(url, settings)) throw new HttpRequestException(HttpRequestError.ConnectionError, "Plain http is not allowed: see Webhooks:AllowPlainHttp.");

            using var request = make(now);
            request.Headers.TryAddWithoutValidation("user-agent", s_userAgent);
            using var response = await connection.Http.SendAsync(request, patience.Token);
            status = (int)response.StatusCode;
            retryAfter = RetryAfterOf(response.Headers.RetryAfter, now);
            limited = LimitedFor(response, now);
            if (search is not null && response.IsSuccessStatusCode) await search.ReadAsync(await response.Content.ReadAsStreamAsync(patience.Token), patience.Token);
            else answer = await ReadAsync(response.Content, kept, patience.Token);
        }
#pragma warning disable CA1031 // whatever an endpoint manages to break is a failed attempt, and comes again by the schedule
        catch (Exception reason)
#pragma warning restore CA1031
        {
            abort.ThrowIfCancellationRequested();

            // Once there is a status the endpoint has decided; what happened to the rest of its answer changes nothing.
            if (status is null) error = Explain(reason);
            unreached = reason is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError };
        }
        finally
        {
            if (status is null) connection.Dispose();
            else permit.Connection = connection;
        }

        return new(now.ToUnixTimeMilliseconds(), (long)clock.GetElapsedTime(started).TotalMilliseconds, status, error, answer, retryAfter, unreached) { LimitedFor = limited };
    }

    // Taken out until the request is over: what broke off is not kept.
    private EndpointConnection ConnectionOf(OutgoingPermit permit, Uri url)
    {
        var kept = permit.Connection as EndpointConnection;
        permit.Connection = null;
        if (kept?.Origin == url.GetLeftPart(UriPartial.Authority)) return kept;

        kept?.Dispose();
        return new(url, guard, settings);
    }

    private static TimeSpan? RetryAfterOf(RetryConditionHeaderValue? header, DateTimeOffset now) => header switch
    {
        { Delta: { } seconds } => seconds,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    /// <summary>By headers that X and Intercom send: nothing is left until a second since 1970. Of several limits, the one that ends last.</summary>
    private static TimeSpan? LimitedFor(HttpResponseMessage response, DateTimeOffset now)
    {
        var isLimited = (int)response.StatusCode == StatusCodes.Status429TooManyRequests;
        var resets = s_limits.Where(limit => NumberOf(limit, "remaining") is { } remaining ? remaining == 0 : isLimited).Select(limit => NumberOf(limit, "reset")).Max();
        return resets > now.ToUnixTimeSeconds() ? TimeSpan.FromSeconds(Math.Min(resets.Value - now.ToUnixTimeSeconds(), (long)s_longest.TotalSeconds)) : null;

        long? NumberOf(string limit, string name) =>
            response.Headers.TryGetValues(limit + name, out var values) && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Reads an answer and keeps the beginning of it.</summary>
    private static async Task<byte[]> ReadAsync(HttpContent content, int most, CancellationToken stop)
    {
        if (content.Headers.ContentLength == 0) return [];

        var kept = new byte[Math.Min(most, Shown)];
        var read = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(stop);
            var rest = Array.Empty<byte>();
            while (read < Math.Max(most, MostRead))
            {
                if (read == kept.Length && read < most) Array.Resize(ref kept, Math.Min(most, kept.Length * 2));

                // What was kept is never written over: the rest goes to waste.
                if (read >= most && rest.Length == 0) rest = new byte[8 * 1024];
                var count = await stream.ReadAsync(read < most ? kept.AsMemory(read) : rest, stop);
                if (count == 0) break;
                read += count;
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            // The beginning is what will be shown.
        }

        return kept[..Math.Min(read, most)];
    }

    private string Explain(Exception reason) => reason switch
    {
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"No answer within {settings.Timeout.TotalSeconds:0.#} s."),
        HttpRequestException { InnerException: AuthenticationException inner } => $"TLS failed: {inner.Message}",
        HttpRequestException { InnerException: SocketException inner } => inner.Message,
        HttpRequestException { InnerException: HttpIOException inner } => inner.Message,
        _ => reason.Message,
    };
}
