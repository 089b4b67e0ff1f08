using Afterword.Server.Errors;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace Afterword.Server.Messages;

/// <summary>Where a page of direct messages begins: behind the last one of the page before. New messages come in front of it.</summary>
internal static class MessageCursor
{
    public static string After(Message last, long user, IDataProtector seal) => seal.Close(user, last.Id);

    /// <returns>The id that all messages of the page are below of; without a cursor one that all are below of.</returns>
    public static long Read(ParameterReader read, long user, IDataProtector seal)
    {
        if (read.Optional("cursor") is not { } cursor) return long.MaxValue;

        Span<long> numbers = stackalloc long[2];
        if (!seal.TryOpen(cursor, numbers) || numbers[0] != user) read.Errors.Add(ApiError.Invalid("cursor", "one that was given out for this account"));
        return numbers[1];
    }
}
