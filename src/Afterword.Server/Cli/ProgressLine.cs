namespace Afterword.Server.Cli;

/// <summary>Tells on stderr how far a long command is: over and over in one line at a terminal, now and then a line elsewhere.</summary>
internal sealed class ProgressLine(TimeProvider clock, TextWriter errors)
{
    private static readonly TimeSpan s_atTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_elsewhere = TimeSpan.FromSeconds(2);

    private readonly bool _atTerminal = errors == System.Console.Error && !System.Console.IsErrorRedirected;
    private long _shown = clock.GetTimestamp();
    private bool _dirty;

    /// <summary>Shows the text when the last one is old enough.</summary>
    public void Show(string text)
    {
        if (clock.GetElapsedTime(_shown) < (_atTerminal ? s_atTerminal : s_elsewhere)) return;

        _shown = clock.GetTimestamp();
        if (!_atTerminal)
        {
            errors.WriteLine(text);
            return;
        }

        // Back to the margin, and away with what stood there.
        errors.Write($"\r\u001b[K{text}");
        _dirty = true;
    }

    /// <summary>Makes room for what is said next.</summary>
    public void Clear()
    {
        if (_dirty) errors.Write("\r\u001b[K");
        _dirty = false;
    }
}
