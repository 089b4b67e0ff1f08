namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>The page Rules.</summary>
/// <param name="Version">The version that holds; 0 before any was saved.</param>
/// <param name="Saved">Who saved it, and when; null before any was.</param>
/// <param name="Rules">Its rules in words.</param>
/// <param name="Edit">The form that is open; null where none is.</param>
/// <param name="Text">The document as it is to be read or was typed.</param>
/// <param name="Problems">All that is wrong with what was sent.</param>
/// <param name="Problem">What else went wrong.</param>
/// <param name="Simulation">What a draft would have decided; null when none was tried.</param>
public sealed record RulesView(
    long Version, string? Saved, bool MayEdit, IReadOnlyList<RuleLine> Rules, GeneralFields General, bool GeneralOpen, RuleEdit? Edit, string Text, bool TextOpen, IReadOnlyList<RuleProblem> Problems, string? Problem,
    bool IsSaved, SimulationView? Simulation);

/// <summary>A rule as the list shows it.</summary>
/// <param name="When">What a conversation must be, one sentence.</param>
/// <param name="Ask">What it asks, one sentence.</param>
/// <param name="Unreached">Why it never decides; null where it may.</param>
public sealed record RuleLine(string Name, string When, string Ask, bool Asks, string? Unreached);

/// <summary>The form of a rule.</summary>
/// <param name="At">Its place in the document.</param>
/// <param name="IsNew">Whether it is not there yet.</param>
/// <param name="Questions">What can be asked: value and text, by type.</param>
public sealed record RuleEdit(int At, bool IsNew, RuleFields Fields, IReadOnlyList<QuestionGroup> Questions, IReadOnlyList<string> Channels);

public sealed record QuestionGroup(string Name, IReadOnlyList<(string Value, string Text)> Questions);

/// <summary>Something that is wrong.</summary>
/// <param name="Place">Where, as in <c>rules[1].ask.share</c>; empty for the whole document.</param>
/// <param name="What">What it must be.</param>
public sealed record RuleProblem(string Place, string What)
{
    /// <summary>The field of the form that is open, and what people call it; null where only the document has a place for it.</summary>
    public FormField? Field { get; init; }
}

/// <param name="Id">In the page.</param>
/// <param name="Label">As it stands beside it.</param>
public sealed record FormField(string Id, string Label);

/// <summary>What a draft would have decided, beside what was decided.</summary>
public sealed record SimulationView(int Days, string Closes, string Different, IReadOnlyList<SimulatedRow> Rows, IReadOnlyList<SimulatedExample> Examples,
    IReadOnlyList<string> Unreached);

/// <param name="Would">How often the draft would have decided so.</param>
/// <param name="Did">How often it was decided so.</param>
public sealed record SimulatedRow(string Rule, string What, string Would, string Did);

public sealed record SimulatedExample(string Address, string ExternalId, string Did, string Would);
