using System.Text.Json.Serialization;
using Afterword.Server.Automation.Conversations;

namespace Afterword.Server.Automation.Simulation;

/// <summary>What would have happened with other rules.</summary>
/// <param name="Days">Of how many days the closes are.</param>
/// <param name="Closes">How many there were; tests are none.</param>
/// <param name="Would">What the draft would have decided, by rule and reason.</param>
/// <param name="Did">What was decided.</param>
/// <param name="Different">How many would have been decided otherwise.</param>
/// <param name="Examples">The first 20 of them.</param>
internal sealed record SimulationJson(int Days, long Closes, IReadOnlyList<CountedJson> Would, IReadOnlyList<CountedJson> Did, long Different, IReadOnlyList<ExampleJson> Examples)
{
    public static SimulationJson Of(SimulatedCloses simulation, int days) => new(
        days, simulation.Closes,
        [.. Ordered(simulation.Would.Select(one => new CountedJson(one.Key.Rule, DecisionOf(one.Key.Reason), WordOf(one.Key.Reason), one.Value)))],
        [.. Ordered(simulation.Did.Select(one => new CountedJson(one.Key.Rule, one.Key.Decision.Word, WordOf(one.Key.Reason), one.Value)))],
        simulation.DifferentCount,
        [.. simulation.Examples.Select(one => new ExampleJson(ConversationJson.Of(one.Conversation), one.Rule, DecisionOf(one.Reason), WordOf(one.Reason)))]);

    private static IOrderedEnumerable<CountedJson> Ordered(IEnumerable<CountedJson> counts) =>
        counts.OrderByDescending(one => one.Count).ThenBy(one => one.Rule, StringComparer.Ordinal).ThenBy(one => one.Decision, StringComparer.Ordinal).ThenBy(one => one.Reason, StringComparer.Ordinal);

    private static string DecisionOf(Reason reason) => reason == Reason.None ? Decision.Asked.Word : reason.Outcome.Word;

    private static string? WordOf(Reason reason) => reason == Reason.None ? null : reason.Word;
}

/// <summary>How often something is decided.</summary>
/// <param name="Rule">The rule that decides; null when none fits.</param>
/// <param name="Decision">What is decided.</param>
/// <param name="Reason">Why, where it is not asked.</param>
/// <param name="Count">How often.</param>
internal sealed record CountedJson(string? Rule, string Decision, string? Reason, long Count);

/// <summary>A conversation of which the draft would have decided otherwise.</summary>
/// <param name="Conversation">As it is now.</param>
/// <param name="Rule">The rule of the draft that decides.</param>
/// <param name="Decision">What it would have decided.</param>
/// <param name="Reason">Why, where it would not have asked.</param>
internal sealed record ExampleJson(ConversationJson Conversation, string? Rule, string Decision, string? Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SimulationJson))]
internal sealed partial class SimulationsJson : JsonSerializerContext;
