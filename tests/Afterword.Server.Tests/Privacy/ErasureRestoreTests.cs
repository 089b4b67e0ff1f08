using System.Globalization;
using Afterword.Server.Backups;
using Afterword.Server.Configuration;
using Afterword.Server.Privacy;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Privacy;

/// <summary>Commands: a person is shown, erased, and stays erased when an older backup is restored.</summary>
public abstract class ErasureRestoreTests(Engine engine) : IAsyncLifetime
{
    private readonly List<TestFolder> _folders = [];
    private Dictionary<string, string?> _store = null!;
    private string _backups = null!;

    private protected string BackupPath => Path.Combine(_backups, "one.backup");

    public async ValueTask InitializeAsync()
    {
        _store = await engine.MigratedStoreAsync(NewFolder("erasing"));
        _backups = NewFolder("backups").Path;
        await using var fixture = await FeedbackFixture.StartOnAsync(_store);
        await PlantedPerson.PlantAsync(fixture);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store.GetValueOrDefault("Database") is { } database) await PostgresCluster.Shared.DropAsync(database);
        foreach (var folder in _folders) folder.Dispose();
    }

    [Fact]
    public async Task The_command_says_what_goes_and_does_it_when_it_is_told_yes()
    {
        var asked = await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}");
        Assert.Contains("3 requests, 3 comments, 8 other messages, 2 conversations, 2 notes, 3 sessions and tokens", asked, StringComparison.Ordinal);
        Assert.Contains("Nothing has been changed. Give --yes to do it.", asked, StringComparison.Ordinal);
        await RunAsync(_store, 0, "user", "show", $"@{PlantedPerson.Handle}");

        var done = await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes");
        var receipt = ReceiptIn(done);
        Assert.Contains("Backups taken before still hold the person. Take one more into the same folder: it writes afterword.erased", done, StringComparison.Ordinal);
        Assert.Contains("There is no user", await RunAsync(_store, 1, "user", "show", $"@{PlantedPerson.Handle}"), StringComparison.Ordinal);
        Assert.Contains($"was erased at", await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle.ToUpperInvariant()}"), StringComparison.Ordinal);
        Assert.Equal(receipt, ReceiptIn(await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes")));
        foreach (var command in new string[][] { ["erase", "@nobody", "--yes"], ["person-data", "@nobody", "-o", Path.Combine(_backups, "nobody.zip")] })
        {
            Assert.Equal("There is no user @nobody. See: afterword user list", (await RunAsync(_store, 1, command)).Trim());
        }

        Assert.Contains($"{receipt}. Nothing is held about them", await RunAsync(_store, 1, "person-data", $"@{PlantedPerson.Handle}", "-o", Path.Combine(_backups, "gone.zip")), StringComparison.Ordinal);
        Assert.Contains("asks customers for feedback, or did", await RunAsync(_store, 1, "erase", "@furni", "--yes"), StringComparison.Ordinal);
        Assert.Contains("afterword deny sender @furni", await RunAsync(_store, 1, "erase", "@furni"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_is_found_by_their_email_address()
    {
        foreach (var handle in new[] { "ann", "bob" }) await RunAsync(_store, 0, "user", "add", handle, "--name", handle, "--mail", handle == "ann" ? "ann@mail.example" : "Both@mail.example");
        await RunAsync(_store, 0, "user", "add", "cleo", "--name", "Cleo", "--mail", "both@mail.example");

        Assert.Contains("@ann is in 0 requests", await RunAsync(_store, 0, "erase", "ANN@mail.example"), StringComparison.Ordinal);
        Assert.Contains("records about @ann", await RunAsync(_store, 0, "person-data", "ann@mail.example", "-o", Path.Combine(_backups, "ann.zip")), StringComparison.Ordinal);
        Assert.Contains("Several users have the email address both@mail.example: @bob, @cleo.", await RunAsync(_store, 1, "erase", "both@mail.example", "--yes"), StringComparison.Ordinal);
        Assert.Contains("There is no user with the email address none@mail.example.", await RunAsync(_store, 1, "erase", "none@mail.example", "--yes"), StringComparison.Ordinal);
        Assert.Contains("Erased @ann", await RunAsync(_store, 0, "erase", "ann@mail.example", "--yes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_the_store_in_use_an_older_backup_erases_again_who_was_erased_since()
    {
        await RunAsync(_store, 0, "backup", BackupPath);
        Assert.False(File.Exists(ErasureList.In(_backups)), "Nobody was erased yet.");
        var receipt = ReceiptIn(await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes"));

        var said = await RunAsync(_store, 0, "restore", BackupPath, "--replace");

        Assert.Contains("Erased since the backup: 1.", said, StringComparison.Ordinal);
        Assert.Contains("The doctor found nothing wrong.", said, StringComparison.Ordinal);
        await IsGoneAsync(_store, receipt);
    }

    [Fact]
    public async Task In_an_empty_place_it_goes_by_the_list_beside_the_backup()
    {
        await RunAsync(_store, 0, "backup", BackupPath);
        var receipt = ReceiptIn(await RunAsync(_store, 0, "--set", $"Backup:Directory={_backups}", "erase", $"@{PlantedPerson.Handle}", "--yes"));
        Assert.Contains(receipt, await File.ReadAllTextAsync(ErasureList.In(_backups), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ErasureList.In(_backups)));
        var restored = await engine.NewStoreAsync(NewFolder("restored"));

        Assert.Contains("Erased since the backup: 1.", await RunAsync(restored, 0, "restore", BackupPath), StringComparison.Ordinal);

        await IsGoneAsync(restored, receipt);

        // A list that lies elsewhere is named; one that is damaged restores nothing.
        var list = Path.Combine(NewFolder("list").Path, "moved");
        File.Move(ErasureList.In(_backups), list);
        var named = await engine.NewStoreAsync(NewFolder("named"));
        await RunAsync(named, 0, "restore", BackupPath, "--erased", list);
        await IsGoneAsync(named, receipt);
        await File.AppendAllTextAsync(list, "somebody\n", TestContext.Current.CancellationToken);
        Assert.Contains("line 3, does not say who was erased", await RunAsync(named, 1, "restore", BackupPath, "--replace", "--erased", list), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_writes_the_list_of_its_store_and_keeps_what_stands_in_it()
    {
        await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes");
        ErasureList.Add(_backups, [new(5, "erasure-other", DateTimeOffset.UnixEpoch)]);

        await RunAsync(_store, 0, "backup", BackupPath);
        await RunAsync(_store, 0, "backup", Path.Combine(_backups, "two.backup"));

        var listed = ErasureList.Read(ErasureList.In(_backups));
        Assert.Equal(2, listed.Count);
        Assert.Equal(new Erasure(5, "erasure-other", DateTimeOffset.UnixEpoch), listed[0]);
    }

    [Fact]
    public async Task A_restore_that_nobody_told_who_was_erased_says_so()
    {
        await RunAsync(_store, 0, "backup", BackupPath);
        Assert.Contains("Who was erased since the backup may not be known", await RunAsync(await engine.NewStoreAsync(NewFolder("restored")), 0, "restore", BackupPath), StringComparison.Ordinal);

        await RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes");
        await RunAsync(_store, 0, "backup", Path.Combine(_backups, "two.backup"));
        Assert.DoesNotContain("may not be known", await RunAsync(await engine.NewStoreAsync(NewFolder("again")), 0, "restore", BackupPath), StringComparison.Ordinal);
        File.Delete(ErasureList.In(_backups));
        Assert.DoesNotContain("may not be known", await RunAsync(_store, 0, "restore", BackupPath, "--replace"), StringComparison.Ordinal);
    }

    private protected Task<string> RestoreAsync() => RunAsync(_store, 0, "restore", BackupPath, "--replace");

    private protected Task<string> EraseAsync() => RunAsync(_store, 0, "erase", $"@{PlantedPerson.Handle}", "--yes");

    private protected async Task<Settings> BackedUpAsync()
    {
        await RunAsync(_store, 0, "backup", BackupPath);
        return SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(_store).Build()).Settings!;
    }

    private static string ReceiptIn(string said) => said[said.IndexOf("erasure-", StringComparison.Ordinal)..].Split('\n', ' ')[0].TrimEnd();

    private static async Task IsGoneAsync(Dictionary<string, string?> store, string receipt)
    {
        Assert.Equal(receipt, ReceiptIn(await RunAsync(store, 0, "erase", $"@{PlantedPerson.Handle}")));
        await using var server = await TestServer.StartOnAsync(new(store), DateTimeOffset.Parse("2026-12-05T10:00:00Z", CultureInfo.InvariantCulture));
        Assert.Equal(0, await server.CountAsync("prompt", "comment <> '' or display_name is not null"));
        Assert.Equal(0, await server.CountAsync("erasure", "settled = 0"));
        await server.AllIsWellAsync();
    }

    private TestFolder NewFolder(string purpose)
    {
        var folder = TestFolder.Create(purpose);
        _folders.Add(folder);
        return folder;
    }

    private static Task<string> RunAsync(Dictionary<string, string?> store, int exitCode, params string[] arguments) => new CommandShell(store).RunAsync(exitCode, arguments);
}

public sealed class SqliteErasureRestoreTests() : ErasureRestoreTests(Engine.Sqlite)
{
    [Fact]
    public async Task A_store_that_is_too_damaged_to_be_asked_is_not_taken_for_one_from_which_nobody_was_erased()
    {
        var db = Store.MainFile((await BackedUpAsync()).Data);
        await File.WriteAllTextAsync(db, new string('x', 10_000), TestContext.Current.CancellationToken);

        Assert.Contains("Who was erased since the backup may not be known", await RestoreAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_erased_from_the_old_store_while_the_new_one_is_made_is_erased_from_that_too()
    {
        // On PostgreSQL nobody can meanwhile: its tables are locked.
        var settings = await BackedUpAsync();
        var erased = false;
        await using (var file = File.OpenRead(BackupPath))
        using (var backup = ReadBackup.Open(file, () => null))
        await using (var place = await RestoreTarget.OpenAsync(settings, TimeProvider.System, default))
        {
            await place.RunAsync(
                backup,
                _ =>
                {
                    if (!erased) EraseAsync().GetAwaiter().GetResult();
                    erased = true;
                },
                default);
            Assert.False(place.ErasedIsUnknown);
        }

        Assert.True(erased);
        await using var store = await Store.OpenAsync(settings, TimeProvider.System, default);
        Assert.Equal(1, await store.Main.ReadAsync(session => session.Sql("select count(*) from erasure where settled = 0").FirstAsync(row => row.GetInt64(0), default), default));
    }
}

public sealed class PostgresErasureRestoreTests() : ErasureRestoreTests(Engine.Postgres);
