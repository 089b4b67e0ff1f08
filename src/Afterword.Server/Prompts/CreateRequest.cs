using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>A create call on its way into a batch.</summary>
/// <param name="Sender">The calling sender.</param>
/// <param name="Draft">What is asked, checked.</param>
/// <param name="IdempotencyKey">The header, or null.</param>
/// <param name="CardBase">The public address that a card's link begins with.</param>
internal sealed record CreateRequest(Caller Sender, PromptDraft Draft, string? IdempotencyKey, string CardBase)
{
    /// <summary>The span of the call; null where nobody collects it.</summary>
    public Activity? Span { get; } = Tracing.Current;

    /// <summary>Tells two calls with the same key apart when their parameters differ.</summary>
    public byte[] Fingerprint()
    {
        var text = new StringBuilder();
        List<string?> parts =
            [
                Draft.Type.Wire, Draft.RecipientId.ToString(CultureInfo.InvariantCulture), Draft.Message, Draft.PrivacyUrl, Draft.ExternalId,
                Draft.QuestionVariant.ToString(CultureInfo.InvariantCulture), Draft.DisplayName, Draft.Test ? "1" : "0", Draft.IncludeCard ? "1" : "0",
            ];

        // A call without them has the fingerprint that it had before there were any.
        if (Draft.Agent is not null || Draft.Tags is not null) parts.AddRange([Draft.Agent, Draft.Tags?.ToString()]);
        foreach (var part in parts)
        {
            // The length goes first: without it, moving a character from one field to the next would change nothing.
            text.Append(CultureInfo.InvariantCulture, $"{part?.Length ?? -1}:{part}");
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
