using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Afterword.Server.Channels;

/// <summary>What the answer of another program's API means for what was sent to it.</summary>
internal static class ApiResponses
{
    /// <summary>How much of an answer is read for what it says of an error.</summary>
    public const int Read = 16 * 1024;

    private const int TooManyRequests = 429;
    private const int MostWords = 4;
    private const int MostLetters = 300;
    private const int Deepest = 4;

    // A limit that does not say when it ends: twice as long each time, up to an hour.
    private static readonly TimeSpan s_limited = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longLimited = TimeSpan.FromHours(1);
    private const int MostDoublings = 6;

    // Where X, Chatwoot, Zendesk, Intercom and Zammad put what a person is to read.
    private static readonly string[] s_telling = ["title", "detail", "error", "message", "description"];

    /// <param name="attempt">A call that was made.</param>
    /// <param name="refuses">Whether this status, with what the other side says of it, refuses the message for good.</param>
    /// <param name="unsure">Whether after this status the message may have arrived.</param>
    /// <param name="early">How often the message has come too early before.</param>
    public static ChannelAttempt Judge(Webhooks.DeliveryAttempt attempt, Func<int, string, bool> refuses, Func<int, bool> unsure, long early)
    {
        if (attempt.Succeeded) return new(AttemptOutcome.Sent, attempt.Took, attempt.Status, null, Hold: attempt.LimitedFor);

        // Connected and without a status, nobody knows how far it got.
        if (attempt.Status is not { } status) return new(attempt.Unreached ? AttemptOutcome.Failed : AttemptOutcome.Uncertain, attempt.Took, null, attempt.Error);

        var words = WordsOf(attempt.Answer);
        var error = string.Create(CultureInfo.InvariantCulture, $"It answered {status}{(words.Length == 0 ? " instead of 200 to 299." : $": {words}")}");
        if (status == TooManyRequests)
        {
            var wait = Longer(attempt.RetryAfter, attempt.LimitedFor) ?? LimitedAfter(early);
            return new(AttemptOutcome.Failed, attempt.Took, status, error, wait, Hold: wait);
        }

        var outcome = refuses(status, words) ? AttemptOutcome.Refused : unsure(status) ? AttemptOutcome.Uncertain : AttemptOutcome.Failed;
        return new(outcome, attempt.Took, status, error, attempt.RetryAfter);
    }

    /// <summary>What an error says for people, in one line that is not long; empty when it says nothing.</summary>
    public static string WordsOf(byte[] answer)
    {
        var words = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(answer);
            Collect(json.RootElement, Deepest, words);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // A page of HTML, a part of something longer, or half a surrogate pair.
        }

        var line = new StringBuilder();
        foreach (var rune in string.Join(": ", words.Distinct(StringComparer.Ordinal)).EnumerateRunes())
        {
            if (line.Length >= MostLetters) break;

            line.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return line.ToString().Trim();
    }

    private static void Collect(JsonElement json, int depth, List<string> words)
    {
        if (depth == 0 || words.Count >= MostWords) return;

        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray()) Collect(item, depth - 1, words);
                break;
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject())
                {
                    if (property.Value.ValueKind != JsonValueKind.String) Collect(property.Value, depth - 1, words);
                    else if (s_telling.Contains(property.Name) && words.Count < MostWords) words.Add(property.Value.GetString()!);
                }

                break;
        }
    }

    private static TimeSpan LimitedAfter(long early)
    {
        var wait = s_limited * (1 << (int)Math.Clamp(early, 0, MostDoublings));
        return wait < s_longLimited ? wait : s_longLimited;
    }

    private static TimeSpan? Longer(TimeSpan? one, TimeSpan? other) => one is null || other > one ? other : one;
}
