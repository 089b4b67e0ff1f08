namespace Afterword.Server.Cli;

/// <summary>What the shell is told.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUse = 2;
}

/// <summary>Ends a command with a message for the person who called it.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode => exitCode;
}
