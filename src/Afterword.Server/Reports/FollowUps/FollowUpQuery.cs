using System.Globalization;
using Afterword.Server.Parsing;

namespace Afterword.Server.Reports.FollowUps;

/// <summary>A place in the list: behind this item.</summary>
internal readonly record struct FollowUpCursor(long ScoredAt, long PromptId)
{
    /// <summary>Before the first one.</summary>
    public static FollowUpCursor Start { get; } = new(long.MaxValue, long.MaxValue);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ScoredAt}-{PromptId}");

    public static FollowUpCursor Read(string? text)
    {
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        return dash > 0 && WholeNumber.TryRead(text![..dash], out var at) && WholeNumber.TryRead(text[(dash + 1)..], out var id) ? new(at, id) : Start;
    }
}

/// <summary>Which items of the list someone wants to see, as the address has it.</summary>
/// <param name="State">One state alone; null for what is not done, unless <paramref name="All"/>.</param>
/// <param name="All">Whatever the state.</param>
/// <param name="Assignee">One assignee alone.</param>
/// <param name="After">Where the page begins.</param>
internal sealed record FollowUpQuery(FollowUpState? State, bool All, long? Assignee, FollowUpCursor After)
{
    /// <summary>Reads what it understands; the rest is as if it had not been said.</summary>
    /// <param name="me">Whom <c>who=me</c> means.</param>
    public static FollowUpQuery Read(IQueryCollection query, long me) => new(
        query["state"].ToString() switch { "open" => FollowUpState.Open, "assigned" => FollowUpState.Assigned, "done" => FollowUpState.Done, _ => null },
        query["state"] == "all",
        query["who"].ToString() is "me" ? me : WholeNumber.TryRead(query["who"].ToString(), out var who) ? who : null,
        FollowUpCursor.Read(query["after"].ToString()));

    /// <summary>The states that are meant.</summary>
    public IReadOnlyList<FollowUpState> States => this switch
    {
        { State: { } one } => [one],
        { All: true } => [FollowUpState.Open, FollowUpState.Assigned, FollowUpState.Done],
        _ => [FollowUpState.Open, FollowUpState.Assigned],
    };

    /// <summary>The choice of states, as the address has it.</summary>
    public string StateWord => State is { } state ? WordOf(state) : All ? "all" : "";

    public static string WordOf(FollowUpState state) => state switch
    {
        FollowUpState.Open => "open",
        FollowUpState.Assigned => "assigned",
        _ => "done",
    };
}
