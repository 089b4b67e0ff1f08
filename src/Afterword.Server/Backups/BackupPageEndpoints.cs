using Afterword.Server.Backups.Pages;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>The operators' page on backups.</summary>
internal static class BackupPageEndpoints
{
    public static void MapBackupPage(this IEndpointRouteBuilder routes) => routes.MapConsole().MapGet("/admin/backups", Show).For(Role.Operator);

    private static async Task Show(HttpContext http, Membership membership, Store store, Settings settings, TimeProvider clock)
    {
        var (run, hold) = await store.Main.ReadAsync(
            async session => (await BackupRun.FindAsync(session, http.RequestAborted), await OutboundPause.FindAsync(session, http.RequestAborted)), http.RequestAborted);
        var state = BackupState.Of(settings.Backup, run, hold, clock.GetUtcNow());
        await http.ShowConsoleAsync<BackupsPage>(membership, 200, new()
        {
            [nameof(BackupsPage.Verdict)] = state.Verdict,
            [nameof(BackupsPage.Tone)] = state.Tone,
            [nameof(BackupsPage.Facts)] = BackupTexts.All(settings.Backup, run, clock.GetUtcNow(), ConsoleTimes.For(membership.Member, settings)),
        });
    }
}

/// <summary>How it stands with the backups that the server takes by itself.</summary>
/// <param name="Verdict">A sentence.</param>
/// <param name="Tone">How bad that is: <c>good</c>, <c>warn</c> or <c>bad</c>.</param>
internal sealed record BackupState(string Verdict, string Tone)
{
    // One that takes long, or is tried again, is not late yet.
    private static readonly TimeSpan s_patience = TimeSpan.FromHours(3);

    public static BackupState Of(BackupSettings settings, BackupRun? run, OutboundPause? hold, DateTimeOffset now) => (settings.Every, run) switch
    {
        (null, _) => new("The server takes no backups by itself. Set Backup:Every and Backup:Directory, or take them from a timer.", "warn"),
        _ when hold is not null => new($"No backups are taken while everything is paused: {hold.Reason}. Next: afterword resume", "warn"),
        (_, { FailedAt: not null }) => new("The last backup failed. The next try comes within the hour.", "bad"),
        (_, not { SucceededAt: not null }) => new("The first backup has not ended yet.", "warn"),
        ({ } every, { SucceededAt: { } at }) when now - at > every + s_patience => new("The last backup is older than it should be. Is a server running, and is its log quiet?", "bad"),
        _ => new("The last backup is whole: it was read once more after it was written.", "good"),
    };
}
