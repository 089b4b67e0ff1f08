using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace Afterword.Server.Changes;

/// <summary>A range of a sender's events and the place in it where the next page begins.</summary>
/// <param name="SenderId">Whose events.</param>
/// <param name="From">First millisecond, inclusive.</param>
/// <param name="To">Last millisecond, inclusive.</param>
/// <param name="AfterAt">The stamp of the last event given out; with <paramref name="AfterId"/> the place.</param>
/// <param name="AfterId">The id of the last event given out; 0 before the first.</param>
internal readonly record struct EventsRange(long SenderId, long From, long To, long AfterAt, long AfterId)
{
    /// <summary>Reads from_time, to_time and cursor. With a cursor the times may be left out, but not differ.</summary>
    /// <returns>The range, or null after noting what is wrong.</returns>
    public static EventsRange? Parse(ParameterReader read, long sender, DateTimeOffset latest, IDataProtector seal)
    {
        var cursor = read.Optional("cursor");
        var from = read.Millis("from_time", required: cursor is null);
        var to = read.Millis("to_time", required: cursor is null);
        if (read.Errors.Any) return null;
        if (cursor is not null) return Resume(read, cursor, sender, from, to, seal);

        if (to > latest.ToUnixTimeMilliseconds()) read.Errors.Add(ApiError.Invalid("to_time", string.Create(CultureInfo.InvariantCulture, $"at most {latest.ToUnixTimeMilliseconds()} now")));
        else if (from > to) read.Errors.Add(ApiError.Invalid("from_time", "not after to_time"));
        return read.Errors.Any ? null : new EventsRange(sender, from!.Value, to!.Value, from.Value, 0);
    }

    /// <summary>The cursor of the page behind <paramref name="last"/>.</summary>
    public string CursorAfter(Change last, IDataProtector seal) => seal.Close(SenderId, From, To, last.At, last.Id);

    private static EventsRange? Resume(ParameterReader read, string cursor, long sender, long? from, long? to, IDataProtector seal)
    {
        if (!TryOpen(cursor, seal, out var range) || range.SenderId != sender || (from ?? range.From) != range.From || (to ?? range.To) != range.To)
        {
            read.Errors.Add(ApiError.Invalid("cursor", "one that was given out for this account, from_time and to_time"));
            return null;
        }

        return range;
    }

    private static bool TryOpen(string cursor, IDataProtector seal, out EventsRange range)
    {
        Span<long> numbers = stackalloc long[5];
        var isOurs = seal.TryOpen(cursor, numbers);
        range = new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        return isOurs;
    }
}
