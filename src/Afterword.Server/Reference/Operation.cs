using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Afterword.Server.Reference;

/// <summary>What a route is for, told once. The OpenAPI document and the reference page are made from it.</summary>
/// <remarks>
/// Method, path, permission, allowlists, limit and the errors that follow from them are read from the route itself, so that
/// they cannot be told wrong. Texts are plain, with <c>`code`</c> and <c>[links](/api#anchor)</c>.
/// </remarks>
/// <param name="Topic">The chapter it stands in.</param>
/// <param name="Summary">What it does for the caller, as a headline without a full stop.</param>
internal sealed record Operation(Topic Topic, string Summary)
{
    /// <summary>Paragraphs, with an empty line between them.</summary>
    public required string Does { get; init; }

    /// <summary>Everything the caller may send, in the order of the reference; those of the path included.</summary>
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>The JSON object that is sent, where <see cref="Parameters"/> are not simply its members, but lead to them: <c>event.type</c>.</summary>
    public Sample? Body { get; init; }

    /// <summary>What comes back, the usual answer first; not the errors of the catalogue.</summary>
    public required IReadOnlyList<Reply> Replies { get; init; }

    /// <summary>Errors of its own; those that every such route gives need not be named.</summary>
    public IReadOnlyList<DocumentedError> Errors { get; init; } = [];

    /// <summary>Who calls it, where that does not follow from the signature it asks for.</summary>
    public string? Caller { get; init; }
}

/// <summary>A JSON document as it crosses the wire: its type, and an example that cannot be of another.</summary>
internal sealed record Sample(JsonTypeInfo Type, object Value)
{
    public static Sample Of<T>(JsonTypeInfo<T> type, T value)
        where T : notnull => new(type, value);

    /// <summary>The example, written as the server writes it.</summary>
    public JsonNode Node() => JsonSerializer.SerializeToNode(Value, Type)!;

    /// <summary>The example on many lines, for people.</summary>
    public string Text() => Node().ToJsonString(Readable);

    /// <summary>How JSON is written for people, and where size does not matter.</summary>
    public static JsonSerializerOptions Readable { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>One way a route answers.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="What">What it means, as a sentence.</param>
internal sealed record Reply(int Status, string What)
{
    public string? ContentType { get; init; }

    /// <summary>The pairs of a body that is a form, with what they say and an example.</summary>
    public IReadOnlyList<(string Name, string What, string Example)> Form { get; init; } = [];

    public Sample? Json { get; init; }

    /// <summary>An example of a body that is not JSON.</summary>
    public string? Text { get; init; }

    /// <summary>Headers besides those of the limits, with what they say.</summary>
    public IReadOnlyList<(string Name, string What)> Headers { get; init; } = [];

    public static Reply Of<T>(string what, JsonTypeInfo<T> type, T example)
        where T : notnull => new(200, what) { ContentType = "application/json", Json = Sample.Of(type, example) };

    /// <summary>Text as RFC 5849 has it for tokens: a form.</summary>
    public static Reply Pairs(string what, params (string Name, string What, string Example)[] pairs) => new(200, what)
    {
        ContentType = "application/x-www-form-urlencoded", Form = pairs, Text = string.Join('&', pairs.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Example)}")),
    };

    public static Reply To(int status, string what, string where) => new(status, what) { Headers = [("Location", where)] };

    public static Reply Page(string what, int status = 200) => new(status, what) { ContentType = "text/html" };

    public static Reply Plain(string what, string text, int status = 200) => new(status, what) { ContentType = "text/plain", Text = text };
}

/// <summary>Whom a chapter of the reference is for.</summary>
public enum Audience
{
    Api,
    Operator,
    Page,
    Health,
}

/// <summary>A chapter of the reference.</summary>
/// <param name="Name">Its title.</param>
/// <param name="About">One sentence.</param>
/// <param name="Audience">What kind of routes it holds.</param>
public sealed record Topic(string Name, string About, Audience Audience)
{
    public static readonly Topic Feedback = new("Feedback", "A sender asks, and reads what was answered.", Audience.Api);
    public static readonly Topic Recipient = new("The recipient", "A customer's own app answers in the customer's name.", Audience.Api);
    public static readonly Topic People = new("Users", "Users look each other up, follow and block.", Audience.Api);
    public static readonly Topic Messages = new("Direct messages", "Users write to each other.", Audience.Api);
    public static readonly Topic Access = new("Tokens and limits", "An app gets a user's token, gives it back, and sees how far limits are used up.", Audience.Api);
    public static readonly Topic Operating = new("Webhooks", "Whoever runs the place says where changes are told, and sees what became of it.", Audience.Operator);
    public static readonly Topic SignedIn = new("Pages for users", "Where users sign in, let an app in, and shut it out. All in the browser, without a script.", Audience.Page);
    public static readonly Topic Inbox = new("Messages", "The inbox of users, at `/messages`, in the browser.", Audience.Page);
    public static readonly Topic Pages = new("Pages", "What browsers are shown, and the files that go with it. Nothing here needs a signature.", Audience.Page);
    public static readonly Topic Connectors = new("Connectors", "Where helpdesks tell that conversations have ended or go on.", Audience.Page);
    public static readonly Topic Health = new("Health", "For load balancers and whatever restarts processes.", Audience.Health);

    /// <summary>All chapters, in the order of the page.</summary>
    public static IReadOnlyList<Topic> All => [Feedback, Recipient, People, Messages, Access, Operating, SignedIn, Inbox, Pages, Connectors, Health];

    /// <summary>The name as part of an address.</summary>
    public string Anchor => Name.ToLowerInvariant().Replace(' ', '-');
}
