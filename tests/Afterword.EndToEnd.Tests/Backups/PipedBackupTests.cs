using System.Diagnostics;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Backups;

/// <summary>A backup through stdout and stdin, from one engine to the other, as a shell leads it.</summary>
public sealed class PipedBackupTests
{
    [Fact]
    public async Task A_backup_goes_through_a_pipe_to_the_other_engine_encrypted()
    {
        var (source, target) = (await SqliteStore.NewAsync(), await PostgresStore.EmptyAsync());
        (await Command.RunAsync("user", "add", "@furni", "--name", "Zoë 👋", "--data", source.Place.Value)).Is(0);
        var program = Path.Combine(AppContext.BaseDirectory, "afterword");

        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"'{program}' backup - --data '{source.Place.Value}' | '{program}' restore - --database '{target.Place.Value}' --json"])
        {
            RedirectStandardOutput = true, Environment = { ["AFTERWORD_Backup__Passphrase"] = "correct horse" },
        })!;
        var said = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(shell.ExitCode == 0, said);
        Assert.Equal("Zoë 👋", (await Command.RunAsync("user", "show", "@furni", "--json", "--database", target.Place.Value)).Is(0)["name"]);
    }
}
