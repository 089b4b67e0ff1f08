using System.Globalization;
using System.Numerics;

namespace Afterword.Client.Wire;

/// <summary>Dates as the API writes them: <c>Mon Jan 04 19:45:37 +0000 2016</c>; English, always UTC, whole seconds.</summary>
public static class TwitterDate
{
    /// <summary>The length of every date, in characters and in bytes.</summary>
    public const int Length = 30;

    private const string LayoutBehindWeekday = "MMM dd HH:mm:ss +0000 yyyy";

    private static ReadOnlySpan<byte> Weekdays => "SunMonTueWedThuFriSat"u8;

    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>Formats an instant; fractions of a second are cut off.</summary>
    public static string Format(DateTimeOffset instant) =>
        string.Create(Length, instant.UtcDateTime, static (text, utc) => Write(text, utc));

    /// <summary>Formats an instant as UTF-16 without allocating.</summary>
    /// <returns><see langword="false"/> if the destination is shorter than <see cref="Length"/>.</returns>
    public static bool TryFormat(DateTimeOffset instant, Span<char> destination, out int written) =>
        TryWrite(instant, destination, out written);

    /// <summary>Formats an instant as UTF-8 without allocating.</summary>
    /// <returns><see langword="false"/> if the destination is shorter than <see cref="Length"/>.</returns>
    public static bool TryFormat(DateTimeOffset instant, Span<byte> destination, out int written) =>
        TryWrite(instant, destination, out written);

    /// <summary>Reads a date.</summary>
    /// <exception cref="FormatException">The text is not such a date.</exception>
    public static DateTimeOffset Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var instant) ? instant : throw new FormatException($"'{text}' is not a date of this API.");

    /// <summary>Reads a date. Its weekday is not checked.</summary>
    /// <returns><see langword="false"/> if the text is not such a date.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset instant)
    {
        instant = default;

        // The published documentation has an example whose weekday disagrees with its date, which a strict reader
        // rejects. The first three letters carry no information, so they are skipped rather than checked.
        return text.Length == Length
            && text[3] == ' '
            && DateTimeOffset.TryParseExact(
                text[4..], LayoutBehindWeekday, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out instant);
    }

    private static bool TryWrite<T>(DateTimeOffset instant, Span<T> destination, out int written)
        where T : unmanaged, IBinaryInteger<T>
    {
        written = 0;
        if (destination.Length < Length) return false;

        Write(destination[..Length], instant.UtcDateTime);
        written = Length;
        return true;
    }

    private static void Write<T>(Span<T> text, DateTime utc)
        where T : unmanaged, IBinaryInteger<T>
    {
        Put(text, "ddd mmm dd hh:mm:ss +0000 yyyy"u8);
        Put(text, Weekdays.Slice((int)utc.DayOfWeek * 3, 3));

        utc.Deconstruct(out DateOnly date, out TimeOnly time);
        date.Deconstruct(out var year, out var month, out var day);
        Put(text[4..], Months.Slice((month - 1) * 3, 3));
        PutTwo(text[8..], day);
        PutTwo(text[11..], time.Hour);
        PutTwo(text[14..], time.Minute);
        PutTwo(text[17..], time.Second);
        PutTwo(text[26..], year / 100);
        PutTwo(text[28..], year % 100);
    }

    private static void Put<T>(Span<T> text, ReadOnlySpan<byte> ascii)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < ascii.Length; i++) text[i] = T.CreateTruncating(ascii[i]);
    }

    private static void PutTwo<T>(Span<T> text, int number)
        where T : unmanaged, IBinaryInteger<T>
    {
        text[0] = T.CreateTruncating('0' + (number / 10));
        text[1] = T.CreateTruncating('0' + (number % 10));
    }
}
