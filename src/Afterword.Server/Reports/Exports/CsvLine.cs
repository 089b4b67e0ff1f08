using System.Buffers;
using System.Buffers.Text;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Exports;

/// <summary>Writes a stored feedback as one line of CSV, straight from the row to bytes.</summary>
/// <param name="from">The sender's handle.</param>
/// <param name="visibility">How much of each may be seen.</param>
/// <param name="oldestOpen">See <see cref="RequestStates.Of"/>.</param>
internal sealed class CsvLine(string from, Visibility visibility, long oldestOpen)
{
    /// <summary>The first line of every file.</summary>
    public static ReadOnlySpan<byte> Header =>
        "id,type,test,created_at,updated_at,from,to,external_id,question_variant_id,question,display_name,score,score_at,text,text_at,state,agent,tags,language,channel\r\n"u8;

    /// <summary>The columns that <see cref="Write"/> wants, of a prompt <c>p</c> and its recipient's account <c>a</c>.</summary>
    public const string Columns =
        """
        p.id, p.type, p.test, p.created_at, p.updated_at, a.screen_name, p.external_id, p.question_variant, p.question,
        p.display_name, p.score, p.score_at, p.comment, p.comment_at, p.dismissed_at, p.agent, p.tags, p.language, p.channel
        """;

    /// <summary>Where the text stands in <see cref="Columns"/>.</summary>
    public const int TextColumn = 12;

    // Dates, numbers, words, commas, and what quotes and apostrophes each text may get.
    private const int Frame = 400;

    private readonly byte[] _from = Encoded(from);

    /// <param name="output">Receives the line, with its end.</param>
    /// <param name="row">A row of <see cref="Columns"/>.</param>
    public void Write(IBufferWriter<byte> output, Row row)
    {
        var to = visibility.Names ? TextOf(row, 5) : default;
        var externalId = visibility.Names ? TextOf(row, 6) : default;
        var question = visibility.Names || row.IsDBNull(9) ? row.Utf8(8) : System.Text.Encoding.UTF8.GetBytes(visibility.QuestionOf(row.GetString(8), row.GetString(9)));
        var displayName = visibility.Names ? TextOf(row, 9) : default;
        var text = visibility.Texts ? TextOf(row, TextColumn) : default;
        var agent = TextOf(row, 15);
        var tags = TextOf(row, 16);
        var language = TextOf(row, 17);

        var texts = to.Length + externalId.Length + question.Length + displayName.Length + text.Length + agent.Length + tags.Length + language.Length;
        var line = new Line(output.GetSpan(Frame + _from.Length + CsvCell.MostOf(texts)));
        var (created, scored, commented) = (row.GetInt64(3), !row.IsDBNull(10), !row.IsDBNull(13));
        line.Number(row.GetInt64(0));
        line.Word((PromptType)row.GetInt64(1) == PromptType.Csat ? "csat"u8 : "nps"u8);
        line.Word(row.GetInt64(2) != 0 ? "true"u8 : "false"u8);
        line.Time(created);
        line.Time(row.GetInt64(4));
        line.Word(_from);
        line.Text(to);
        line.Text(externalId);
        line.Number(row.GetInt64(7));
        line.Text(question);
        line.Text(displayName);
        line.NumberOrNothing(row, 10);
        line.TimeOrNothing(row, 11);
        line.Text(text);
        line.TimeOrNothing(row, 13);
        line.Word(RequestStates.Of(scored, commented, !row.IsDBNull(14), created, oldestOpen).Utf8);
        line.Text(agent);
        line.Text(tags);
        if (language.IsEmpty) line.Word("en"u8);
        else line.Text(language);
        line.Word(ChannelOf(row));
        line.End();
        output.Advance(line.Length);
    }

    private static ReadOnlySpan<byte> TextOf(Row row, int column) => row.IsDBNull(column) ? default : row.Utf8(column);

    private static ReadOnlySpan<byte> ChannelOf(Row row) => (Channel)row.GetInt64(18) switch
    {
        Channel.Email => "email"u8,
        Channel.Webhook => "webhook"u8,
        Channel.Conversation => "conversation"u8,
        Channel.X => "x"u8,
        _ => "built-in"u8,
    };

    private static byte[] Encoded(string text)
    {
        var utf8 = System.Text.Encoding.UTF8.GetBytes(text);
        var cell = new byte[CsvCell.MostOf(utf8.Length)];
        return cell[..CsvCell.Write(utf8, cell)];
    }

    /// <summary>Bytes in a row; whoever makes it has seen to the room.</summary>
    private ref struct Line(Span<byte> room)
    {
        private const int TimeLength = 24;
        private readonly Span<byte> _room = room;

        public int Length { get; private set; }

        public void Word(ReadOnlySpan<byte> word)
        {
            word.CopyTo(_room[Length..]);
            Length += word.Length;
            Comma();
        }

        public void Text(ReadOnlySpan<byte> text)
        {
            Length += CsvCell.Write(text, _room[Length..]);
            Comma();
        }

        public void Number(long number)
        {
            Utf8Formatter.TryFormat(number, _room[Length..], out var written);
            Length += written;
            Comma();
        }

        public void NumberOrNothing(Row row, int column)
        {
            if (row.IsDBNull(column)) Comma();
            else Number(row.GetInt64(column));
        }

        /// <summary>As in ISO 8601, to the millisecond.</summary>
        public void Time(long millis)
        {
            // The format "O" has seven digits of a second, of which three are ours; it is the one that is written without parsing a pattern.
            var at = DateTime.UnixEpoch.AddMilliseconds(millis);
            Utf8Formatter.TryFormat(at, _room[Length..], out _, 'O');
            _room[Length + TimeLength - 1] = (byte)'Z';
            Length += TimeLength;
            Comma();
        }

        public void TimeOrNothing(Row row, int column)
        {
            if (row.IsDBNull(column)) Comma();
            else Time(row.GetInt64(column));
        }

        /// <summary>Ends the line in the place of the last comma.</summary>
        public void End()
        {
            _room[Length - 1] = (byte)'\r';
            _room[Length++] = (byte)'\n';
        }

        private void Comma() => _room[Length++] = (byte)',';
    }
}
