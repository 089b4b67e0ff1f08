using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.PowerCuts;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Backups;

/// <summary>What a backup and a restore say is done is on the disk, in the order in which a power cut leaves nothing that only looks whole.</summary>
public sealed class DurableBackupTests
{
    [Fact]
    public async Task A_backup_and_a_restored_store_get_their_names_when_they_are_on_the_disk_and_their_names_are_there_before_it_is_said()
    {
        Strace.SkipUnlessItMayTrace();
        using var folder = TestFolder.Create("durable");
        var store = await SqliteStore.NewAsync();
        var file = Path.Combine(folder.Path, "one.backup");

        var backup = await TraceAsync(folder, "backup", file, "--data", store.Place.Value);
        var named = backup.FindIndex(call => call.Name.StartsWith("rename", StringComparison.Ordinal) && call.Arguments.Contains("/one.backup\"", StringComparison.Ordinal));
        Assert.True(named > 0);
        Assert.Contains(backup[..named], call => IsSyncOf(call, path => path.EndsWith(".part", StringComparison.Ordinal)));
        Assert.Contains(backup[named..], call => IsSyncOf(call, path => path == folder.Path));

        var restore = await TraceAsync(folder, "restore", file, "--data", store.Place.Value, "--replace");
        var replaced = restore.FindIndex(call => call.Name.StartsWith("rename", StringComparison.Ordinal) && call.Arguments.Contains("/restoring/afterword.db\"", StringComparison.Ordinal));
        Assert.True(replaced > 0);
        Assert.Contains(restore[..replaced], call => IsSyncOf(call, path => path.EndsWith("/restoring/afterword.db", StringComparison.Ordinal)));

        // Before anything is written into a log of the new store.
        var opened = restore.FindIndex(replaced, call => call.Name == "openat" && call.Arguments.Contains($"{store.Place.Value}/afterword.db-wal\"", StringComparison.Ordinal));
        Assert.True(opened > 0);
        Assert.Contains(restore[replaced..opened], call => IsSyncOf(call, path => path == store.Place.Value));
    }

    private static bool IsSyncOf(SystemCall call, Func<string, bool> isIt) => call is { Name: "fsync" or "fdatasync", Failed: false, Path: { } path } && isIt(path);

    private static async Task<List<SystemCall>> TraceAsync(TestFolder folder, params string[] arguments)
    {
        var calls = Path.Combine(folder.Path, "calls");
        (await Command.RunProcessAsync(
            arguments, through: ["strace", "-f", "--seccomp-bpf", "-q", "-y", "-s", "4096", "-e", "signal=none", "-e", "trace=openat,fsync,fdatasync,rename,renameat,renameat2,link,linkat", "-o", calls])).Is(0);
        return [.. SystemCall.Read(calls, "fsync", "fdatasync", "rename", "afterword.db")];
    }
}
