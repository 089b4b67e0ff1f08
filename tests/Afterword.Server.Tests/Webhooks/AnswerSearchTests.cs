using System.Text;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Whether a text stands in an answer: that it does not is believed of a whole answer alone.</summary>
public sealed class AnswerSearchTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(64 * 1024)]
    public async Task A_text_is_found_wherever_it_stands_however_the_answer_comes(int atOnce)
    {
        foreach (var before in (int[])[0, 1, 8_185, 8_186, 8_187, 20_000])
        {
            var (search, answer) = (new AnswerSearch("token-x"u8.ToArray()), $"[\"{new string('t', before)}token-x\"");
            await search.ReadAsync(new Pieces(answer, atOnce), default);
            Assert.True(search.IsFound, $"{before}");

            // All but its last letter came.
            search = new("token-x"u8.ToArray());
            await search.ReadAsync(new Pieces(answer.Replace("token-x", "token-", StringComparison.Ordinal) + "]", atOnce), default);
            Assert.Equal((false, true), (search.IsFound, search.IsNotThere));
        }
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData(" \r\n[1] \n", true)]
    [InlineData("", false)]
    [InlineData("{\"payload\":[", false)]
    [InlineData("<html>Please sign in</html>", false)]
    public async Task What_is_no_whole_JSON_proves_nothing(string answer, bool proves)
    {
        var search = new AnswerSearch("token-x"u8.ToArray());
        await search.ReadAsync(new Pieces(answer, 3), default);
        Assert.Equal((false, proves), (search.IsFound, search.IsNotThere));
    }

    [Fact]
    public async Task What_is_longer_than_is_read_proves_nothing()
    {
        var search = new AnswerSearch("token-x"u8.ToArray());
        await search.ReadAsync(new Pieces($"[\"{new string(' ', 4 * MiB)}token-x\"]", 64 * 1024), default);
        Assert.Equal((false, false), (search.IsFound, search.IsNotThere));
    }

    private sealed class Pieces(string answer, int atOnce) : MemoryStream(Encoding.UTF8.GetBytes(answer))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(buffer.Length, atOnce)], cancellationToken);
    }
}
