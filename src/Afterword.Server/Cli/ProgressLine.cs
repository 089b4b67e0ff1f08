namespace Afterword.Server.Cli;

/// <summary>Tells on stderr how far a long command is: over and over in one line at a terminal, now and then a line elsewhere.</summary>
internal sealed class ProgressLine(TimeProvider clock)
{
    private static readonly TimeSpan s_atTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_elsewhere = TimeSpan.FromSeconds(2);

    private long _shown = clock.GetTimestamp();
    private bool _dirty;

    /// <summary>Shows the text when the last one is old enough.</summary>
    public void Show(string text)
    {
        if (clock.GetElapsedTime(_shown) < (Console.IsErrorRedirected ? s_elsewhere : s_atTerminal)) return;

        _shown = clock.GetTimestamp();
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(text);
            return;
        }

        // Back to the margin, and away with what stood there.
        Console.Error.Write($"\r\u001b[K{text}");
        _dirty = true;
    }

    /// <summary>Makes room for what is said next.</summary>
    public void Clear()
    {
        if (_dirty) Console.Error.Write("\r\u001b[K");
        _dirty = false;
    }
}
