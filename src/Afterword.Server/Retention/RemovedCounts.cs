using System.Globalization;

namespace Afterword.Server.Retention;

/// <summary>How much was removed, or would be, by kind.</summary>
/// <param name="Comments">Texts of answers.</param>
/// <param name="Notes">Of the follow-up.</param>
/// <param name="Messages">Deleted, or emptied where a request hangs on them.</param>
/// <param name="Customers">Whose external ids and errors with addresses the sender forgot.</param>
/// <param name="Accounts">Of those customers, the ones that nobody else knows: name, handle and address are gone.</param>
internal sealed record RemovedCounts(long Comments = 0, long Notes = 0, long Messages = 0, long Customers = 0, long Accounts = 0)
{
    public static RemovedCounts Nothing { get; } = new();

    public bool IsNothing => this == Nothing;

    /// <summary>The kinds with their names, as metrics and pages have them.</summary>
    public IEnumerable<(string Kind, long Count)> Kinds =>
        [("comments", Comments), ("notes", Notes), ("messages", Messages), ("customers", Customers), ("accounts", Accounts)];

    public static RemovedCounts operator +(RemovedCounts one, RemovedCounts other) => new(
        one.Comments + other.Comments, one.Notes + other.Notes, one.Messages + other.Messages, one.Customers + other.Customers, one.Accounts + other.Accounts);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Comments:N0} comments, {Notes:N0} notes, {Messages:N0} messages, {Customers:N0} customers ({Accounts:N0} accounts)");
}

/// <summary>What would be removed.</summary>
/// <param name="Rows">How much.</param>
/// <param name="AtLeast">There may be more: it was not counted further.</param>
internal sealed record Forecast(RemovedCounts Rows, bool AtLeast);
