using System.Text.Json.Serialization;

namespace Afterword.Client.Wire;

/// <summary>One change of a feedback, as a page of events lists it and as a webhook delivers it.</summary>
/// <param name="EventType"><c>feedback.created</c>; <c>feedback.updated</c>, once per submitted part; or <c>feedback.erased</c>, when the person who was asked has been erased.</param>
/// <param name="CreatedAt">When it happened: a <see cref="TwitterDate">date</see>.</param>
/// <param name="Feedback">In a page the feedback as it stands now; in a webhook as of the event.</param>
public sealed record FeedbackEventJson(
    [property: JsonRequired] string EventType,
    [property: JsonRequired] string CreatedAt,
    [property: JsonRequired] FeedbackJson Feedback);

/// <summary>One page of events, ascending by time, then id.</summary>
/// <param name="Events">May be empty on a page that is not the last.</param>
/// <param name="NextCursor">
/// Opaque; empty at the end and only there. Required, so that an answer cut short is never taken for the end.
/// </param>
public sealed record EventsPageJson(
    [property: JsonRequired] IReadOnlyList<FeedbackEventJson> Events,
    [property: JsonRequired] string NextCursor);
