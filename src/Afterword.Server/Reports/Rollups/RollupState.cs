namespace Afterword.Server.Reports.Rollups;

/// <summary>How far the rollups of a sender go. It is locked with the sender, and so are the rollups.</summary>
/// <param name="Zone">Where their days begin and end; null while there are none to go by.</param>
/// <param name="CountedTo">Prompts up to this id are counted,</param>
/// <param name="CountedFrom">and those after this one. What lies between is still to be counted.</param>
internal readonly record struct RollupState(string? Zone, long CountedTo, long CountedFrom)
{
    /// <summary>The columns that this is read from.</summary>
    public const string Columns = "day_zone, counted_to, counted_from";

    /// <summary>Whether a prompt is counted, so that a change to it must be counted too.</summary>
    public bool Counts(long prompt) => Zone is not null && (prompt <= CountedTo || prompt > CountedFrom);
}
