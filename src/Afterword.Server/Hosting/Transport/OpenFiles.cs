using System.Globalization;

namespace Afterword.Server.Hosting.Transport;

/// <summary>How many descriptors this process may have: files and connections are counted together.</summary>
internal static class OpenFiles
{
    /// <summary>Below this, the server says at its start that it has little room.</summary>
    public const int Little = 1_024;

    // The program and its libraries, the stores, and what goes out: the database, webhooks, emails.
    private const int KeptFree = 512;
    private const int Least = 32;

    // What the kernel allows now. .NET raises the soft limit to the hard one when it starts.
    private const string File = "/proc/self/limits";
    private const string Name = "Max open files";

    /// <summary>Null where there is no such limit, or nobody tells it.</summary>
    public static int? Limit() => System.IO.File.Exists(File) ? Read(System.IO.File.ReadLines(File)) : null;

    /// <summary>How many connections that come in leave room for everything else.</summary>
    public static int RoomForConnections(int limit) => Math.Max(Least, limit - Math.Max(KeptFree, limit / 4));

    /// <summary>How many may go out: half of what is kept free.</summary>
    public static int RoomForOutgoing(int limit) => Math.Max(1, (limit - RoomForConnections(limit)) / 2);

    internal static int? Read(IEnumerable<string> limits)
    {
        var line = limits.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? (int)Math.Min(limit, int.MaxValue) : null;
    }
}
