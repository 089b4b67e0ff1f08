using Afterword.Server.Reports.Pages;

namespace Afterword.Server.Automation.Fairness;

/// <summary>The page Fairness as it is written.</summary>
/// <param name="Since">Since when is counted, where the period has more than a page reads; null when all is.</param>
/// <param name="Named">The sentences about those whom chance does not explain; empty when there are none.</param>
/// <param name="More">How many agents are not shown.</param>
/// <param name="IsShort">Whether a longer period can be chosen.</param>
/// <param name="Unnamed">What is compared with nothing, because no agent was named; empty when there is nothing.</param>
public sealed record FairnessView(
    string Period, string From, string To, IReadOnlyList<LinkView> Ranges, string? Since, IReadOnlyList<NamedAgent> Named, IReadOnlyList<FairnessRow> Rows, long More, bool IsShort, string Unnamed);

/// <param name="Address">The conversations of the agent.</param>
/// <param name="ByHandAddress">The requests that were made by hand, where they are what stands out; else null.</param>
public sealed record NamedAgent(string Agent, string Address, IReadOnlyList<string> Sentences, string? ByHandAddress);

/// <param name="At">The share asked, 0 to 100; null without a conversation that came to the sample.</param>
/// <param name="Expect">The share that the rules expect, 0 to 100.</param>
/// <param name="ByHandAddress">The list of the requests made by hand; null where there are none.</param>
public sealed record FairnessRow(
    string Agent, string Address, string Closed, string Eligible, string Expected, string Asked, string Interval, double? At, double? Low, double? High, double? Expect, string ByHand, string ByHandExpected,
    string? ByHandAddress, string Withdrawn, bool IsNamed);
