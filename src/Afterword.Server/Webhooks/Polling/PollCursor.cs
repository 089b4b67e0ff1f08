using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Webhooks.Polling;

/// <summary>A place in the order of a sender's changes, as a receiver keeps it.</summary>
/// <remarks>It is not sealed: whoever may poll reads the whole log of the webhook anyway, and a place that someone made up shows nothing else.</remarks>
/// <param name="At">The stamp of the last change that was fetched, Unix milliseconds.</param>
/// <param name="Id">Its id.</param>
internal readonly record struct PollCursor(long At, long Id)
{
    /// <summary>Before the first change of a webhook.</summary>
    /// <param name="approvedAt">Its approval, whose stamp no change has.</param>
    public static PollCursor Begin(long approvedAt) => new(approvedAt, 0);

    /// <summary>Gives the place, or null when it was left out, or after noting that it is none.</summary>
    public static PollCursor? Read(ParameterReader read, string name)
    {
        if (read.Optional(name) is not { } text) return null;
        if (text.Split('-') is [var at, var id] && WholeNumber.TryRead(at, out var stamp) && WholeNumber.TryRead(id, out var change)) return new(stamp, change);

        read.Errors.Add(ApiError.Invalid(name, "a cursor that was given out for this webhook"));
        return null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At}-{Id}");
}
