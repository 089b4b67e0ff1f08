using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Afterword.Client.Tests.Wire;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>A webhook as a sender puts it on the wire. It is signed here by the letter of the specification, not by the code under test.</summary>
internal sealed record Delivery(string? Id, string? Timestamp, string? Signature, byte[] Body)
{
    /// <summary>The secret of the published vectors.</summary>
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    public const string OtherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    private static readonly HttpClient s_http = new();

    public static byte[] Event { get; } = WireJsonTests.Golden("event");

    public static Delivery Of(
        DateTimeOffset sentAt, string id = "684095374270562306", byte[]? body = null, string secret = Secret)
    {
        var timestamp = sentAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        body ??= Event;
        return new(id, timestamp, Sign(id, timestamp, body, secret), body);
    }

    public static string Sign(string id, string timestamp, byte[] body, string secret)
    {
        byte[] text = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), text));
    }

    public string? Header(string name) => name switch
    {
        "webhook-id" => Id,
        "webhook-timestamp" => Timestamp,
        "webhook-signature" => Signature,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    public HttpRequestMessage To(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var name in new[] { "webhook-id", "webhook-timestamp", "webhook-signature" })
        {
            if (Header(name) is { } value) request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>Sends it to a receiver's path, as every receiver here has it.</summary>
    public async Task<HttpStatusCode> SendAsync(Uri receiver)
    {
        using var request = To(new Uri(receiver, "/hooks/afterword"));
        using var answer = await s_http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
