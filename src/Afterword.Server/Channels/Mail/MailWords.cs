using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Afterword.Server.Channels.Mail;

/// <summary>Every word of the mail in one language, besides those that it shares with the card.</summary>
/// <remarks>A word may hold <c>{sender}</c>, <c>{platform}</c>, <c>{label}</c> or <c>{link}</c>, and square brackets around the part that is a link.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record MailWords
{
    public required string Language { get; init; }

    /// <summary><c>ltr</c> or <c>rtl</c>.</summary>
    public required string Direction { get; init; }

    public required string Subject { get; init; }
    public required string Choose { get; init; }
    public required string Open { get; init; }
    public required string Why { get; init; }
    public required string Stop { get; init; }

    public required string PlainChoose { get; init; }
    public required string PlainAnswer { get; init; }
    public required string PlainPrivacy { get; init; }
    public required string PlainStop { get; init; }

    public required string TestSubject { get; init; }
    public required string TestText { get; init; }

    internal static MailWords English { get; } = Read("languages/en.json");

    private static MailWords Read(string resource)
    {
        using var stream = typeof(MailWords).Assembly.GetManifestResourceStream(resource)!;
        var file = JsonNode.Parse(stream)!.AsObject();
        var words = file["mail"]!.DeepClone().AsObject();
        words["language"] = file["language"]!.DeepClone();
        words["direction"] = file["direction"]!.DeepClone();
        return words.Deserialize(MailWordsJson.Default.MailWords)!;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MailWords))]
internal sealed partial class MailWordsJson : JsonSerializerContext;
