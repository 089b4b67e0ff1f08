using Afterword.Server.Errors;
using Afterword.Server.Parsing;

namespace Afterword.Server.Prompts;

/// <summary>What kind of question is asked. The numbers are stored.</summary>
internal enum PromptType
{
    Csat = 1,
    Nps = 2,
}

internal static class PromptTypes
{
    /// <summary>The type of a word as calls have it. Case-sensitive on purpose: the documentation says "csat, nps (case sensitive)".</summary>
    public static PromptType? Of(string? wire) => wire switch
    {
        "csat" => PromptType.Csat,
        "nps" => PromptType.Nps,
        _ => null,
    };

    /// <summary>Reads what a call has as its <c>type</c>, and notes it when that is none; null is as it was said.</summary>
    public static PromptType? Read(ParameterReader read, string? given)
    {
        var type = Of(given);
        if (given is not null && type is null) read.Errors.Add(ApiError.Invalid("type", "csat or nps"));
        return type;
    }

    extension(PromptType type)
    {
        public string Wire => type == PromptType.Csat ? "csat" : "nps";

        public int LowestScore => type == PromptType.Csat ? 1 : 0;

        public int HighestScore => type == PromptType.Csat ? 5 : 10;

        public bool Allows(int score) => score >= type.LowestScore && score <= type.HighestScore;
    }
}
