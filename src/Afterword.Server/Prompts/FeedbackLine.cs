using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text.Encodings.Web;
using Afterword.Client.Wire;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>Writes the feedback object straight from a stored row: the same bytes as <see cref="Prompt.ToWire"/>, without the objects between.</summary>
/// <remarks>
/// A page of events has a hundred of them, and half of what the page costs would be strings that live for a microsecond.
/// A test compares the bytes with those of the wire type for texts of every kind.
/// </remarks>
internal static class FeedbackLine
{
    // All names, dates, numbers and punctuation of one object, with room to spare; texts come on top.
    private const int Frame = 700;

    // The relaxed encoder turns a character into \uXXXX at worst; beyond the basic plane two of them for four bytes.
    private const int Widening = 6;

    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Where(c => c is not ('"' or '\\')).Select(c => (byte)c)]);

    /// <param name="output">Receives one JSON object.</param>
    /// <param name="row">A row that begins with <see cref="Prompt.Columns"/>.</param>
    public static void Write(IBufferWriter<byte> output, Row row)
    {
        var privacyUrl = row.Utf8(8);
        var externalId = row.IsDBNull(9) ? default : row.Utf8(9);
        var displayName = row.IsDBNull(10) ? default : row.Utf8(10);
        var comment = row.IsDBNull(16) ? default : row.Utf8(16);

        var line = new Line(output.GetSpan(Frame + (Widening * (privacyUrl.Length + externalId.Length + displayName.Length + comment.Length))));
        line.Put("{\"created_at\":\""u8);
        line.PutDate(row.GetInt64(11));
        line.Put("\",\"updated_at\":\""u8);
        line.PutDate(row.GetInt64(12));
        line.Put("\",\"id\":\""u8);
        line.PutNumber(row.GetInt64(1));
        line.Put((PromptType)row.GetInt64(4) == PromptType.Csat ? "\",\"type\":\"csat\",\"test\":"u8 : "\",\"type\":\"nps\",\"test\":"u8);
        line.Put(row.GetInt64(5) != 0 ? "true"u8 : "false"u8);
        line.Put(",\"dm_id\":\""u8);
        line.PutNumber(row.GetInt64(3));
        line.Put("\",\"from_user_id\":\""u8);
        line.PutNumber(row.GetInt64(0));
        line.Put("\",\"to_user_id\":\""u8);
        line.PutNumber(row.GetInt64(2));
        line.Put("\",\"privacy_url\":\""u8);
        line.PutText(privacyUrl);
        if (!row.IsDBNull(9)) line.PutText("\",\"external_id\":\""u8, externalId);
        line.Put("\",\"question_variant_id\":\""u8);
        line.PutNumber(row.GetInt64(6));
        if (!row.IsDBNull(10)) line.PutText("\",\"display_name\":\""u8, displayName);
        line.Put("\""u8);
        PutResponse(ref line, row, comment);
        line.Put("}"u8);
        output.Advance(line.Length);
    }

    private static void PutResponse(ref Line line, Row row, ReadOnlySpan<byte> comment)
    {
        // A comment that was removed is empty.
        var (scored, commented) = (!row.IsDBNull(14), !comment.IsEmpty);
        if (!scored && !commented) return;

        line.Put(",\"response\":{"u8);
        if (scored)
        {
            line.Put("\"score\":{\"created_at\":\""u8);
            line.PutDate(row.GetInt64(15));
            line.Put("\",\"value\":"u8);
            line.PutNumber(row.GetInt64(14));
            line.Put(commented ? "},"u8 : "}"u8);
        }

        if (commented)
        {
            line.Put("\"text\":{\"created_at\":\""u8);
            line.PutDate(row.GetInt64(17));
            line.PutText("\",\"value\":\""u8, comment);
            line.Put("\"}"u8);
        }

        line.Put("}"u8);
    }

    /// <summary>Bytes in a row; whoever makes it has seen to the room.</summary>
    private ref struct Line(Span<byte> room)
    {
        private readonly Span<byte> _room = room;

        public int Length { get; private set; }

        public void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_room[Length..]);
            Length += bytes.Length;
        }

        public void PutNumber(long number)
        {
            Utf8Formatter.TryFormat(number, _room[Length..], out var written);
            Length += written;
        }

        public void PutDate(long millis)
        {
            TwitterDate.TryFormat(DateTimeOffset.FromUnixTimeMilliseconds(millis), _room[Length..], out var written);
            Length += written;
        }

        public void PutText(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
        {
            Put(name);
            PutText(text);
        }

        public void PutText(ReadOnlySpan<byte> text)
        {
            if (text.IndexOfAnyExcept(s_plain) < 0)
            {
                Put(text);
                return;
            }

            var result = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(text, _room[Length..], out _, out var written);
            if (result != OperationStatus.Done) throw new UnreachableException($"A text of {text.Length} bytes did not fit: {result}.");
            Length += written;
        }
    }
}
