using System.Security.Cryptography;
using Afterword.Server.Backups;
using Afterword.Server.Storage.Sqlite;
using Afterword.Support;

namespace Afterword.Server.Tests.Backups;

/// <summary>What was changed, cut off or put together of two files is refused, with its place.</summary>
public sealed class BackupFormatTests : IAsyncLifetime
{
    private TestFolder _folder = null!;
    private SqliteDatabase _db = null!;

    public async ValueTask InitializeAsync()
    {
        _folder = await MigratedStores.FolderAsync("format");
        _db = SqliteDatabase.Open(Path.Combine(_folder.Path, "afterword.db"), 16, syncEveryCommit: false, checkpoints: true);
        await _db.WriteAsync(
            async session =>
            {
                for (var i = 1L; i <= 3_000; i++)
                {
                    await session.Sql("insert into exempt (user_id, created_at) values (@id, @at)").Bind("id", i * (i % 2 == 0 ? 1 : -1)).Bind("at", i % 3 == 0 ? long.MinValue : long.MaxValue - i).RunAsync(default);
                    await session.Sql("insert into operator_key (name, key_hash, created_at) values (@name, @hash, 0)").Bind("name", $"Zoë {i} 👋").Bind("hash", RandomNumberGenerator.GetBytes(300)).RunAsync(default);
                }

                await session.Sql("insert into account (id, screen_name, screen_name_key, name, accepts, created_at, mail) values (1, 'ana', 'ana', '', 'anyone', 0, null)").RunAsync(default);
                return 0;
            },
            default);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public async Task Every_byte_that_is_changed_is_refused_with_its_place(string? passphrase)
    {
        var whole = await WriteAsync(passphrase);
        var content = Read(whole, passphrase);
        Assert.Equal(3_000, content.Totals.Rows[content.Header.Tables.ToList().FindIndex(table => table.Name == "operator_key")]);
        Assert.Equal(whole.Length, content.Bytes);
        Assert.True(whole.Length > 2 * BackupFormat.BlockLength / 3, "There is more than one block of rows.");

        // Always the first and the last, where the lines, lengths and sums are.
        var places = Enumerable.Range(0, 150).Concat(Enumerable.Range(whole.Length - 100, 100)).Concat(Enumerable.Range(0, LongForm.Or(60, 1_000)).Select(_ => RandomNumberGenerator.GetInt32(whole.Length)));
        foreach (var place in places)
        {
            var changed = (byte[])whole.Clone();
            changed[place] ^= (byte)(1 << RandomNumberGenerator.GetInt32(8));
            var error = Record.Exception(() => Read(changed, passphrase));
            Assert.True(error is BackupException && error.Message.Contains("byte ", StringComparison.Ordinal), $"Byte {place}: {error?.Message ?? "not noticed"}");
        }
    }

    [Fact]
    public async Task What_is_cut_off_or_goes_on_is_refused()
    {
        var whole = await WriteAsync(null);
        foreach (var length in Enumerable.Range(0, 60).Select(_ => RandomNumberGenerator.GetInt32(whole.Length)).Append(0).Append(whole.Length - 1))
        {
            Assert.Contains("cut off: it ends at byte", Assert.Throws<BackupException>(() => Read(whole[..length], null)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("something follows its end", Assert.Throws<BackupException>(() => Read([.. whole, 0], null)).Message, StringComparison.Ordinal);
        Assert.Contains("This is no backup", Assert.Throws<BackupException>(() => Read([.. "PK and more than enough of whatever it is"u8], null)).Message, StringComparison.Ordinal);
        Assert.Contains("made by a newer version", Assert.Throws<BackupException>(() => Read([.. "afterword-backup 2\n"u8, .. whole[19..]], null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocks_of_another_backup_do_not_fit()
    {
        var (one, other) = (await WriteAsync(null), await WriteAsync(null));
        var (first, second) = (StartsOf(one), StartsOf(other));
        for (var i = 1; i < first.Count - 1; i++)
        {
            byte[] mixed = [.. one[..first[i]], .. other[second[i]..second[i + 1]], .. one[first[i + 1]..]];
            if (!mixed.SequenceEqual(one)) Assert.Throws<BackupException>(() => Read(mixed, null));

            // Nor do those of this one, twice or not at all.
            Assert.Throws<BackupException>(() => Read([.. one[..first[i]], .. one[first[i]..first[i + 1]], .. one[first[i]..]], null));
            Assert.Throws<BackupException>(() => Read([.. one[..first[i]], .. one[first[i + 1]..]], null));
        }
    }

    [Fact]
    public async Task An_encrypted_backup_tells_nothing_without_its_passphrase()
    {
        var whole = await WriteAsync("correct horse");

        Assert.Equal("The passphrase is wrong.", Assert.Throws<BackupException>(() => Read(whole, "Correct horse")).Message);
        Assert.Contains("is encrypted. Give its passphrase", Assert.Throws<BackupException>(() => Read(whole, null)).Message, StringComparison.Ordinal);
        Assert.Equal(-1, whole.AsSpan().IndexOf("operator_key"u8));
        Assert.NotEqual(whole, await WriteAsync("correct horse"));

        // Checksums can be made anew by anybody; the tag of a block cannot.
        var starts = StartsOf(whole);
        var forged = (byte[])whole.Clone();
        forged[starts[2] + BackupFormat.HeadLength + 5] ^= 1;
        Rehash(forged, starts);
        Assert.Contains("The backup is damaged", Assert.Throws<BackupException>(() => Read(forged, "correct horse")).Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _db.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<byte[]> WriteAsync(string? passphrase)
    {
        using var file = new MemoryStream();
        using var key = passphrase is null ? null : BackupKey.Make(passphrase, rounds: 1);
        await new WriteBackup(_db, TimeProvider.System).RunAsync(file, key, _ => { }, default);
        return file.ToArray();
    }

    private static BackupContent Read(byte[] file, string? passphrase)
    {
        using var backup = ReadBackup.Open(new MemoryStream(file), () => passphrase);
        return backup.Run(null, _ => { }, default);
    }

    /// <summary>Where blocks begin, and the end.</summary>
    private static List<int> StartsOf(byte[] file)
    {
        var starts = new List<int> { file.AsSpan().IndexOf((byte)'\n') + 1 };
        while (starts[^1] < file.Length) starts.Add(starts[^1] + BackupFormat.HeadLength + BitConverter.ToInt32(file, starts[^1] + 1) + BackupFormat.ChecksumLength);
        return starts;
    }

    private static void Rehash(byte[] file, List<int> starts)
    {
        var checksum = SHA256.HashData(file.AsSpan(0, starts[0]));
        for (var i = 0; i + 1 < starts.Count; i++)
        {
            checksum = SHA256.HashData([.. checksum, .. file[starts[i]..(starts[i + 1] - BackupFormat.ChecksumLength)]]);
            checksum.CopyTo(file, starts[i + 1] - BackupFormat.ChecksumLength);
        }
    }
}
