using System.Text;

namespace Afterword.Server.Cli;

/// <summary>How this program was started, so that a command that is printed can be pasted into the same shell.</summary>
internal static class StartedAs
{
    private const string InTheSources = "./afterword";

    /// <summary>As it was typed, such as <c>afterword</c> or <c>./afterword</c>.</summary>
    public static string Shown { get; } = Of(ReadCommandLine());

    /// <param name="commandLine">The words of the process, each ended by a zero.</param>
    internal static string Of(string commandLine)
    {
        // Where something else runs the program, such as dotnet or a test, nobody types this.
        var typed = commandLine.Split('\0')[0];
        if (Path.GetFileName(typed) != "afterword") return InTheSources;

        return typed.Any(letter => !char.IsAsciiLetterOrDigit(letter) && !"/._-+".Contains(letter, StringComparison.Ordinal)) ? $"'{typed.Replace("'", "'\\''", StringComparison.Ordinal)}'" : typed;
    }

    private static string ReadCommandLine()
    {
        try
        {
            return File.ReadAllText("/proc/self/cmdline", Encoding.UTF8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
