using System.Globalization;
using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A range of a sender's closes, by when they were received, and the place in it where the next page begins.</summary>
/// <param name="From">First millisecond, inclusive.</param>
/// <param name="To">Last millisecond, inclusive.</param>
/// <param name="AfterAt">The stamp of the last one that was looked at; with <paramref name="AfterId"/> the place.</param>
/// <param name="AfterId">The id of the last one; 0 before the first.</param>
internal readonly record struct ConversationsRange(long SenderId, long From, long To, long AfterAt, long AfterId)
{
    // Tells these cursors from those of events, which are made of as many numbers.
    private const long Kind = 17;

    /// <summary>Reads from_time, to_time and cursor. With a cursor the times may be left out, but not differ.</summary>
    /// <returns>The range, or null after noting what is wrong.</returns>
    public static ConversationsRange? Parse(ParameterReader read, long sender, DateTimeOffset now, IDataProtector seal)
    {
        var cursor = read.Optional("cursor");
        var (from, to, latest) = (read.Millis("from_time"), read.Millis("to_time"), now.ToUnixTimeMilliseconds());
        if (cursor is not null) return Resume(read, cursor, sender, from, to, seal);

        if (to > latest) read.Errors.Add(ApiError.Invalid("to_time", string.Create(CultureInfo.InvariantCulture, $"at most {latest} now")));
        else if (from > (to ?? latest)) read.Errors.Add(ApiError.Invalid("from_time", "not after to_time"));
        return read.Errors.Any ? null : new ConversationsRange(sender, from ?? 0, to ?? latest, from ?? 0, 0);
    }

    public string CursorAfter(Conversation last, IDataProtector seal) => seal.Close(Kind, SenderId, From, To, last.CreatedAt, last.Id);

    private static ConversationsRange? Resume(ParameterReader read, string cursor, long sender, long? from, long? to, IDataProtector seal)
    {
        Span<long> numbers = stackalloc long[6];
        if (seal.TryOpen(cursor, numbers) && numbers[0] == Kind && numbers[1] == sender && (from ?? numbers[2]) == numbers[2] && (to ?? numbers[3]) == numbers[3])
        {
            return read.Errors.Any ? null : new(numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        }

        read.Errors.Add(ApiError.Invalid("cursor", "one that was given out for this account, from_time and to_time"));
        return null;
    }
}
