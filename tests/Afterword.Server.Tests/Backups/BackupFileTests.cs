using System.Security.Cryptography;
using Afterword.Server.Backups;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Afterword.Server.Tests.Backups;

/// <summary>Files of backups: their rights, names and number, and that none is overwritten.</summary>
public sealed class BackupFileTests : IAsyncLifetime
{
    private TestFolder _store = null!;
    private TestFolder _folder = null!;

    public async ValueTask InitializeAsync() => (_store, _folder) = (await MigratedStores.FolderAsync("store"), TestFolder.Create("backups"));

    [Fact]
    public async Task A_backup_is_its_owners_alone_and_overwrites_nothing()
    {
        var path = Path.Combine(_folder.Path, "one.backup");
        await RunAsync(0, "backup", path);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));

        var before = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        Assert.Contains("A backup never overwrites a file", await RunAsync(1, "backup", path), StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));

        // One that was killed is in nobody's way, and one that is being written is left alone.
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "two.backup.0123abcd.part"), "a ruin", TestContext.Current.CancellationToken);
        await using (PrivateFile.Open(Path.Combine(_folder.Path, "two.backup.89abcdef.part"), FileMode.CreateNew, FileShare.None)) await RunAsync(0, "backup", Path.Combine(_folder.Path, "two.backup"));
        await RunAsync(0, "backup", "verify", Path.Combine(_folder.Path, "two.backup"));
        Assert.Equal(["two.backup.89abcdef.part"], Directory.GetFiles(_folder.Path, "*.part").Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_folder_keeps_the_newest_of_its_own_names()
    {
        foreach (var name in new[] { "afterword-20260101T000000Z.backup", "afterword-20260103T000000Z.backup", "afterword-20260102T000000Z.backup", "afterword-of-mother.backup", "letter.txt", "letter.txt.0123abcd.part", "afterword-20260101T000000Z.backup.0123abcd.part" })
        {
            await File.WriteAllTextAsync(Path.Combine(_folder.Path, name), name, TestContext.Current.CancellationToken);
        }

        var said = await RunAsync(0, "backup", _folder.Path, "--keep", "2");

        Assert.Contains("Deleted ", said, StringComparison.Ordinal);
        string[] stay = ["afterword-20260103T000000Z.backup", "afterword-of-mother.backup", "letter.txt", "letter.txt.0123abcd.part"];
        var files = Directory.GetFiles(_folder.Path).Select(file => Path.GetFileName(file)).ToArray();
        Assert.Equal(stay.Length + 1, files.Length);
        Assert.Empty(stay.Except(files));
        await RunAsync(2, "backup", Path.Combine(_folder.Path, "no-folder"), "--keep", "2");
    }

    [Fact]
    public async Task The_backup_just_taken_is_never_deleted_and_names_of_a_time_to_come_make_way_first()
    {
        foreach (var name in new[] { "afterword-99991231T235959Z.backup", "afterword-20990101T000000Z.backup", "afterword-20260101T000000Z.backup" }) await File.WriteAllTextAsync(Path.Combine(_folder.Path, name), name, TestContext.Current.CancellationToken);

        await RunAsync(0, "backup", _folder.Path, "--keep", "2");
        var left = Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(2, left.Length);
        Assert.Equal("afterword-20260101T000000Z.backup", left[0]);
        await RunAsync(0, "backup", "verify", Path.Combine(_folder.Path, left[1]!));

        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "afterword-99991231T235959Z.backup"), "planted", TestContext.Current.CancellationToken);
        await using var db = Open();
        var kept = await new BackupFile(db, new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(200))).TakeIntoAsync(_folder.Path, 1, null, _ => { }, default);
        Assert.Equal([kept.Path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task An_old_backup_that_cannot_be_deleted_is_told_beside_the_new_one()
    {
        var old = Path.Combine(_folder.Path, "afterword-20260101T000000Z.backup");
        await File.WriteAllTextAsync(old, "old", TestContext.Current.CancellationToken);
        await using var db = Open();

        var kept = await new BackupFile(db, TimeProvider.System) { Delete = _ => throw new UnauthorizedAccessException("Not yours.") }.TakeIntoAsync(_folder.Path, 1, null, _ => { }, default);

        Assert.Equal($"{old} could not be deleted: Not yours.", Assert.Single(kept.NotDeleted));
        Assert.True(File.Exists(kept.Path));
    }

    [Fact]
    public async Task A_backup_gives_up_before_it_fills_a_disk()
    {
        await using var db = Open();
        await db.WriteAsync(session => session.Sql("insert into exempt (user_id, created_at) values (1, 0)").RunAsync(default), default);
        var looks = 0;
        var file = new BackupFile(db, TimeProvider.System) { RoomOf = folder => folder == _folder.Path && looks++ > 0 ? DiskRoom.Least - 1 : DiskRoom.Least };

        var error = await Assert.ThrowsAsync<BackupException>(() => file.TakeAsync(Path.Combine(_folder.Path, "one.backup"), null, _ => { }, default));

        Assert.Contains($"The disk of {_folder.Path} has 63 MiB left", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
        var store = new BackupFile(db, TimeProvider.System) { RoomOf = folder => folder == _folder.Path ? long.MaxValue : 0 };
        await Assert.ThrowsAsync<BackupException>(() => store.TakeAsync(Path.Combine(_folder.Path, "one.backup"), null, _ => { }, default));
        Assert.Equal(0, SqliteDatabase.RoomForMoreLog(DiskRoom.Least / 2));
        Assert.Equal(DiskRoom.Least, SqliteDatabase.RoomForMoreLog(2 * DiskRoom.Least));
    }

    [Fact]
    public async Task What_a_killed_verify_left_is_deleted_by_the_next_one()
    {
        var path = Path.Combine(_folder.Path, "one.backup");
        await RunAsync(0, "backup", path);
        var (ruin, busy) = (Directory.CreateTempSubdirectory("afterword-verify-"), Directory.CreateTempSubdirectory("afterword-verify-"));
        await File.WriteAllTextAsync(Path.Combine(ruin.FullName, "verifying"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(ruin.FullName, "afterword.db"), "what was encrypted", TestContext.Current.CancellationToken);
        await using (PrivateFile.Open(Path.Combine(busy.FullName, "verifying"), FileMode.CreateNew, FileShare.None)) await RunAsync(0, "backup", "verify", path, "--doctor");

        Assert.False(Directory.Exists(ruin.FullName));
        Assert.True(Directory.Exists(busy.FullName));
        busy.Delete(recursive: true);
    }

    [Fact]
    public async Task A_time_between_backups_has_bounds() =>
        Assert.Contains("10 minutes to 366 days", await RunAsync(2, "--set", "Backup:Every=400.00:00:00", "--set", "Backup:Directory=/backup", "backup", Path.Combine(_folder.Path, "one.backup")), StringComparison.Ordinal);

    [Fact]
    public void A_schedule_that_cannot_write_or_has_no_passphrase_is_told()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "no folder");
        var settings = new BackupSettings { Every = TimeSpan.FromDays(1), Directory = _folder.Path, Keep = 14 };

        Assert.Null(settings.WrongWith());
        Assert.Contains("The server cannot take backups: ", (settings with { Directory = Path.Combine(file, "backups") }).WrongWith(), StringComparison.Ordinal);
        Assert.Contains("There is no file", (settings with { PassphraseFile = file + "s" }).WrongWith(), StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_passphrase_encrypts_and_only_it_opens()
    {
        var (file, other) = (Path.Combine(_folder.Path, "passphrase"), Path.Combine(_folder.Path, "other"));
        await File.WriteAllTextAsync(file, "correct horse\nsecond line", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(other, "battery staple\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.Contains($"chmod 600 {file}", await RunAsync(1, "backup", Path.Combine(_folder.Path, "none.backup"), "--passphrase-file", file), StringComparison.Ordinal);
            foreach (var one in new[] { file, other }) File.SetUnixFileMode(one, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var path = Path.Combine(_folder.Path, "one.backup");
        await RunAsync(0, "backup", path, "--passphrase-file", file);

        await RunAsync(0, "backup", "verify", path, "--passphrase-file", file);
        await RunAsync(0, "--set", "Backup:Passphrase=correct horse", "backup", "verify", path);
        Assert.Contains("The passphrase is wrong.", await RunAsync(1, "backup", "verify", path, "--passphrase-file", other), StringComparison.Ordinal);
        Assert.Contains("is encrypted. Give its passphrase", await RunAsync(1, "backup", "verify", path), StringComparison.Ordinal);
        Assert.Contains("There is no file", await RunAsync(1, "backup", "verify", path, "--passphrase-file", other + "s"), StringComparison.Ordinal);
        foreach (var command in (string[][])[["backup", "verify"], ["restore"]]) Assert.Contains("cannot both come from stdin", await RunAsync(2, [.. command, "-", "--passphrase-file", "-"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_is_not_encrypted_is_refused_where_there_is_a_passphrase()
    {
        var path = Path.Combine(_folder.Path, "one.backup");
        await RunAsync(0, "backup", path);

        foreach (var command in (string[][])[["backup", "verify", path], ["restore", path, "--replace"]])
        {
            Assert.Contains("this backup is not encrypted: it may not be the one that you wrote", await RunAsync(1, ["--set", "Backup:Passphrase=correct horse", .. command]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_reads_a_backup_slowly_does_not_hold_the_stores_log()
    {
        await using var db = Open();
        await db.WriteAsync(session => session.Sql("insert into exempt (user_id, created_at) values (1, 0)").RunAsync(default), default);
        var busy = new List<long>();
        await using var reader = new SlowReader(() => busy.Add(Checkpoint()));

        var content = await new BackupFile(db, TimeProvider.System).SendAsync(reader, "correct horse", _ => { }, default);

        Assert.NotEmpty(busy);
        Assert.All(busy, held => Assert.Equal(0, held));
        Assert.Equal(content.Bytes, reader.Length);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "afterword-stdout-*"));

        // Gives 1 where a reader stands in the way of the log's end.
        long Checkpoint()
        {
            using var connection = new SqliteConnection($"Data Source={db.File};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "pragma wal_checkpoint(restart)";
            return (long)command.ExecuteScalar()!;
        }
    }

    [Fact]
    public async Task A_backup_ends_before_the_stores_log_fills_the_disk()
    {
        await using var db = Open();
        await InsertAsync(db, 0, 1);
        var before = db.LogLength;
        var next = 1;

        // Writers go on while the backup stands still between two blocks.
        var error = await Assert.ThrowsAsync<BackupException>(() => new WriteBackup(db, TimeProvider.System) { LongestLog = before + 500_000 }.RunAsync(
            Stream.Null, null, _ => Insert(db, next, next += 400), default));

        Assert.Contains("the store's log has grown to", error.Message, StringComparison.Ordinal);
        Assert.InRange(db.RoomForLog, 256 * 1024 * 1024, long.MaxValue - 1);
    }

    [Fact]
    public async Task What_fails_leaves_no_file()
    {
        await using var db = Open();
        using var stop = new CancellationTokenSource();
        await db.WriteAsync(session => session.Sql("insert into exempt (user_id, created_at) values (1, 0)").RunAsync(default), default);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new BackupFile(db, TimeProvider.System).TakeAsync(
            Path.Combine(_folder.Path, "one.backup"), null, _ => stop.Cancel(), stop.Token));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    private SqliteDatabase Open() => SqliteDatabase.Open(Path.Combine(_store.Path, "afterword.db"), 16, syncEveryCommit: false, checkpoints: true);

    private static Task<int> InsertAsync(SqliteDatabase db, int from, int to) => db.WriteAsync(
        async session =>
        {
            for (var i = from; i < to; i++) await session.Sql("insert into operator_key (name, key_hash, created_at) values (@name, @hash, 0)").Bind("name", $"key {i}").Bind("hash", RandomNumberGenerator.GetBytes(1_000)).RunAsync(default);
            return 0;
        },
        default);

    private static void Insert(SqliteDatabase db, int from, int to) => InsertAsync(db, from, to).GetAwaiter().GetResult();

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Counts what it is given, and looks at something before it takes more.</summary>
    private sealed class SlowReader(Action look) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            look();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }

    private Task<string> RunAsync(int exitCode, params string[] arguments) => new CommandShell(new Dictionary<string, string?> { ["Data"] = _store.Path }).RunAsync(exitCode, arguments);
}
