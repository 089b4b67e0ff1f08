using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Afterword.EndToEnd.Tests.Soaks;

/// <summary>What a server process holds at a moment.</summary>
/// <param name="Requests">How many were answered before.</param>
/// <param name="Anonymous">Memory that is no file's, in bytes.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Files">Its descriptors.</param>
/// <param name="Temporary">Those of files without a name, and the files in its store's folder.</param>
/// <param name="Log">The log of the store, in bytes.</param>
/// <param name="AdmissionsLog">That of nonces and windows.</param>
/// <param name="Nonces">Nonces that are stored.</param>
/// <param name="Windows">Windows of calls that are stored.</param>
internal sealed record Reading(long Requests, long Anonymous, int Threads, int Files, int Temporary, long Log, long AdmissionsLog, long Nonces, long Windows)
{
    public static async Task<Reading> TakeAsync(int process, string folder, long requests)
    {
        var status = (await File.ReadAllLinesAsync($"/proc/{process}/status", TestContext.Current.CancellationToken)).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        var files = Directory.GetFiles($"/proc/{process}/fd").Select(file => File.ResolveLinkTarget(file, returnFinalTarget: false)?.FullName ?? "").ToArray();
        var (nonces, windows) = await CountAsync(Path.Combine(folder, "admissions.db"));
        return new(
            requests, 1024 * Number(status["RssAnon"].Split(' ')[0]), (int)Number(status["Threads"]), files.Length,
            files.Count(file => file.EndsWith(" (deleted)", StringComparison.Ordinal)) + Directory.GetFileSystemEntries(folder).Length,
            new FileInfo(Path.Combine(folder, "afterword.db-wal")).Length, new FileInfo(Path.Combine(folder, "admissions.db-wal")).Length, nonces, windows);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Requests} requests: {Anonymous / 1048576d:F1} MiB, {Threads} threads, {Files} descriptors, {Temporary} temporary, log {Log / 1048576d:F1} + {AdmissionsLog / 1048576d:F1} MiB, {Nonces} nonces, {Windows} windows");

    private static async Task<(long Nonces, long Windows)> CountAsync(string file)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False;Mode=ReadOnly");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "select (select count(*) from nonce), (select count(*) from call_window)";
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        await row.ReadAsync(TestContext.Current.CancellationToken);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
