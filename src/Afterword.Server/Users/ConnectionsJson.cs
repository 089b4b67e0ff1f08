namespace Afterword.Server.Users;

/// <summary>A page of users, by their ids.</summary>
/// <param name="Ids">As numbers; beyond 53 bits in some languages. With <c>stringify_ids</c> they are texts.</param>
/// <param name="NextCursor">What to go on with; 0 at the end and only there.</param>
/// <param name="NextCursorStr">The same as a text.</param>
internal sealed record IdPageJson(IReadOnlyList<long> Ids, long NextCursor, string NextCursorStr)
{
    /// <summary>Always 0: lists are read forwards.</summary>
    public long PreviousCursor { get; init; }

    /// <summary>Always 0.</summary>
    public string PreviousCursorStr { get; init; } = "0";
}

/// <summary>The same with the ids as texts.</summary>
internal sealed record IdTextPageJson(IReadOnlyList<string> Ids, long NextCursor, string NextCursorStr)
{
    public long PreviousCursor { get; init; }

    public string PreviousCursorStr { get; init; } = "0";
}

/// <summary>What the caller and a user are to each other.</summary>
/// <param name="Name">The profile name.</param>
/// <param name="ScreenName">The handle, without @.</param>
/// <param name="Id">As a number; beyond 53 bits in some languages.</param>
/// <param name="IdStr">The same as a decimal string.</param>
/// <param name="Connections"><c>following</c>, <c>followed_by</c>, <c>blocking</c>, from the caller's side; or <c>none</c>.</param>
internal sealed record ConnectionJson(string Name, string ScreenName, long Id, string IdStr, IReadOnlyList<string> Connections);

/// <summary>What a user has chosen, in the shape of Twitter's API 1.1. What has no data here is constant.</summary>
/// <param name="ScreenName">The handle, without @.</param>
/// <param name="Language">A tag such as <c>en</c>, which stands for no choice too.</param>
/// <param name="AllowDmsFrom"><c>all</c>, or <c>following</c>: those whom the user follows.</param>
internal sealed record AccountSettingsJson(string ScreenName, string Language, string AllowDmsFrom)
{
    /// <summary>Always true.</summary>
    public bool AlwaysUseHttps { get; init; } = true;

    /// <summary>Always false.</summary>
    public bool DiscoverableByEmail { get; init; }

    /// <summary>Always false.</summary>
    public bool GeoEnabled { get; init; }

    /// <summary>Always false.</summary>
    public bool Protected { get; init; }

    /// <summary>Always off.</summary>
    public SleepTimeJson SleepTime { get; init; } = new(Enabled: false, null, null);

    /// <summary>Always UTC.</summary>
    public TimeZoneJson TimeZone { get; init; } = new("UTC", "Etc/UTC", 0);

    /// <summary>Always false.</summary>
    public bool UseCookiePersonalization { get; init; }
}

/// <summary>When nothing is sent to a phone.</summary>
/// <param name="Enabled">Always false.</param>
/// <param name="EndTime">Always null.</param>
/// <param name="StartTime">Always null.</param>
internal sealed record SleepTimeJson(bool Enabled, int? EndTime, int? StartTime);

/// <summary>A time zone.</summary>
/// <param name="Name">Always <c>UTC</c>.</param>
/// <param name="TzinfoName">Always <c>Etc/UTC</c>.</param>
/// <param name="UtcOffset">Always 0.</param>
internal sealed record TimeZoneJson(string Name, string TzinfoName, int UtcOffset);
