using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>What would have happened with other rules.</summary>
/// <param name="Days">Of how many days the closes are.</param>
/// <param name="Closes">How many there were; tests are none.</param>
/// <param name="Would">What the draft would have decided, by rule and reason.</param>
/// <param name="Did">What was decided.</param>
/// <param name="Different">How many would have been decided otherwise.</param>
/// <param name="Examples">The first 20 of them.</param>
public sealed record SimulationJson(
    [property: JsonRequired] int Days,
    [property: JsonRequired] long Closes,
    [property: JsonRequired] IReadOnlyList<CountedJson> Would,
    [property: JsonRequired] IReadOnlyList<CountedJson> Did,
    [property: JsonRequired] long Different,
    [property: JsonRequired] IReadOnlyList<ExampleJson> Examples);

/// <summary>How often something is decided.</summary>
/// <param name="Rule">The rule that decides; null when none fits.</param>
/// <param name="Decision">What is decided.</param>
/// <param name="Reason">Why, where it is not asked.</param>
/// <param name="Count">How often.</param>
public sealed record CountedJson(string? Rule, [property: JsonRequired] string Decision, string? Reason, [property: JsonRequired] long Count);

/// <summary>A conversation of which the draft would have decided otherwise.</summary>
/// <param name="Conversation">As it is now.</param>
/// <param name="Rule">The rule of the draft that decides.</param>
/// <param name="Decision">What it would have decided.</param>
/// <param name="Reason">Why, where it would not have asked.</param>
public sealed record ExampleJson([property: JsonRequired] ConversationJson Conversation, string? Rule, [property: JsonRequired] string Decision, string? Reason);
