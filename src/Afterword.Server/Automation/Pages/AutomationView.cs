using Afterword.Server.Automation.Funnels;
using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Automation.Pages;

/// <summary>The page Automation as it is written: words and positions, nothing left to calculate.</summary>
/// <param name="Since">Since when is counted, where the period has more than a page reads; null when all is.</param>
/// <param name="Chips">What the page is filtered by.</param>
/// <param name="Known">Values that the period has, by the field of the filter that takes them.</param>
public sealed record AutomationView(
    string Period, string Zone, string? Since, IReadOnlyList<LinkView> Ranges, IReadOnlyList<ChipView> Chips, IReadOnlyDictionary<string, string> Fields,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Known, IReadOnlyList<FunnelRow> Steps,
    IReadOnlyList<FunnelTable> Tables, LedgerView List, string FileAddress)
{
    public bool IsEmpty => Steps.Count == 0 || Steps[0].Count == "0";
}

/// <summary>A filter that is on, and the page without it.</summary>
public sealed record ChipView(string Text, string Without);

/// <summary>A step of the funnel.</summary>
/// <param name="OfBefore">Its share of the step before.</param>
/// <param name="Width">Its share of all, 0 to 100.</param>
/// <param name="Ends">Why those who reached it went no further.</param>
public sealed record FunnelRow(string Name, string Meaning, string Count, string OfBefore, double Width, IReadOnlyList<EndRow> Ends);

/// <param name="Address">The list of those; null where there is none.</param>
public sealed record EndRow(string Text, string Count, string? Address);

/// <summary>The funnel by the values of one property.</summary>
public sealed record FunnelTable(string Id, string Title, string Column, string? Hint, LinkView? More, IReadOnlyList<FunnelPart> Parts);

/// <param name="Address">The page with this value alone, or without it where it is the filter.</param>
public sealed record FunnelPart(string Name, string Address, bool Current, string Closed, string Eligible, string Asked, string Scored, string ResponseRate);

/// <summary>A page of the list of conversations.</summary>
public sealed record LedgerView(string Counted, IReadOnlyList<LedgerRow> Rows, string? Next, string NextText, string? First, string? LookedBackTo, bool IsFound, bool IsFiltered);

/// <param name="Tone">The colour of the badge.</param>
public sealed record LedgerRow(
    string Address, string ExternalId, string? Customer, string? Handle, string? Agent, string? Team, IReadOnlyList<string> Tags, string? Rule, string Exact, string Closed, string Decision, string Tone, string Why, bool IsTest,
    bool ByHand);

/// <summary>The switch for all automatic requests.</summary>
/// <param name="Version">The version of the rules that it changes; 0 before any was saved.</param>
/// <param name="State">What it is now, in a word.</param>
/// <param name="Means">What becomes of a close.</param>
/// <param name="MayChange">Whether whoever looks may.</param>
public sealed record SwitchView(long Version, bool IsOn, string State, string Means, bool MayChange);

/// <summary>One conversation, explained.</summary>
/// <param name="Others">What else was decided on the same ticket.</param>
/// <param name="Steps">What happened, oldest first.</param>
/// <param name="ResponseAddress">The request with its response; null where there is none.</param>
/// <param name="ByHand">That someone asked about it outside the rules, and when; null where nobody did.</param>
/// <param name="ByHandAddress">That request.</param>
public sealed record ConversationView(
    LedgerRow Line, string Answer, IReadOnlyList<RuleComparison> Rules, long RulesVersion, IReadOnlyList<FactView> Facts, IReadOnlyList<FactView> Steps, IReadOnlyList<LedgerRow> Others, string? ResponseAddress,
    string? ByHand, string? ByHandAddress);

public sealed record FactView(string Name, string Value);
