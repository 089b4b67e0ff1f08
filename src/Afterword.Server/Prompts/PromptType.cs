namespace Afterword.Server.Prompts;

/// <summary>What kind of question is asked. The numbers are stored.</summary>
internal enum PromptType
{
    Csat = 1,
    Nps = 2,
}

internal static class PromptTypes
{
    extension(PromptType type)
    {
        public string Wire => type == PromptType.Csat ? "csat" : "nps";

        public int LowestScore => type == PromptType.Csat ? 1 : 0;

        public int HighestScore => type == PromptType.Csat ? 5 : 10;

        public bool Allows(int score) => score >= type.LowestScore && score <= type.HighestScore;
    }
}
