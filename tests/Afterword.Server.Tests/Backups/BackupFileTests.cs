using Afterword.Server.Backups;
using Afterword.Server.Storage;
using Afterword.Server.Tests.World;
using Afterword.Support;

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

        // One that was killed is in nobody's way.
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "two.backup.part"), new string('x', 1_000_000), TestContext.Current.CancellationToken);
        await RunAsync(0, "backup", Path.Combine(_folder.Path, "two.backup"));
        await RunAsync(0, "backup", "verify", Path.Combine(_folder.Path, "two.backup"));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.part"));
    }

    [Fact]
    public async Task A_folder_keeps_the_newest_of_its_own_names()
    {
        foreach (var name in new[] { "afterword-20260101T000000Z.backup", "afterword-20260103T000000Z.backup", "afterword-20260102T000000Z.backup", "afterword-of-mother.backup", "letter.txt" })
        {
            await File.WriteAllTextAsync(Path.Combine(_folder.Path, name), name, TestContext.Current.CancellationToken);
        }

        var said = await RunAsync(0, "backup", _folder.Path, "--keep", "2");

        Assert.Contains("Deleted ", said, StringComparison.Ordinal);
        string[] stay = ["afterword-20260103T000000Z.backup", "afterword-of-mother.backup", "letter.txt"];
        var files = Directory.GetFiles(_folder.Path).Select(file => Path.GetFileName(file)).ToArray();
        Assert.Equal(stay.Length + 1, files.Length);
        Assert.Empty(stay.Except(files));
        await RunAsync(2, "backup", Path.Combine(_folder.Path, "no-folder"), "--keep", "2");
    }

    [Fact]
    public async Task A_passphrase_encrypts_and_only_it_opens()
    {
        var (file, other) = (Path.Combine(_folder.Path, "passphrase"), Path.Combine(_folder.Path, "other"));
        await File.WriteAllTextAsync(file, "correct horse\nsecond line", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(other, "battery staple\n", TestContext.Current.CancellationToken);
        var path = Path.Combine(_folder.Path, "one.backup");
        await RunAsync(0, "backup", path, "--passphrase-file", file);

        await RunAsync(0, "backup", "verify", path, "--passphrase-file", file);
        await RunAsync(0, "--set", "Backup:Passphrase=correct horse", "backup", "verify", path);
        Assert.Contains("The passphrase is wrong.", await RunAsync(1, "backup", "verify", path, "--passphrase-file", other), StringComparison.Ordinal);
        Assert.Contains("is encrypted. Give its passphrase", await RunAsync(1, "backup", "verify", path), StringComparison.Ordinal);
        Assert.Contains("There is no file", await RunAsync(1, "backup", "verify", path, "--passphrase-file", other + "s"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_leaves_no_file()
    {
        await using var db = SqliteDatabase.Open(Path.Combine(_store.Path, "afterword.db"), 16, syncEveryCommit: false, checkpoints: true);
        using var stop = new CancellationTokenSource();
        await db.WriteAsync(session => session.Sql("insert into exempt (user_id, created_at) values (1, 0)").RunAsync(default), default);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new BackupFile(db, TimeProvider.System).TakeAsync(
            Path.Combine(_folder.Path, "one.backup"), null, _ => stop.Cancel(), stop.Token));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<string> RunAsync(int exitCode, params string[] arguments) => new Shell(new Dictionary<string, string?> { ["Data"] = _store.Path }).RunAsync(exitCode, arguments);
}
