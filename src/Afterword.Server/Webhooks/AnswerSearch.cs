namespace Afterword.Server.Webhooks;

/// <summary>Looks for a text in an answer of JSON while it comes: however long the answer is, next to nothing of it is kept.</summary>
/// <param name="sought">Bytes that stand in it as they are.</param>
internal sealed class AnswerSearch(byte[] sought)
{
    private const int AtOnce = 8 * 1024;

    // A longer answer is looked through as far as that.
    private const int MostRead = 4 * 1024 * 1024;

    // First the end of what came before, in which the text may have begun.
    private readonly byte[] _window = new byte[sought.Length - 1 + AtOnce];

    private int _kept;
    private byte _first;
    private byte _last;

    /// <summary>Whether the text came.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Whether the text is not there: all of the answer was read, and it was not, say, the page of a proxy.</summary>
    public bool IsNotThere { get; private set; }

    /// <summary>Reads an answer until the text comes, or it ends.</summary>
    /// <exception cref="IOException">It broke off.</exception>
    public async Task ReadAsync(Stream answer, CancellationToken stop)
    {
        for (var read = 0; read < MostRead;)
        {
            var count = await answer.ReadAsync(_window.AsMemory(_kept, AtOnce), stop);
            if (count == 0)
            {
                IsNotThere = (_first, _last) is ((byte)'{', (byte)'}') or ((byte)'[', (byte)']');
                return;
            }

            read += count;
            Note(_window.AsSpan(_kept, count));
            var came = _window.AsSpan(0, _kept + count);
            IsFound = came.IndexOf(sought) >= 0;
            if (IsFound) return;

            var end = came[Math.Max(0, came.Length - sought.Length + 1)..];
            end.CopyTo(_window);
            _kept = end.Length;
        }
    }

    // What JSON begins and ends with; a part of it hardly ever ends so.
    private void Note(ReadOnlySpan<byte> came)
    {
        var text = came.Trim(" \t\r\n"u8);
        if (text.IsEmpty) return;

        if (_first == 0) _first = text[0];
        _last = text[^1];
    }
}
