using System.Buffers;
using System.Text;
using System.Text.Json;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Tests.Prompts;

/// <summary>The quick way of writing a feedback object and the wire type agree to the byte.</summary>
public sealed class FeedbackLineTests
{
    private static readonly string[] s_texts =
        ["", "plain", "\"quotes\" \\ / <b>&'", "tab\tline\n\u0001\u007f\u0085", "Grüße, 東京, שלום", "👋🏽 𝔘 \U0010FFFF", "\u2028\u2029\ufeff\u200b", "a'b`c+d=e%f", new string('\u0001', 10_000)];

    [Fact]
    public void It_writes_what_the_wire_type_writes()
    {
        var random = new Random(20260105);
        for (var round = 0; round < 3_000; round++)
        {
            var prompt = Any(random);
            var quick = new ArrayBufferWriter<byte>();
            FeedbackLine.Write(quick, new StoredRow(prompt));

            Assert.Equal(JsonSerializer.Serialize(prompt.ToWire(), WireJson.Default.FeedbackJson), Encoding.UTF8.GetString(quick.WrittenSpan));
        }
    }

    private static Prompt Any(Random random)
    {
        long Long() => random.NextInt64(random.Next(2) == 0 ? long.MaxValue : 100_000);
        long Millis() => random.NextInt64(0, 4_102_444_800_000);
        string Text() => s_texts[random.Next(s_texts.Length)] + (random.Next(2) == 0 ? ((char)random.Next(1, 0xD800)).ToString() : "");
        bool Maybe() => random.Next(2) == 0;
        var (scored, commented) = (Maybe(), Maybe());
        return new(
            Long(), Long(), Long(), Long(), Maybe() ? PromptType.Csat : PromptType.Nps, Maybe(), random.Next(38), Text(), Text(), Maybe() ? Text() : null, Maybe() ? Text() : null,
            Millis(), Millis(), null, scored ? random.Next(11) : null, scored ? Millis() : null, commented ? Text() : null, commented ? Millis() : null);
    }

    /// <summary>The columns of a prompt as a store would give them.</summary>
    private sealed class StoredRow(Prompt p) : Row
    {
        private readonly object?[] _values =
        [
            p.SenderId, p.Id, p.RecipientId, p.MessageId, (long)p.Type, p.Test ? 1L : 0L, (long)p.QuestionVariant, p.Question, p.PrivacyUrl, p.ExternalId, p.DisplayName,
            p.CreatedAt, p.UpdatedAt, p.DismissedAt, (long?)p.Score, p.ScoreAt, p.Comment, p.CommentAt,
        ];

        public override bool IsDBNull(int column) => _values[column] is null;

        public override long GetInt64(int column) => (long)_values[column]!;

        public override int GetInt32(int column) => (int)GetInt64(column);

        public override string GetString(int column) => (string)_values[column]!;

        public override ReadOnlySpan<byte> Utf8(int column) => Encoding.UTF8.GetBytes(GetString(column));

        public override byte[] GetBytes(int column) => throw new NotSupportedException();
    }
}
