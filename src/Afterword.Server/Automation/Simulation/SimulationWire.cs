using System.Text.Json.Serialization;
using Afterword.Client.Wire;
using Afterword.Server.Automation.Conversations;

namespace Afterword.Server.Automation.Simulation;

/// <summary>Simulations as they cross the wire: every member is there, and null where it has no value.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SimulationJson))]
internal sealed partial class SimulationsJson : JsonSerializerContext;

internal static class SimulationWire
{
    extension(SimulationJson)
    {
        public static SimulationJson Of(SimulatedCloses simulation, int days) => new(
            days, simulation.Closes,
            [.. Ordered(simulation.Would.Select(one => new CountedJson(one.Key.Rule, DecisionOf(one.Key.Reason), WordOf(one.Key.Reason), one.Value)))],
            [.. Ordered(simulation.Did.Select(one => new CountedJson(one.Key.Rule, one.Key.Decision.Word, WordOf(one.Key.Reason), one.Value)))],
            simulation.DifferentCount,
            [.. simulation.Examples.Select(one => new ExampleJson(ConversationJson.Of(one.Conversation), one.Rule, DecisionOf(one.Reason), WordOf(one.Reason)))]);
    }

    private static IOrderedEnumerable<CountedJson> Ordered(IEnumerable<CountedJson> counts) =>
        counts.OrderByDescending(one => one.Count).ThenBy(one => one.Rule, StringComparer.Ordinal).ThenBy(one => one.Decision, StringComparer.Ordinal).ThenBy(one => one.Reason, StringComparer.Ordinal);

    private static string DecisionOf(Reason reason) => reason == Reason.None ? Decision.Asked.Word : reason.Outcome.Word;

    private static string? WordOf(Reason reason) => reason == Reason.None ? null : reason.Word;
}
