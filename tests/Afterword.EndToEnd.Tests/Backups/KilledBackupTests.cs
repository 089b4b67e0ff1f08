using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Backups;

/// <summary>Backups and restores that are killed at random moments: what looks whole is whole.</summary>
public abstract class KilledBackupTests : IAsyncLifetime
{
    private static readonly int s_users = LongForm.Or(10_000, 40_000);
    private static readonly int s_kills = LongForm.Or(5, 50);

    private readonly TestFolder _folder = TestFolder.Create("kills");
    private TestStore _store = null!;

    private protected abstract Task<TestStore> NewStoreAsync();

    private protected abstract Task<TestStore> EmptyStoreAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await NewStoreAsync();
        await _store.RunAsync(
            $"insert into account (id, screen_name, screen_name_key, name, accepts, created_at) select n, 'u' || n, 'u' || n, 'User ' || n * 7919, 'anyone', 0 from {_store.Numbers}", ("count", s_users));
    }

    [Fact]
    public async Task A_backup_that_is_killed_leaves_no_file_of_its_name_or_one_that_is_whole()
    {
        var length = await LengthOfAsync(_store, "backup", At("control"));
        for (var i = 0; i < s_kills; i++)
        {
            var path = At(string.Create(CultureInfo.InvariantCulture, $"{i}"));
            await KillAsync(length, _store, "backup", path);
            if (File.Exists(path)) (await Command.RunAsync("backup", "verify", path)).Is(0);
        }

        // The ruins are in nobody's way.
        for (var i = 0; i < s_kills; i++)
        {
            var path = At(string.Create(CultureInfo.InvariantCulture, $"{i}"));
            if (!File.Exists(path)) (await RunAsync(_store, "backup", path)).Is(0);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path, "*.part"));
    }

    [Fact]
    public async Task A_restore_that_is_killed_leaves_everything_or_nothing()
    {
        (await RunAsync(_store, "backup", At("one"))).Is(0);
        var length = await LengthOfAsync(await EmptyStoreAsync(), "restore", At("one"));
        var target = await EmptyStoreAsync();
        for (var i = 0; i < s_kills; i++)
        {
            var sessions = await target.SessionsAsync();
            await KillAsync(length, target, "restore", At("one"));
            await target.EndOfAsync((await target.SessionsAsync()).Except(sessions).ToHashSet());
            var first = await RunAsync(target, "user", "show", "@u1");
            var last = await RunAsync(target, "user", "show", string.Create(CultureInfo.InvariantCulture, $"@u{s_users}"));
            Assert.Equal(first.ExitCode, last.ExitCode);
            if (first.ExitCode == 0) target = await EmptyStoreAsync();
        }

        (await RunAsync(target, "restore", At("one"))).Is(0);
        (await RunAsync(target, "user", "show", "@u1")).Is(0);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private string At(string name) => Path.Combine(_folder.Path, $"{name}.backup");

    private static string[] On(TestStore store, string[] arguments) => [store.Place.Key == "Data" ? "--data" : "--database", store.Place.Value, .. arguments];

    private static Task<Command> RunAsync(TestStore store, params string[] arguments) => Command.RunAsync(On(store, arguments));

    private static async Task<TimeSpan> LengthOfAsync(TestStore store, params string[] arguments)
    {
        var started = Stopwatch.GetTimestamp();
        (await Command.RunProcessAsync(On(store, arguments))).Is(0);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task KillAsync(TimeSpan within, TestStore store, params string[] arguments)
    {
        // Started without a shell or env between: the process that is killed is the one that writes.
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "afterword"), On(store, arguments)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32((int)within.TotalMilliseconds + 1)));
        process.Kill();
        await process.WaitForExitAsync();
    }
}

public sealed class SqliteKilledBackupTests : KilledBackupTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();

    private protected override Task<TestStore> EmptyStoreAsync() => Task.FromResult<TestStore>(SqliteStore.Empty());
}

[LongForm]
public sealed class PostgresKilledBackupTests : KilledBackupTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();

    private protected override async Task<TestStore> EmptyStoreAsync() => await PostgresStore.EmptyAsync();
}
