using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>The names of folders that are made for a store are on the disk before anything is stored in it.</summary>
public sealed class FolderNameTests
{
    [Fact]
    public async Task Each_folder_that_is_made_is_synced_in_the_one_above_it()
    {
        Strace.SkipUnlessItMayTrace();
        using var folder = TestFolder.Create("names");
        var (file, above) = (Path.Combine(folder.Path, "calls"), Path.Combine(folder.Path, "above"));

        (await Command.RunProcessAsync(
            ["migrate", "--data", Path.Combine(above, "store")], through: ["strace", "-f", "--seccomp-bpf", "-y", "-e", "trace=mkdir,mkdirat,fsync,openat", "-o", file])).Is(0);

        var calls = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        var first = Array.FindIndex(calls, call => call.Contains("afterword.db\"", StringComparison.Ordinal) && call.Contains("O_CREAT", StringComparison.Ordinal));
        Assert.True(first > 0);
        foreach (var parent in (string[])[folder.Path, above]) Assert.Contains(calls[..first], call => call.Contains("fsync(", StringComparison.Ordinal) && call.Contains($"<{parent}>", StringComparison.Ordinal));
    }
}
