using System.Buffers;
using System.Text;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Answers.Pages;

/// <summary>The places in a card's markup that differ from card to card.</summary>
internal enum Slot
{
    Question,
    QuestionLanguage,
    Sender,
    PrivacyUrl,
    Path,
    Typed,
    HiddenName,
    HiddenValue,
}

/// <summary>A rendered page with open slots: fixed UTF-8 pieces, and between them the values of one card.</summary>
internal sealed class HtmlTemplate
{
    // The marks must pass the renderer's own encoding unchanged, in text as in attributes: letters and underscores do.
    private const string MarkStart = "__slot_";
    private const string MarkEnd = "__";

    // One more piece than there are slots: slot i stands between the pieces i and i + 1.
    private readonly byte[][] _pieces;
    private readonly Slot[] _slots;

    private HtmlTemplate(byte[][] pieces, Slot[] slots) => (_pieces, _slots) = (pieces, slots);

    /// <summary>What a component writes where the value of <paramref name="slot"/> shall stand.</summary>
    public static string Mark(Slot slot) => MarkStart + slot + MarkEnd;

    public static HtmlTemplate Parse(string html)
    {
        var pieces = new List<byte[]>();
        var slots = new List<Slot>();
        var done = 0;
        for (int at; (at = html.IndexOf(MarkStart, done, StringComparison.Ordinal)) >= 0;)
        {
            var name = at + MarkStart.Length;
            var end = html.IndexOf(MarkEnd, name, StringComparison.Ordinal);
            pieces.Add(Encoding.UTF8.GetBytes(html[done..at]));
            slots.Add(Enum.Parse<Slot>(html.AsSpan(name..end)));
            done = end + MarkEnd.Length;
        }

        pieces.Add(Encoding.UTF8.GetBytes(html[done..]));
        return new([.. pieces], [.. slots]);
    }

    /// <param name="view">May be null for a page without slots only.</param>
    public void Write(IBufferWriter<byte> output, CardView? view)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            output.Write(_pieces[i]);
            WriteEncoded(output, Value(_slots[i], view!));
        }

        output.Write(_pieces[^1]);
    }

    private static string Value(Slot slot, CardView view) => slot switch
    {
        Slot.Question => view.Question.Text,
        Slot.QuestionLanguage => view.Question.Language.Tag,
        Slot.Sender => view.SenderName,
        Slot.PrivacyUrl => IsWebAddress(view.PrivacyUrl) ? view.PrivacyUrl : "about:blank",
        Slot.Path => view.Path,
        Slot.Typed => view.Typed ?? "",
        Slot.HiddenName => view.Hidden?.Name ?? "",
        Slot.HiddenValue => view.Hidden?.Value ?? "",
        _ => throw new System.Diagnostics.UnreachableException(slot.ToString()),
    };

    // Escaping does not make a javascript: address harmless, so the last writer looks once more.
    private static bool IsWebAddress(string address) =>
        address.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || address.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static void WriteEncoded(IBufferWriter<byte> output, string value)
    {
        const int OnStack = 512;
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        var rented = most > OnStack ? ArrayPool<byte>.Shared.Rent(most) : null;
        var plain = rented ?? stackalloc byte[OnStack];
        ReadOnlySpan<byte> rest = plain[..Encoding.UTF8.GetBytes(value, plain)];

        while (!rest.IsEmpty)
        {
            // Room for at least one character in its longest form, so that every round makes progress.
            PageResponses.Encoder.EncodeUtf8(rest, output.GetSpan(64), out var consumed, out var written);
            output.Advance(written);
            rest = rest[consumed..];
        }

        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }
}
