using System.Globalization;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>The SQLite library of this process: the one that comes with the program.</summary>
internal static class SqliteEngine
{
    /// <summary>The oldest engine that is taken, as <c>sqlite3_libversion_number</c> writes it: 3.51.3.</summary>
    /// <remarks>Before it, two connections that write and checkpoint at once could damage the file (https://sqlite.org/wal.html#walresetbug).</remarks>
    public const int Oldest = 3_051_003;

    // SQLITE_CONFIG_MULTITHREAD: a connection of ours is used by one thread at a time, and needs no lock for each call.
    private const int OneThreadPerConnection = 2;

    // SQLITE_CONFIG_MEMSTATUS: nobody asks for the metrics, and keeping them takes a lock at each allocation.
    private const int MemoryMetrics = 9;

    private static readonly Lazy<string> s_version = new(Start);

    /// <summary>Makes the library ready, which must be done before anything else uses it, and gives its version.</summary>
    /// <exception cref="InvalidOperationException">The library is too old to be trusted with a store.</exception>
    public static string Version => s_version.Value;

    /// <summary>Why an engine is not taken; null when it is.</summary>
    public static string? Refuse(int number) => number >= Oldest ? null
        : $"SQLite {Name(number)} is loaded, and engines before {Name(Oldest)} can damage a store. Put back the libe_sqlite3 that came with Afterword.";

    private static string Start()
    {
        SQLitePCL.Batteries_V2.Init();
        var number = SQLitePCL.raw.sqlite3_libversion_number();
        if (Refuse(number) is { } why) throw new InvalidOperationException(why);

        SQLitePCL.raw.sqlite3_config(OneThreadPerConnection);
        SQLitePCL.raw.sqlite3_config(MemoryMetrics, 0);
        SQLitePCL.raw.sqlite3_initialize();
        return Name(number);
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000}.{number / 1_000 % 1_000}.{number % 1_000}");
}
