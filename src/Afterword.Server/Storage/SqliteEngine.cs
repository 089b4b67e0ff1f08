using System.Reflection;
using System.Runtime.InteropServices;

namespace Afterword.Server.Storage;

/// <summary>Chooses which SQLite library this process runs: the system's when it is newer than the bundled one.</summary>
internal static partial class SqliteEngine
{
    // SQLITE_CONFIG_MULTITHREAD: a connection of ours is used by one thread at a time, and needs no lock for each call.
    private const int OneThreadPerConnection = 2;

    // SQLITE_CONFIG_MEMSTATUS: nobody asks for the figures, and keeping them takes a lock at each allocation.
    private const int MemoryFigures = 9;

    private static readonly Lazy<nint> s_library = new(Choose);

    /// <summary>The chosen library, ready for use.</summary>
    public static nint Library => s_library.Value;

    private static nint Choose()
    {
        var provider = Assembly.Load("SQLitePCLRaw.provider.e_sqlite3");
        var chosen = Load(provider);
        NativeLibrary.SetDllImportResolver(provider, (name, _, _) => name == "e_sqlite3" ? chosen : 0);
        SQLitePCL.raw.SetProvider(new SQLitePCL.SQLite3Provider_e_sqlite3());
        SQLitePCL.raw.sqlite3_config(OneThreadPerConnection);
        SQLitePCL.raw.sqlite3_config(MemoryFigures, 0);
        SQLitePCL.raw.sqlite3_initialize();
        return chosen;
    }

    private static nint Load(Assembly provider)
    {
        var bundled = NativeLibrary.TryLoad("e_sqlite3", provider, null, out var inside) ? inside : 0;
        if (SystemName() is not { } name || !NativeLibrary.TryLoad(name, out var system)) return bundled;

        return bundled == 0 || Version(system) > Version(bundled) ? system : bundled;
    }

    private static string? SystemName() =>
        OperatingSystem.IsLinux() ? "libsqlite3.so.0"
        : OperatingSystem.IsMacOS() ? "/usr/lib/libsqlite3.dylib"
        : OperatingSystem.IsWindows() ? "winsqlite3"
        : null;

    private static unsafe int Version(nint library) =>
        NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var export)
            ? ((delegate* unmanaged[Cdecl]<int>)export)()
            : 0;
}
