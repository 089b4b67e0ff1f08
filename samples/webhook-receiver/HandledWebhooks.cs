using System.Text;

namespace Afterword.Samples.WebhookReceiver;

/// <summary>The ids of the webhooks that have been handled, one per line of a file, so that a restart forgets none.</summary>
internal sealed class HandledWebhooks : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly HashSet<string> _ids;

    private HandledWebhooks(FileStream file, HashSet<string> ids)
    {
        _file = file;
        _ids = ids;
    }

    /// <summary>Opens the file, or makes it. It belongs to one process at a time.</summary>
    /// <exception cref="IOException">The file is in use, or cannot be made.</exception>
    public static HandledWebhooks Open(string path)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);

        // A line that was cut off by a crash was never acknowledged, and its event comes again.
        var whole = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        file.SetLength(whole);
        file.Position = whole;
        return new(file, [.. Encoding.UTF8.GetString(bytes, 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
    }

    public bool Contains(string id)
    {
        lock (_lock) return _ids.Contains(id);
    }

    /// <summary>Remembers an id. It is on the disk when this returns.</summary>
    public void Remember(string id)
    {
        lock (_lock)
        {
            _file.Write(Encoding.UTF8.GetBytes(id + "\n"));
            _file.Flush(flushToDisk: true);
            _ids.Add(id);
        }
    }

    public void Dispose() => _file.Dispose();
}
