using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Client.Wire;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>A request as it goes over the wire. Sent again it is the same, nonce and signature included.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Form">The encoded body of a POST.</param>
/// <param name="Authorization">The header; null for a card, whose path is its key.</param>
/// <param name="IdempotencyKey">The header, or null.</param>
internal sealed record SignedRequest(HttpMethod Method, string Target, string? Form, string? Authorization, string? IdempotencyKey)
{
    // The name is signed; which process it leads to is the transport's affair, so a replay reaches any server.
    private const string Host = "http://feedback.test";

    /// <summary>Signs a request for a user, or takes a card's as it is.</summary>
    public static async Task<SignedRequest> MakeAsync(
        OAuthCredentials? user, HttpMethod method, string target, IEnumerable<KeyValuePair<string, string>>? form = null, string? idempotencyKey = null)
    {
        var body = form is null ? null : string.Join('&', form.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        var request = new SignedRequest(method, target, body, null, idempotencyKey);
        if (user is null) return request;

        using var note = new Note();
        using var signer = new OAuthHandler(user) { InnerHandler = note };
        using var invoker = new HttpMessageInvoker(signer);
        using var message = request.Message();
        using var none = await invoker.SendAsync(message, CancellationToken.None);
        return request with { Authorization = note.Authorization };
    }

    /// <exception cref="HttpRequestException">No answer came.</exception>
    /// <exception cref="BrokenAnswerException">The answer broke off.</exception>
    public async Task<Answer> SendAsync(HttpMessageInvoker http, CancellationToken stop)
    {
        using var message = Message();
        using var response = await SendAsync(http, message, stop);
        try
        {
            var body = await response.Content.ReadAsByteArrayAsync(stop);
            return new(response.StatusCode, body, response.Headers.Contains("Idempotent-Replayed"));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new BrokenAnswerException($"An answer with status {response.StatusCode} broke off.", error);
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http, HttpRequestMessage message, CancellationToken stop)
    {
        try
        {
            return await http.SendAsync(message, stop);
        }
        catch (SocketException error)
        {
            // The framework lets this one through bare when the peer dies between the handshake and its first look at the socket.
            throw new HttpRequestException("The connection ended as it began.", error);
        }
    }

    private HttpRequestMessage Message()
    {
        var message = new HttpRequestMessage(Method, Host + Target);
        if (Form is not null)
        {
            message.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(Form));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        }

        if (Authorization is not null) message.Headers.TryAddWithoutValidation("Authorization", Authorization);
        if (IdempotencyKey is not null) message.Headers.TryAddWithoutValidation("Idempotency-Key", IdempotencyKey);
        return message;
    }

    /// <summary>Stands where the network would be and notes the signature.</summary>
    private sealed class Note : HttpMessageHandler
    {
        public string? Authorization { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Authorization = string.Join(' ', request.Headers.GetValues("Authorization"));
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NoContent));
        }
    }
}

/// <summary>An answer began and did not end.</summary>
internal sealed class BrokenAnswerException(string message, Exception reason) : Exception(message, reason);

/// <summary>What came back, whole.</summary>
internal sealed record Answer(HttpStatusCode Status, byte[] Body, bool Replayed)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public FeedbackJson Feedback => JsonSerializer.Deserialize(Body, WireJson.Default.FeedbackJson)!;

    /// <summary>The first error's code; 0 where there is none.</summary>
    public int Code => Status < HttpStatusCode.BadRequest ? 0 : JsonSerializer.Deserialize(Body, WireJson.Default.ErrorsJson)!.Errors[0].Code;
}
