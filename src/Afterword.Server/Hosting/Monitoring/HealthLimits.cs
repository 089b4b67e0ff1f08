namespace Afterword.Server.Hosting.Monitoring;

/// <summary>From where on the page Health calls something a problem. The rules in <c>eng/watch/alerts.yml</c> have the same limits.</summary>
internal static class HealthLimits
{
    /// <summary>The age of a key that should have been renewed: keys are renewed a week before they end, when they are 83 days old.</summary>
    public static readonly TimeSpan KeyRingAge = TimeSpan.FromDays(86);

    public static readonly TimeSpan EmailFailing = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan WebhookFailing = TimeSpan.FromHours(1);

    /// <summary>How old the oldest news for a webhook may be that does not fail.</summary>
    public static readonly TimeSpan DeliveryWaits = TimeSpan.FromMinutes(5);

    /// <summary>How long something may be due: a conversation, or a request by email or handover.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMinutes(15);

    /// <summary>Above the seconds that clocks differ by; below the five minutes at which signatures are refused.</summary>
    public static readonly TimeSpan ClockOff = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan SlowCommit = TimeSpan.FromSeconds(1);

    public const long DiskFree = 2L * 1024 * 1024 * 1024;

    public const long LogLength = 1024 * 1024 * 1024;

    public const long StandbyBehind = 128 * 1024 * 1024;

    /// <summary>Of 1,024.</summary>
    public const long WorkerNumbers = 1_000;

    /// <summary>How many backups in a row may be missing.</summary>
    public const int BackupsMissed = 2;

    /// <summary>A doctor that ran longer ago is no news. The timer of the packages runs it weekly.</summary>
    public static readonly TimeSpan DoctorRan = TimeSpan.FromDays(30);
}
