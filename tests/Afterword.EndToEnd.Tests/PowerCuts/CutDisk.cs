namespace Afterword.EndToEnd.Tests.PowerCuts;

/// <summary>
/// What a disk may hold when the power goes, as a system with a cache promises it: what was synced is there; of each write since, each sector
/// may have come there or not; and the same for the names in the folder, until that is synced.
/// </summary>
/// <remarks>
/// After a sync that failed the system takes what it could not write for written: reads see it, and no later sync brings it to the disk, unless it
/// is written once more (https://www.usenix.org/conference/atc20/presentation/rebello).
/// </remarks>
internal sealed class CutDisk
{
    private const int SectorSize = 512;
    private const int PageSize = 4_096;

    private readonly bool _liesAboutSyncs;
    private readonly Dictionary<string, Inode> _names = [];
    private Dictionary<string, Inode> _durableNames;
    private readonly List<(string Name, Inode? Inode)> _renamed = [];

    /// <param name="files">What was there before, all of it durable.</param>
    /// <param name="liesAboutSyncs">Whether it forgets what it was told to keep: the control.</param>
    public CutDisk(IReadOnlyDictionary<string, byte[]> files, bool liesAboutSyncs = false)
    {
        _liesAboutSyncs = liesAboutSyncs;
        foreach (var (name, bytes) in files) _names[name] = new Inode(bytes);
        _durableNames = new(_names);
    }

    public void Do(DiskStep step)
    {
        switch (step)
        {
            case Create: Rename(step.File, new Inode([])); break;
            case Remove: Rename(step.File, null); break;
            case Write write: _names[step.File].Write(write.Offset, write.Data); break;
            case Resize resize: _names[step.File].Resize(resize.Length); break;
            case Sync when _liesAboutSyncs: break;
            case Sync { File: "", Failed: false }: _durableNames = new(_names); _renamed.Clear(); break;
            case Sync { Failed: true }: if (_names.TryGetValue(step.File, out var lost)) lost.Lose(); break;
            case Sync: if (_names.TryGetValue(step.File, out var inode)) inode.Keep(); break;
        }
    }

    /// <summary>One of the states in which the power cut may leave the disk: the files with their bytes.</summary>
    public Dictionary<string, byte[]> Cut(Random random)
    {
        // How much of what was under way got to the disk: nothing, all, all up to some write, any of it, any sector of it.
        Luck luck = random.Next(6) switch
        {
            0 => new(0, 0, null), 1 => new(1, 0, null), 2 => new(1, 0, random.NextDouble()), 3 => new(random.NextDouble(), 0, null), 4 => new(0.5, 0.5, null), _ => new(random.NextDouble(), random.NextDouble(), null),
        };
        var names = new Dictionary<string, Inode>(_durableNames);
        foreach (var (name, inode) in _renamed)
        {
            if (random.NextDouble() >= luck.Arrives) continue;
            if (inode is null) names.Remove(name);
            else names[name] = inode;
        }

        return names.ToDictionary(pair => pair.Key, pair => pair.Value.Cut(luck, random));
    }

    private void Rename(string name, Inode? inode)
    {
        if (inode is null) _names.Remove(name);
        else _names[name] = inode;
        _renamed.Add((name, inode));
    }

    /// <param name="Arrives">How likely a write is there.</param>
    /// <param name="Tears">How likely one that is there is so by some of its sectors alone.</param>
    /// <param name="UpTo">Of all writes, in order, this share is there and nothing else; null for any.</param>
    private sealed record Luck(double Arrives, double Tears, double? UpTo);

    /// <param name="Offset">Where it begins, within one page.</param>
    /// <param name="Data">Null for a change of the file's length to <paramref name="Offset"/>.</param>
    private sealed record Change(long Offset, ReadOnlyMemory<byte>? Data)
    {
        public long Page => Offset / PageSize;
    }

    private sealed class Inode(byte[] bytes)
    {
        private readonly HashSet<long> _lostPages = [];
        private byte[] _bytes = [.. bytes];
        private long _length = bytes.Length;
        private List<Change> _changes = [];

        public void Write(long offset, ReadOnlyMemory<byte> data)
        {
            while (data.Length > 0)
            {
                var length = (int)Math.Min(data.Length, PageSize - (offset % PageSize));
                var change = new Change(offset, data[..length]);
                _lostPages.Remove(change.Page);
                _changes.Add(change);
                (offset, data) = (offset + length, data[length..]);
            }
        }

        public void Resize(long length) => _changes.Add(new(length, null));

        public void Keep()
        {
            foreach (var change in _changes.Where(IsKept)) Apply(ref _bytes, ref _length, change);
            _changes = [.. _changes.Where(change => !IsKept(change))];
        }

        public void Lose() => _lostPages.UnionWith(_changes.Where(change => change.Data is not null).Select(change => change.Page));

        public byte[] Cut(Luck luck, Random random)
        {
            var (bytes, length) = (_bytes.ToArray(), _length);
            var last = luck.UpTo is { } share ? (int)(share * _changes.Count) : _changes.Count;
            for (var i = 0; i < last; i++)
            {
                var change = _changes[i];
                if (random.NextDouble() >= luck.Arrives)
                {
                    // The file may have grown for it all the same.
                    if (change.Data is { } none && random.Next(2) == 0) length = Math.Max(length, change.Offset + none.Length);
                }
                else if (change.Data is { } data && random.NextDouble() < luck.Tears)
                {
                    foreach (var sector in Sectors(change.Offset, data).Where(_ => random.Next(2) == 0)) Apply(ref bytes, ref length, sector);
                }
                else
                {
                    Apply(ref bytes, ref length, change);
                }
            }

            Array.Resize(ref bytes, (int)length);
            return bytes;
        }

        private bool IsKept(Change change) => change.Data is null || !_lostPages.Contains(change.Page);

        private static IEnumerable<Change> Sectors(long offset, ReadOnlyMemory<byte> data)
        {
            while (data.Length > 0)
            {
                var length = (int)Math.Min(data.Length, SectorSize - (offset % SectorSize));
                yield return new(offset, data[..length]);
                (offset, data) = (offset + length, data[length..]);
            }
        }

        private static void Apply(ref byte[] bytes, ref long length, Change change)
        {
            if (change.Data is not { } data)
            {
                // What is behind the end reads as zeros if the file grows again.
                if (change.Offset < bytes.Length) Array.Clear(bytes, (int)change.Offset, bytes.Length - (int)change.Offset);
                length = change.Offset;
                return;
            }

            var end = change.Offset + data.Length;
            if (end > bytes.Length) Array.Resize(ref bytes, (int)Math.Max(end, bytes.Length * 2));
            data.Span.CopyTo(bytes.AsSpan((int)change.Offset));
            length = Math.Max(length, end);
        }
    }
}
