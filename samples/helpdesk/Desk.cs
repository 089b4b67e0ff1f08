using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Afterword.Samples.Helpdesk;

/// <summary>A conversation with a customer.</summary>
internal sealed record Ticket(int Id, string Email, string Name);

/// <summary>A helpdesk, as far as Afterword meets it: what it posts when a conversation is closed, how it signs that, and where it takes replies.</summary>
/// <param name="Kind">As <c>afterword connector add --kind</c> has it.</param>
/// <param name="Body">What it posts; whether the conversation was closed, or goes on.</param>
/// <param name="Sign">The headers that it signs with.</param>
/// <param name="Method">The method with which its API takes a reply.</param>
/// <param name="Replies">The route at which its API takes a reply.</param>
/// <param name="TextOf">Finds the text in a reply.</param>
internal sealed record Desk(
    string Kind, Func<Ticket, bool, DateTimeOffset, JsonNode> Body, Func<string, string, DateTimeOffset, (string Name, string Value)[]> Sign, string Method, string Replies, Func<JsonNode, string?> TextOf)
{
    public static readonly Desk[] All =
    [
        new("chatwoot", Chatwoot, SignChatwoot, "POST", "/api/v1/accounts/{account}/conversations/{id}/messages", reply => (string?)reply["content"]),
        new("zendesk", Zendesk, SignZendesk, "PUT", "/api/v2/tickets/{id}", reply => (string?)reply["ticket"]?["comment"]?["body"]),
        new("intercom", Intercom, SignHub, "POST", "/conversations/{id}/reply", reply => (string?)reply["body"]),
        new("zammad", Zammad, SignHub, "POST", "/api/v1/ticket_articles", reply => (string?)reply["body"]),
    ];

    private static JsonObject Chatwoot(Ticket ticket, bool closed, DateTimeOffset now) => new()
    {
        ["event"] = "conversation_status_changed", ["id"] = ticket.Id, ["status"] = closed ? "resolved" : "open", ["labels"] = new JsonArray("sample"), ["messages"] = new JsonArray(),
        ["meta"] = new JsonObject
        {
            ["sender"] = new JsonObject { ["id"] = 1000 + ticket.Id, ["name"] = ticket.Name, ["email"] = ticket.Email },
            ["assignee"] = new JsonObject { ["id"] = 4, ["name"] = "Ana" }, ["hmac_verified"] = false,
        },
        ["updated_at"] = now.ToUnixTimeMilliseconds() / 1000.0,
    };

    private static JsonObject Zendesk(Ticket ticket, bool closed, DateTimeOffset now) => new()
    {
        ["ticket_id"] = $"{ticket.Id}", ["status"] = closed ? "Solved" : "Open", ["requester_id"] = $"{1000 + ticket.Id}", ["requester_email"] = ticket.Email, ["requester_name"] = ticket.Name,
        ["assignee"] = "ana@shop.example", ["group"] = "Support", ["tags"] = "sample", ["updated_at"] = Iso(now),
    };

    private static JsonObject Intercom(Ticket ticket, bool closed, DateTimeOffset now) => new()
    {
        ["type"] = "notification_event", ["id"] = $"notif_{ticket.Id}_{now.ToUnixTimeMilliseconds()}", ["topic"] = closed ? "conversation.admin.closed" : "conversation.admin.opened", ["created_at"] = now.ToUnixTimeSeconds(),
        ["data"] = new JsonObject
        {
            ["item"] = new JsonObject
            {
                ["id"] = $"{ticket.Id}", ["state"] = closed ? "closed" : "open", ["source"] = new JsonObject { ["author"] = new JsonObject { ["type"] = "user", ["name"] = ticket.Name, ["email"] = ticket.Email } },
                ["contacts"] = new JsonObject { ["contacts"] = new JsonArray(new JsonObject { ["id"] = $"contact-{ticket.Id}" }) },
                ["tags"] = new JsonObject { ["tags"] = new JsonArray(new JsonObject { ["name"] = "sample" }) },
            },
        },
    };

    private static JsonObject Zammad(Ticket ticket, bool closed, DateTimeOffset now) => new()
    {
        ["ticket"] = new JsonObject
        {
            ["id"] = ticket.Id, ["number"] = $"{10_000 + ticket.Id}", ["state"] = closed ? "closed" : "open", ["owner_id"] = 5, ["owner"] = new JsonObject { ["email"] = "ana@shop.example" },
            ["customer"] = new JsonObject { ["id"] = 1000 + ticket.Id, ["email"] = ticket.Email, ["firstname"] = ticket.Name }, ["group"] = new JsonObject { ["name"] = "Support" }, ["updated_at"] = Iso(now),
        },
    };

    private static (string, string)[] SignChatwoot(string secret, string body, DateTimeOffset now)
    {
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return [("X-Chatwoot-Timestamp", time), ("X-Chatwoot-Signature", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{body}")))}")];
    }

    private static (string, string)[] SignZendesk(string secret, string body, DateTimeOffset now) =>
        [("X-Zendesk-Webhook-Signature-Timestamp", Iso(now)), ("X-Zendesk-Webhook-Signature", Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(Iso(now) + body))))];

#pragma warning disable CA5350 // both of them sign so
    private static (string, string)[] SignHub(string secret, string body, DateTimeOffset now) =>
        [("X-Hub-Signature", $"sha1={Convert.ToHexStringLower(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)))}")];
#pragma warning restore CA5350

    private static string Iso(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
