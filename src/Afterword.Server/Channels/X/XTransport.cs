using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Client.OAuth;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.X;

/// <summary>Sends a request as a direct message at X, signed as the sender's own user there.</summary>
internal sealed class XTransport(Store store, Settings settings, XAccounts accounts, GuardedHttp http)
{
    private const int BadRequest = 400;
    private const int Forbidden = 403;
    private const int NotFound = 404;
    private const int Overloaded = 503;

    // How X says that this user takes no messages of the sender. Its other refusals are about the app or the keys, which the operator will mend.
    private static readonly string[] s_unwilling = ["cannot send messages", "permission to DM", "not following you"];

    // How it says that there is no such user. Without these words the address may be wrong, which kills nothing.
    private static readonly string[] s_unknown = ["participant", "user"];

    /// <summary>Said of an attempt that was begun before a server was killed.</summary>
    public const string MayHaveArrived = "Not sent again, for an earlier attempt was begun and may have arrived, and X does not know a repeat as one.";

    /// <summary>Where a sender's connections to X lead. No webhook has this id.</summary>
    public static EndpointKey EndOf(long sender) => new(sender, 2);

    public async Task<ChannelAttempt> SendAsync(ChannelDelivery delivery, OutgoingPermit permit, CancellationToken abort)
    {
        if (delivery.WasBegun) return new(AttemptOutcome.Refused, 0, null, MayHaveArrived);
        if (delivery.RecipientXId is not { } participant) return new(AttemptOutcome.Refused, 0, null, "The user has no X user id.");
        if (await accounts.FindAsync(delivery.Prompt.SenderId, abort) is not { } account) return new(AttemptOutcome.Failed, 0, null, "The sender has no keys for X any more.");

        var text = new DirectMessageJson($"{delivery.Message}\n\n{delivery.CardUrl(store.Secrets, settings)}");
        var path = string.Create(CultureInfo.InvariantCulture, $"2/dm_conversations/with/{participant}/messages");
        return Judge(await http.SendAsync(permit, account.Url, now => Message(account, path, text, now), ApiResponses.Read, abort), delivery.EarlyAttempts);
    }

    /// <summary>Asks X whose keys they are, and sends nothing.</summary>
    public async Task<ChannelAttempt> TestAsync(XAccount account, OutgoingPermit permit, CancellationToken abort) =>
        Judge(await http.SendAsync(permit, account.Url, now => Signed(account, HttpMethod.Get, "2/users/me", now), ApiResponses.Read, abort));

    // X knows no repeat as one. So where it may have taken a message before it failed, the message is not sent again by itself.
    private static ChannelAttempt Judge(Webhooks.DeliveryAttempt attempt, long early = 0)
    {
        var judged = ApiResponses.Judge(
            attempt,
            refuses: (status, words) => status switch
            {
                BadRequest or NotFound => Says(words, s_unknown),
                Forbidden => Says(words, s_unwilling),
                _ => false,
            },
            unsure: status => status >= 500 && status != Overloaded,
            early);
        return judged with { IsLast = judged.Outcome == AttemptOutcome.Uncertain };
    }

    private static bool Says(string words, string[] any) => Array.Exists(any, said => words.Contains(said, StringComparison.OrdinalIgnoreCase));

    private static HttpRequestMessage Message(XAccount account, string path, DirectMessageJson text, DateTimeOffset now)
    {
        var call = Signed(account, HttpMethod.Post, path, now);
        call.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(text, XWire.Default.DirectMessageJson));
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return call;
    }

    /// <summary>A call with its signature, of which a body of JSON is no part (RFC 5849, section 3.4.1.3.1).</summary>
    private static HttpRequestMessage Signed(XAccount account, HttpMethod method, string path, DateTimeOffset now)
    {
        var (url, keys) = (new Uri(account.Url, path), account.Keys);
        var protocol = new List<KeyValuePair<string, string>>
        {
            new("oauth_consumer_key", keys.ConsumerKey), new("oauth_nonce", RandomNumberGenerator.GetHexString(32, lowercase: true)), new("oauth_signature_method", "HMAC-SHA1"),
            new("oauth_timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)), new("oauth_token", keys.Token!), new("oauth_version", "1.0"),
        };
        protocol.Add(new("oauth_signature", OAuthSignature.Compute(method.Method, url, protocol, keys.ConsumerSecret, keys.TokenSecret!)));
        var call = new HttpRequestMessage(method, url);
        call.Headers.TryAddWithoutValidation("authorization", AuthorizationHeader.Write(protocol));
        return call;
    }
}

internal sealed record DirectMessageJson(string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DirectMessageJson))]
internal sealed partial class XWire : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write letters of most scripts in escapes.
    static XWire() => Default = new XWire(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
