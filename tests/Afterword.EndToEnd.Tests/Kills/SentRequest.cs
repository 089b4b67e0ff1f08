using System.Globalization;
using Afterword.Client.Wire;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>What a client knows of something it sent.</summary>
internal enum Fate
{
    /// <summary>It was refused, or never sent, or seen to be missing: it must not be there.</summary>
    Absent,

    /// <summary>No answer came: it is wholly there or wholly not.</summary>
    InDoubt,

    /// <summary>It was acknowledged, or seen to be there: it must be there, for good.</summary>
    Stored,
}

/// <summary>One half of an answer: the score or the text.</summary>
/// <param name="Fate">What is known of it.</param>
/// <param name="Value">What was sent.</param>
/// <param name="At">The date that the server gave; null where it gave none.</param>
internal readonly record struct Part(Fate Fate, string? Value, string? At)
{
    public static Part InDoubt(string? value) => value is null ? default : new(Fate.InDoubt, value, null);
}

/// <summary>A create call and what came of it, as the client knows it. Used by one connection at a time.</summary>
internal sealed class SentRequest(int number, TestUser sender, long recipientId, TestUser? recipient, bool hasCard, string? key)
{
    public int Number => number;

    public TestUser Sender => sender;

    public long RecipientId => recipientId;

    /// <summary>The recipient, when it can answer with a token.</summary>
    public TestUser? Recipient => recipient;

    public bool HasCard => hasCard;

    public string? Key => key;

    public string ExternalId { get; } = string.Create(CultureInfo.InvariantCulture, $"ticket {number}");

    public string Type => number % 3 == 0 ? "csat" : "nps";

    public bool Test => number % 7 == 0;

    public int Variant => number % 10;

    public string? DisplayName => number % 2 == 0 ? $"Shop {number % 100} \u00e9" : null;

    public string Message { get; } = $"How was number {number}? \u201c\u00df \u6f22\u5b57 \U0001F642\u201d 'quoted'; 100% & more\n\tand a second line";

    public string PrivacyUrl { get; } = $"https://shop.example/privacy?page={number}&lang=de";

    public Fate Fate { get; set; }

    /// <summary>The answer to the create call, once there was one.</summary>
    public FeedbackJson? Feedback { get; set; }

    public Part Score { get; set; }

    public Part Text { get; set; }

    /// <summary>What is known of its dismissal.</summary>
    public Fate Dismissed { get; set; }

    /// <summary>Both parts went in one request, so they are there together or not at all.</summary>
    public bool Together { get; set; }

    /// <summary>Whether a client could answer more of it.</summary>
    public bool IsOpen => Score.Fate == Fate.Absent || Text.Fate == Fate.Absent;

    /// <summary>The same call, of which nothing is known yet.</summary>
    public SentRequest Anew() => new(number, sender, recipientId, recipient, hasCard, key);

    public IEnumerable<KeyValuePair<string, string>> Form()
    {
        yield return new("type", Type);
        yield return new("to_user_id", RecipientId.ToString(CultureInfo.InvariantCulture));
        yield return new("message", Message);
        yield return new("privacy_url", PrivacyUrl);
        yield return new("external_id", ExternalId);
        yield return new("question_variant_id", Variant.ToString(CultureInfo.InvariantCulture));
        if (DisplayName is { } name) yield return new("display_name", name);
        if (Test) yield return new("test", "true");
        if (HasCard) yield return new("include_card", "true");
    }

    public Task<SignedRequest> SignAsync() =>
        SignedRequest.MakeAsync(Sender.Credentials, HttpMethod.Post, "/1.1/feedback/create.json", Form(), Key);

    /// <summary>Writes down that the create call was answered with 200.</summary>
    public void Acknowledge(FeedbackJson feedback)
    {
        Feedback = feedback;
        Fate = Fate.Stored;
    }
}
