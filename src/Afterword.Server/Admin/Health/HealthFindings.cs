using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Retention;
using Afterword.Server.Storage;

namespace Afterword.Server.Admin.Health;

/// <summary>Everything that one look at the server found.</summary>
/// <param name="Now">The time.</param>
/// <param name="Problems">Causes that hold or held.</param>
/// <param name="Work">What waits.</param>
/// <param name="Signs">What must neither grow old nor run out.</param>
/// <param name="Hold">Why nothing goes out; null when it does.</param>
/// <param name="Retention">The round of removals; null before the first.</param>
/// <param name="Doctor">What the last doctor said; null when none is known.</param>
/// <param name="EmailFailingSince">Since when no email has got through.</param>
/// <param name="FreeSpace">What the disk of a SQLite store has left.</param>
/// <param name="LogLength">How long the log of SQLite is.</param>
/// <param name="SlowestCommit">Of the last minute or two.</param>
internal sealed record HealthFindings(
    DateTimeOffset Now, IReadOnlyList<Problem> Problems, WaitingWork Work, HealthReadings Signs, OutboundPause? Hold, RetentionRun? Retention, DoctorRun? Doctor,
    DateTimeOffset? EmailFailingSince, long? FreeSpace, long LogLength, TimeSpan SlowestCommit)
{
    public TimeSpan KeyAge => Signs.Key is { } key ? Secrets.Clock.GetUtcNow() - key.MadeAt : TimeSpan.Zero;
}

/// <summary>What <c>afterword doctor</c> said when it ran last, as the audit log has it.</summary>
/// <param name="At">When.</param>
/// <param name="Says">That all is well, or how many checks failed.</param>
internal sealed record DoctorRun(DateTimeOffset At, string Says)
{
    private const string Mark = "doctor: ";
    private const string Well = "all is well";

    // Nothing else that was only looked at stands there.
    private const int MostLooked = 20;

    public bool IsWell => Says == Well;

    /// <summary>Writes down that the doctor was there.</summary>
    public static Task<int> NoteAsync(AuditLog audit, int failed, int checks, CancellationToken stop) => audit.NoteAsync(
        Workspace.Installation, Member.CommandLine, AuditAction.Saw, Mark + (failed == 0 ? Well : FormattableString.Invariant($"{failed} of {checks} checks failed")), stop);

    public static async Task<DoctorRun?> FindAsync(AuditLog audit, CancellationToken stop) =>
        (await audit.ListAsync(Workspace.Installation, AuditAction.Saw, long.MaxValue, MostLooked, stop)).Find(entry => entry.What.StartsWith(Mark, StringComparison.Ordinal)) is { } found
            ? new(found.At, found.What[Mark.Length..]) : null;
}
