using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Prompts;

namespace Afterword.Server.Reports.Rollups;

/// <summary>What a rollup counts by. The numbers are stored.</summary>
internal enum Dimension
{
    /// <summary>Every prompt once; the value is a <see cref="Cell"/>.</summary>
    Cell = 0,

    Agent = 1,

    /// <summary>A prompt once for each of its tags.</summary>
    Tag = 2,

    /// <summary>What the rules asked, once; the value is empty. The rest was asked by hand.</summary>
    Automatic = 3,
}

/// <summary>Which rollup: a sender's prompts of one day that have something in common.</summary>
/// <param name="Day"><see cref="DateOnly.DayNumber"/> of the day on which they were asked, in the sender's zone.</param>
internal readonly record struct RollupKey(long SenderId, bool Test, PromptType Type, Dimension Dimension, long Day, string Value);

/// <summary>The properties that every prompt has and that take few values: prompts are counted by all of them at once.</summary>
/// <remarks>One rollup instead of four for each prompt; a breakdown adds up those that agree in what it asks for.</remarks>
internal readonly record struct Cell(int Variant, string Language, Channel Channel)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Variant} {Language} {(int)Channel}");

    /// <param name="text">What <see cref="ToString"/> gave.</param>
    public static Cell Parse(string text)
    {
        var parts = text.Split(' ');
        return new(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], (Channel)int.Parse(parts[2], CultureInfo.InvariantCulture));
    }
}
