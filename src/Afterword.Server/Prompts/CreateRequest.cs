using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Access;

namespace Afterword.Server.Prompts;

/// <summary>A create call on its way into a batch.</summary>
/// <param name="Sender">The calling sender.</param>
/// <param name="Draft">What is asked, checked.</param>
/// <param name="IdempotencyKey">The header, or null.</param>
/// <param name="CardBase">The public address that a card's link begins with.</param>
internal sealed record CreateRequest(Caller Sender, PromptDraft Draft, string? IdempotencyKey, string CardBase)
{
    /// <summary>Tells two calls with the same key apart when their parameters differ.</summary>
    public byte[] Fingerprint()
    {
        var text = new StringBuilder();
        foreach (var part in (ReadOnlySpan<string?>)
            [
                Draft.Type.Wire, Draft.RecipientId.ToString(CultureInfo.InvariantCulture), Draft.Message, Draft.PrivacyUrl, Draft.ExternalId,
                Draft.QuestionVariant.ToString(CultureInfo.InvariantCulture), Draft.DisplayName, Draft.Test ? "1" : "0", Draft.IncludeCard ? "1" : "0",
            ])
        {
            // The length goes first: without it, moving a character from one field to the next would change nothing.
            text.Append(CultureInfo.InvariantCulture, $"{part?.Length ?? -1}:{part}");
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
