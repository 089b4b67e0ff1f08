using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Channels.Helpdesks;

/// <summary>What is posted into a conversation.</summary>
/// <param name="Text">What the customer reads.</param>
/// <param name="Subject">Of the email that a helpdesk makes of it.</param>
/// <param name="To">The customer's email address, if it is known.</param>
internal sealed record HelpdeskReply(string Text, string Subject, string? To);

/// <summary>The calls of each helpdesk's API, as its own documentation has them.</summary>
internal static class HelpdeskApi
{
    private const string IntercomVersion = "2.11";

    /// <summary>Posts a message that the customer reads.</summary>
    public static HttpRequestMessage Post(Helpdesk desk, string conversation, HelpdeskReply reply) => desk.Kind switch
    {
        HelpdeskKind.Chatwoot => Call(HttpMethod.Post, desk, MessagesOf(desk, conversation), new(reply.Text, "outgoing", Private: false), HelpdeskWire.Default.ChatwootMessageJson),
        HelpdeskKind.Zendesk => Call(HttpMethod.Put, desk, $"api/v2/tickets/{conversation}.json", new(new(new(reply.Text, Public: true))), HelpdeskWire.Default.ZendeskUpdateJson),
        HelpdeskKind.Intercom => Call(HttpMethod.Post, desk, $"conversations/{conversation}/reply", new("comment", "admin", desk.Account!, WithoutMarkup(reply.Text)), HelpdeskWire.Default.IntercomReplyJson),

        // Only what is of the type email is mailed to the customer. A note that is not internal is read where the customer signs in.
        HelpdeskKind.Zammad => Call(
            HttpMethod.Post, desk, "api/v1/ticket_articles",
            new(long.Parse(conversation, CultureInfo.InvariantCulture), reply.To is null ? "note" : "email", "Agent", reply.To, reply.Subject, reply.Text, "text/plain", Internal: false),
            HelpdeskWire.Default.ZammadArticleJson),
        _ => throw new UnreachableException(desk.Kind.ToString()),
    };

    /// <summary>Reads what was posted into a conversation, the latest at least.</summary>
    public static HttpRequestMessage Messages(Helpdesk desk, string conversation) => Call(HttpMethod.Get, desk, desk.Kind switch
    {
        HelpdeskKind.Chatwoot => MessagesOf(desk, conversation),
        HelpdeskKind.Zendesk => $"api/v2/tickets/{conversation}/comments.json?sort_order=desc",
        HelpdeskKind.Intercom => $"conversations/{conversation}?display_as=plaintext",
        HelpdeskKind.Zammad => $"api/v1/ticket_articles/by_ticket/{conversation}",
        _ => throw new UnreachableException(desk.Kind.ToString()),
    });

    /// <summary>Asks whose token it is: nothing is posted.</summary>
    public static HttpRequestMessage Me(Helpdesk desk) => Call(HttpMethod.Get, desk, desk.Kind switch
    {
        HelpdeskKind.Chatwoot => $"api/v1/accounts/{desk.Account}/conversations/meta",
        HelpdeskKind.Zendesk => "api/v2/users/me.json",
        HelpdeskKind.Intercom => "me",
        HelpdeskKind.Zammad => "api/v1/users/me",
        _ => throw new UnreachableException(desk.Kind.ToString()),
    });

    // Intercom reads some comments as HTML, and its documentation does not say which. A customer's name must be no markup in either reading.
    private static string WithoutMarkup(string text) => text.Replace('<', '\u2039').Replace('>', '\u203A');

    private static string MessagesOf(Helpdesk desk, string conversation) => $"api/v1/accounts/{desk.Account}/conversations/{conversation}/messages";

    private static HttpRequestMessage Call<T>(HttpMethod method, Helpdesk desk, string path, T body, JsonTypeInfo<T> type)
    {
        var call = Call(method, desk, path);
        call.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return call;
    }

    private static HttpRequestMessage Call(HttpMethod method, Helpdesk desk, string path)
    {
        var call = new HttpRequestMessage(method, new Uri(desk.Url, path));
        call.Headers.Accept.Add(new("application/json"));
        var (name, value) = desk.Kind switch
        {
            HelpdeskKind.Chatwoot => ("api_access_token", desk.Token),
            HelpdeskKind.Zendesk => ("authorization", $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{desk.Account}/token:{desk.Token}"))}"),
            HelpdeskKind.Intercom => ("authorization", $"Bearer {desk.Token}"),
            HelpdeskKind.Zammad => ("authorization", $"Token token={desk.Token}"),
            _ => throw new UnreachableException(desk.Kind.ToString()),
        };
        call.Headers.TryAddWithoutValidation(name, value);
        if (desk.Kind == HelpdeskKind.Intercom) call.Headers.TryAddWithoutValidation("intercom-version", IntercomVersion);
        return call;
    }
}

internal sealed record ChatwootMessageJson(string Content, string MessageType, bool Private);

internal sealed record ZendeskUpdateJson(ZendeskTicketJson Ticket);

internal sealed record ZendeskTicketJson(ZendeskCommentJson Comment);

internal sealed record ZendeskCommentJson(string Body, bool Public);

internal sealed record IntercomReplyJson(string MessageType, string Type, string AdminId, string Body);

internal sealed record ZammadArticleJson(long TicketId, string Type, string Sender, string? To, string Subject, string Body, string ContentType, bool Internal);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatwootMessageJson))]
[JsonSerializable(typeof(ZendeskUpdateJson))]
[JsonSerializable(typeof(IntercomReplyJson))]
[JsonSerializable(typeof(ZammadArticleJson))]
internal sealed partial class HelpdeskWire : JsonSerializerContext
{
    // The default encoder is made for JSON inside HTML and would write letters of most scripts in escapes.
    static HelpdeskWire() => Default = new HelpdeskWire(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
