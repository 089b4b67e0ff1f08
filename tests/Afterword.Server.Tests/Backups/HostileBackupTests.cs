using System.Buffers.Binary;
using System.Text;
using Afterword.Server.Backups;

namespace Afterword.Server.Tests.Backups;

/// <summary>Files that someone made who knows the format: checksums fit, and what is in them does not.</summary>
public sealed class HostileBackupTests
{
    private const string Header = """{"program":"1.0.0","engine":"SQLite 3","taken_at":1,"schema":29,"master_keys":["a1"],"tables":[{"name":"t","columns":[{"name":"a","kind":"whole"},{"name":"b","kind":"text"}]}]}""";
    private const string End = """{"rows":[1]}""";

    // A row of t: nothing is null, the number 1, an empty text.
    private static readonly byte[] s_row = [0, 2, 0];

    [Fact]
    public void A_file_that_is_made_well_is_read() => Assert.Equal(1, Read(FileOf(Header, Rows(0, 1, s_row), End)).Rows);

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"program\":")]
    [InlineData(Header, "\"master_keys\":[\"a1\"]", "\"master_keys\":[null]")]
    [InlineData(Header, "\"master_keys\":[\"a1\"]", "\"master_keys\":null")]
    [InlineData(Header, "1.0.0", "\\u001b]0;owned\\u0007")]
    [InlineData(Header, "SQLite 3", "a\\nb")]
    [InlineData(Header, "\"taken_at\":1", "\"taken_at\":-1")]
    [InlineData(Header, "\"taken_at\":1", "\"taken_at\":9223372036854775807")]
    [InlineData(Header, "\"schema\":29", "\"schema\":0")]
    [InlineData(Header, "{\"name\":\"t\"", "null,{\"name\":\"t\"")]
    [InlineData(Header, "\"name\":\"t\"", "\"name\":\"t; drop table prompt\"")]
    [InlineData(Header, "\"name\":\"t\"", "\"name\":\"../t\"")]
    [InlineData(Header, "\"columns\":[", "\"columns\":[null,")]
    [InlineData(Header, "{\"name\":\"a\",\"kind\":\"whole\"},{\"name\":\"b\",\"kind\":\"text\"}", "")]
    [InlineData(Header, "\"name\":\"b\"", "\"name\":\"a\"")]
    [InlineData(Header, "\"kind\":\"text\"", "\"kind\":\"real\"")]
    [InlineData(Header, "\"tables\":[", "\"tables\":[{\"name\":\"t\",\"columns\":[{\"name\":\"a\",\"kind\":\"whole\"}]},")]
    public void A_header_that_no_program_writes_is_refused(string header, string old = "", string with = "")
    {
        var changed = old.Length == 0 ? header : header.Replace(old, with, StringComparison.Ordinal);

        Assert.Contains("The backup is damaged", Refusal(FileOf(changed, Rows(0, 1, s_row), End)), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_do_not_add_up_are_refused()
    {
        byte[][] blocks =
        [
            Rows(-1, 1, s_row), Rows(1, 1, s_row), Rows(int.MinValue, 1, s_row), Rows(0, 0, []), Rows(0, -1, s_row), Rows(0, int.MaxValue, s_row), Rows(0, 2, s_row), Rows(0, 1, [.. s_row, 0]),
            Rows(0, 1, [0, 2]), Rows(0, 1, []), [], [0, 0, 0, 0],

            // A length beyond the block, one beyond every array, and numbers without an end.
            Rows(0, 1, [0, 2, 5]), Rows(0, 1, [0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Rows(0, 1, [0, .. Enumerable.Repeat((byte)0x80, 40)]),
        ];

        Assert.All(blocks, block => Assert.Contains("The backup is damaged", Refusal(FileOf(Header, block, End)), StringComparison.Ordinal));
        foreach (var end in (string[])["{}", """{"rows":[]}""", """{"rows":[2]}""", """{"rows":[1,1]}""", """{"rows":null}"""]) Assert.Contains("The backup is damaged", Refusal(FileOf(Header, Rows(0, 1, s_row), end)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_that_a_file_only_claims_costs_no_memory()
    {
        foreach (var (kind, stored, plain) in ((BlockKind, uint, uint)[])[(BlockKind.Rows, 60_000_000, 60_000_000), (BlockKind.Rows, uint.MaxValue, 1), (BlockKind.Rows, 1, uint.MaxValue), (BlockKind.Header, 1_000, 60_000_000), (BlockKind.End, 60_000_000, 1), (BlockKind.Key, 60_000_000, 1)])
        {
            var head = new byte[BackupFormat.HeadLength];
            head[0] = (byte)kind;
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(1), stored);
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(5), plain);
            var before = GC.GetAllocatedBytesForCurrentThread();

            Assert.NotEmpty(Refusal([.. FirstLine(), .. head, .. new byte[1_000]]));

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8_000_000);
        }
    }

    [Fact]
    public void A_small_file_takes_no_more_memory_than_a_block_may_have()
    {
        // One row whose text fills the block, again and again: the four bytes at its end say how long it is.
        byte[] head = [0, 2, 0xC0, 0x84, 0xBD, 0x1B];
        var rows = Rows(0, 1, [.. head, .. new byte[0x40 | (0x04 << 7) | (0x3D << 14) | (0x1B << 21)]]);
        using var file = new MemoryStream();
        var writer = new BlockWriter(file, null);
        writer.Write(BlockKind.Header, Encoding.UTF8.GetBytes(Header));
        for (var i = 0; i < 3; i++) writer.Write(BlockKind.Rows, rows);
        Assert.InRange(file.Length, 1, 100_000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Contains("cut off", Refusal(file.ToArray()), StringComparison.Ordinal);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 70_000_000);
    }

    private static byte[] Rows(int table, int many, byte[] rows)
    {
        var block = new byte[8 + rows.Length];
        BinaryPrimitives.WriteInt32LittleEndian(block, table);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(4), many);
        rows.CopyTo(block, 8);
        return block;
    }

    private static byte[] FileOf(string header, byte[] rows, string end)
    {
        using var file = new MemoryStream();
        var writer = new BlockWriter(file, null);
        writer.Write(BlockKind.Header, Encoding.UTF8.GetBytes(header));
        writer.Write(BlockKind.Rows, rows);
        writer.Write(BlockKind.End, Encoding.UTF8.GetBytes(end));
        return file.ToArray();
    }

    private static byte[] FirstLine() => [.. BackupFormat.Mark, (byte)'1', (byte)'\n'];

    private static BackupContent Read(byte[] file)
    {
        using var backup = ReadBackup.Open(new MemoryStream(file), () => null);
        return backup.Run(null, _ => { }, default);
    }

    private static string Refusal(byte[] file) => Assert.Throws<BackupException>(() => Read(file)).Message;
}
