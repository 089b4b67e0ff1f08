using Afterword.Server.Automation.Rules;

namespace Afterword.Server.Automation.Simulation;

/// <summary>What a simulation looks at of a close: there may be a million of them.</summary>
/// <param name="Draw">The conversation's, or one made up where it has none.</param>
/// <param name="WasPlanned">Whether a request was ever scheduled.</param>
internal readonly record struct SimulatedClose(
    long Id, long RecipientId, long ClosedAt, long CreatedAt, Draw Draw, bool WasPlanned, Decision Decision, Reason Reason, string? Rule, ConversationFacts Facts);
