using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Cli;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>Files so long that someone grows tired of them, or the server does.</summary>
public abstract partial class LongExportTests
{
    private const long MostMemory = 64 * 1024 * 1024;
    private const int Interrupt = 2;

    private readonly ExportFixture _ground;

    protected LongExportTests(Fixture fixture) => _ground = fixture.Stage;

    private static int Rows => LongForm.IsOn ? 1_000_000 : 100_000;

    [Fact]
    public async Task What_Ctrl_C_left_are_whole_lines_and_it_goes_on_to_the_same_bytes()
    {
        await using var server = await _ground.StartServerAsync();
        var stage = _ground;
        var part = stage.Path("file.csv.part");
        var (code, errors) = await InterruptAsync(stage, part);

        // A machine may be done before the signal is there.
        for (var again = 0; again < 10 && code == 0; again++) (code, errors) = await InterruptAsync(stage, part);

        Assert.True(code == 1, $"{code} {errors}");
        Assert.Contains($"What was written is in {part}. Go on with --resume", errors, StringComparison.Ordinal);
        Assert.Contains("Stopped before it was done.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(stage.Path("file.csv")));
        var whole = await stage.FetchAsync(server, "");
        var begun = await File.ReadAllBytesAsync(part);
        Assert.InRange(begun.Length, 1, whole.Length - 1);
        Assert.Equal(whole[..begun.Length], begun);
        Assert.Equal(begun.Length, CsvEnd.Find(new MemoryStream(begun))!.Value.Length);

        (await stage.RunAsync("@sender0", "-o", stage.Path("file.csv"), "--resume")).Is(0);

        Assert.Equal(whole, await File.ReadAllBytesAsync(stage.Path("file.csv")));
    }

    [Fact]
    public async Task A_long_file_costs_no_memory()
    {
        await using var server = await _ground.StartServerAsync();
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);

        // What the first call compiles and opens belongs to no file.
        await _ground.FetchAsync(server, "to_time=0");
        var before = Resident(server);
        var (most, bytes) = (before, 0L);
        using var message = await _ground.MessageAsync("test=all");
        using var response = await http.SendAsync(message, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var buffer = new byte[1 << 20];
        await using var body = await response.Content.ReadAsStreamAsync();
        for (var (read, pieces) = (1, 0); read > 0; pieces++)
        {
            read = await body.ReadAsync(buffer);
            bytes += read;
            if (pieces % 16 == 0) most = Math.Max(most, Resident(server));
        }

        Assert.InRange(bytes, Rows * 100L, long.MaxValue);
        Assert.InRange(most - before, 0, MostMemory);
    }

    [Fact]
    public async Task A_server_that_ends_breaks_the_file_off_and_it_is_seen()
    {
        await using var server = await _ground.StartServerAsync();
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        using var message = await _ground.MessageAsync("");
        using var response = await http.SendAsync(message, CancellationToken.None);
        await using var body = await response.Content.ReadAsStreamAsync();
        var begun = new byte[100_000];
        await body.ReadExactlyAsync(begun);

        await server.KillAsync();

        using var rest = new MemoryStream();
        var error = await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(rest));
        Assert.NotNull(error);
    }

    /// <summary>Exports, and interrupts that as soon as there is something in the file.</summary>
    private static async Task<(int Code, string Errors)> InterruptAsync(ExportFixture stage, string part)
    {
        File.Delete(stage.Path("file.csv"));
        using var process = Command.Start(["export", "@sender0", "-o", stage.Path("file.csv"), .. stage.Place]);
        process.StandardInput.Close();
        while (!process.HasExited && !(File.Exists(part) && new FileInfo(part).Length > 0)) await Task.Delay(1);

        _ = Kill(process.Id, Interrupt);
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private static long Resident(ServerProcess server)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{server.Id}/status")).First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Feedback that none of these tests changes.</summary>
    public abstract class Fixture : IAsyncLifetime
    {
        internal ExportFixture Stage { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Stage = await ExportFixture.SetAsync(await NewStoreAsync(), Rows);

        public ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            Stage.Dispose();
            return ValueTask.CompletedTask;
        }

        private protected abstract Task<TestStore> NewStoreAsync();
    }
}

public sealed class SqliteLongExportTests(SqliteLongExportTests.Here ground) : LongExportTests(ground), IClassFixture<SqliteLongExportTests.Here>
{
    public sealed class Here : Fixture
    {
        private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
    }
}

public sealed class PostgresLongExportTests(PostgresLongExportTests.Here ground) : LongExportTests(ground), IClassFixture<PostgresLongExportTests.Here>
{
    public sealed class Here : Fixture
    {
        private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
    }
}
