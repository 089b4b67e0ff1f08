using System.Globalization;

namespace Afterword.Client;

/// <summary>Which question a card asks, and on which scale.</summary>
public enum FeedbackType
{
    /// <summary>Customer satisfaction, 1 to 5.</summary>
    Csat,

    /// <summary>Net promoter score, 0 to 10.</summary>
    Nps,
}

/// <summary>A direct message with a feedback card, about to be sent. The server checks it; nothing is checked here.</summary>
public sealed record PromptRequest
{
    /// <summary>The kind of question.</summary>
    public required FeedbackType Type { get; init; }

    /// <summary>The recipient; decimal.</summary>
    public required string ToUserId { get; init; }

    /// <summary>The direct message's text, 1 to 10,000 characters, not blank.</summary>
    public required string Message { get; init; }

    /// <summary>The sender's privacy policy: absolute, http(s), at most 2,048 characters. Sent as it was written.</summary>
    public required Uri PrivacyUrl { get; init; }

    /// <summary>The sender's own reference, at most 256 characters.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The wording of the question, 0 to 9 for nps and 0 to 37 for csat; the server's default is 0.</summary>
    public int? QuestionVariantId { get; init; }

    /// <summary>The name used in the question, at most 20 characters; the sender's profile name by default.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Keeps this feedback out of every metric.</summary>
    public bool Test { get; init; }

    /// <summary>Who led the conversation, for the sender's metrics: one line of at most 100 characters. Customers never see it.</summary>
    public string? Agent { get; init; }

    /// <summary>What the conversation was about, for the sender's metrics: at most 10 of at most 32 characters, without commas. Customers never see them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Asks for the card's link and token in the answer, to show the card somewhere else.</summary>
    public bool IncludeCard { get; init; }

    /// <summary>
    /// 1 to 255 visible ASCII characters. Sending the same prompt again with the same key within 24 hours gives the
    /// first answer and sends nothing, so a call whose answer got lost can be repeated.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    internal IEnumerable<KeyValuePair<string, string>> ToForm()
    {
        yield return new("type", Type is FeedbackType.Nps ? "nps" : "csat");
        yield return new("to_user_id", ToUserId);
        yield return new("message", Message);
        yield return new("privacy_url", PrivacyUrl.OriginalString);
        if (ExternalId is not null) yield return new("external_id", ExternalId);
        if (QuestionVariantId is { } variant) yield return new("question_variant_id", variant.ToString(CultureInfo.InvariantCulture));
        if (DisplayName is not null) yield return new("display_name", DisplayName);
        if (Test) yield return new("test", "true");
        if (Agent is not null) yield return new("agent", Agent);
        if (Tags.Count > 0) yield return new("tags", string.Join(',', Tags));
    }
}
