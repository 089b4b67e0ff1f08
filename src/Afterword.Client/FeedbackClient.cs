using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using Afterword.Client.OAuth;
using Afterword.Client.Wire;

namespace Afterword.Client;

/// <summary>Talks to a feedback server on behalf of one account. Safe to share between threads; keep one for long.</summary>
/// <remarks>A call that is not answered within 100 seconds ends with a <see cref="TaskCanceledException"/>.</remarks>
public sealed partial class FeedbackClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;

    /// <summary>Creates a client with connections of its own, which follow changes of the server's address.</summary>
    /// <exception cref="ArgumentException">The server's address is not absolute http(s), or a credential is empty.</exception>
    public FeedbackClient(FeedbackClientOptions options)
        : this(options, Connections(), disposeTransport: true)
    {
    }

    /// <summary>Creates a client on a transport of the caller's, such as one with a proxy or a certificate.</summary>
    /// <param name="options">The server and the account.</param>
    /// <param name="transport">Sends what has been signed; it must not change addresses or bodies, nor follow redirects.</param>
    /// <param name="disposeTransport">Whether the transport ends with the client; by default it does not.</param>
    /// <exception cref="ArgumentException">The server's address is not absolute http(s), or a credential is empty.</exception>
    public FeedbackClient(FeedbackClientOptions options, HttpMessageHandler transport, bool disposeTransport = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        var server = options.Prefix();
        _clock = options.Clock;
        var signing = new OAuthHandler(options.Signing(), _clock, method: options.SignatureMethod) { InnerHandler = transport };
        _http = new HttpClient(signing, disposeTransport)
        {
            BaseAddress = new Uri(server, "1.1/feedback/"),

            // A page of the hundred longest answers has a few million bytes; more is not our server.
            MaxResponseContentBufferSize = 64 * 1024 * 1024,
        };
    }

    /// <summary>Sends a direct message and, with it, the feedback card.</summary>
    /// <returns>The feedback as stored; with the card's link only if the request asks for it.</returns>
    /// <exception cref="FeedbackApiException">The server refused, e.g. the recipient was asked within 24 hours (429, code 88).</exception>
    /// <exception cref="HttpRequestException">There was no answer. Repeating is safe with an idempotency key.</exception>
    public async Task<FeedbackJson> CreateAsync(PromptRequest prompt, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);

        using var request = Post(prompt.IncludeCard ? "create.json?include_card=true" : "create.json", prompt.ToForm());
        if (prompt.IdempotencyKey is { } key) request.Headers.Add("Idempotency-Key", key);

        return await SendAsync(request, WireJson.Default.FeedbackJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one feedback, with its response as far as there is one.</summary>
    /// <param name="id">The feedback's id, decimal.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The id is not decimal.</exception>
    /// <exception cref="FeedbackApiException">The server refused; 404, code 34, for an unknown one or another sender's.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<FeedbackJson> ShowAsync(string id, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"show/{Decimal(id)}.json");
        return await SendAsync(request, WireJson.Default.FeedbackJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Walks every event of a period, oldest first, fetching pages as they are needed.</summary>
    /// <remarks>A reached limit is waited for, at most an hour at a time, and then the page is asked for again.</remarks>
    /// <param name="from">Start of the period, inclusive, to the millisecond.</param>
    /// <param name="to">End of the period, inclusive; at least 24 hours ago, or the server refuses.</param>
    /// <param name="cancellationToken">Ends the walk, also while it waits.</param>
    /// <exception cref="FeedbackApiException">The server refused for another reason than a limit.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async IAsyncEnumerable<FeedbackEventJson> EventsAsync(
        DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var range = string.Create(
            CultureInfo.InvariantCulture,
            $"events.json?from_time={from.ToUnixTimeMilliseconds()}&to_time={to.ToUnixTimeMilliseconds()}");

        var cursor = "";
        do
        {
            var address = cursor.Length == 0 ? range : $"{range}&cursor={Uri.EscapeDataString(cursor)}";
            var page = await PageAsync(address, WireJson.Default.EventsPageJson, cancellationToken).ConfigureAwait(false);
            foreach (var change in page.Events) yield return change;

            // Only an empty cursor ends the walk. A page without events may still be followed by one that has some.
            cursor = page.NextCursor;
        }
        while (cursor.Length > 0);
    }

    /// <summary>Answers a card as its recipient, with a score, a text, or both. Each is accepted once.</summary>
    /// <param name="id">The feedback's id, decimal.</param>
    /// <param name="score">1 to 5 for csat, 0 to 10 for nps.</param>
    /// <param name="text">1 to 10,000 characters after trimming.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <returns>The feedback with its response.</returns>
    /// <exception cref="ArgumentException">The id is not decimal, or there is neither score nor text.</exception>
    /// <exception cref="FeedbackApiException">
    /// The server refused; 409, code 355, for what is there already. With both given, the other one is stored then.
    /// </exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<FeedbackJson> SubmitAsync(
        string id, int? score = null, string? text = null, CancellationToken cancellationToken = default)
    {
        if (score is null && text is null) throw new ArgumentException("There is neither a score nor a text.", nameof(score));

        var form = new List<KeyValuePair<string, string>>(2);
        if (score is { } value) form.Add(new("score", value.ToString(CultureInfo.InvariantCulture)));
        if (text is not null) form.Add(new("text", text));

        using var request = Post($"submit/{Decimal(id)}.json", form);
        return await SendAsync(request, WireJson.Default.FeedbackJson, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes a card as its recipient. There is no way back.</summary>
    /// <param name="id">The feedback's id, decimal.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="ArgumentException">The id is not decimal.</exception>
    /// <exception cref="FeedbackApiException">The server refused.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task DismissAsync(string id, CancellationToken cancellationToken = default)
    {
        using var request = Post($"dismiss/{Decimal(id)}.json", []);
        using var answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the connections, if they are the client's own. Calls under way fail.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<T> PageAsync<T>(string address, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                return await SendAsync(request, type, cancellationToken).ConfigureAwait(false);
            }
            catch (FeedbackApiException e) when (e.Status is HttpStatusCode.TooManyRequests)
            {
                wait = RetryWait.For(e, _clock.GetUtcNow());
            }

            await Task.Delay(wait, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await Answers.ReadAsync(answer, type, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await Answers.SuccessAsync(answer, _clock, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connections that follow changes of the server's address, and no redirect: it would need another signature.</summary>
    internal static SocketsHttpHandler Connections() => new() { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false };

    private static HttpRequestMessage Post(string address, IEnumerable<KeyValuePair<string, string>> form) =>
        new(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form) };

    internal static string Decimal(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return id.All(char.IsAsciiDigit) ? id : throw new ArgumentException($"'{id}' is not a decimal id.", nameof(id));
    }
}
