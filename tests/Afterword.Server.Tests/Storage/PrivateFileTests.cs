using Afterword.Server.Cli;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Storage;

/// <summary>Nobody else on the machine reads what the program writes.</summary>
public sealed class PrivateFileTests
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = Owner | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    [Fact]
    public async Task Every_file_of_a_store_that_runs_is_its_owners_alone()
    {
        using var folder = TestFolder.Create("private");
        await using var server = await TestServer.StartOnAsync(await Engine.Sqlite.NewStoreAsync(folder), DateTimeOffset.UnixEpoch.AddYears(56));
        await server.UserAsync("furni");

        var files = Directory.GetFiles(folder.Path);
        Assert.Equal(
            ["admissions.db", "admissions.db-shm", "admissions.db-wal", "afterword.db", "afterword.db-shm", "afterword.db-wal", "afterword.lock"],
            files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(Owner, ModeOf(file)));
    }

    [Fact]
    public async Task What_an_older_version_made_is_closed_to_others_and_a_group_keeps_its_right()
    {
        using var folder = TestFolder.Create("private");
        var store = await Engine.Sqlite.MigratedStoreAsync(folder);
        foreach (var file in Directory.GetFiles(folder.Path)) SetMode(file, Readable);
        await using var server = await TestServer.StartOnAsync(store, DateTimeOffset.UnixEpoch.AddYears(56));

        Assert.All(["afterword.db", "admissions.db"], file => Assert.Equal(Owner | UnixFileMode.GroupRead, ModeOf(Path.Combine(folder.Path, file))));
    }

    [Fact]
    public void An_export_is_its_owners_alone_from_its_first_byte()
    {
        using var folder = TestFolder.Create("private");
        var path = Path.Combine(folder.Path, "answers.csv");
        foreach (var resume in new[] { false, true })
        {
            File.Delete(path);
            using var export = ExportFile.Open(path, resume);
            Assert.Equal(Owner, ModeOf(path + ".part"));
            export.Complete();
            Assert.Equal(Owner, ModeOf(path));
        }
    }

    private static UnixFileMode ModeOf(string file) => OperatingSystem.IsWindows() ? Owner : File.GetUnixFileMode(file);

    private static void SetMode(string file, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, mode);
    }
}
