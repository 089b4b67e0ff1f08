using System.Reflection;
using System.Runtime.InteropServices;

namespace Afterword.Server.Storage;

/// <summary>Chooses which SQLite library this process runs: the system's when it is newer than the bundled one.</summary>
internal static partial class SqliteEngine
{
    private static readonly Lock s_once = new();
    private static bool s_chosen;

    // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE; https://sqlite.org/c3ref/c_dbconfig_defensive.html
    public const int NoCheckpointOnClose = 1006;

    public static void Choose()
    {
        lock (s_once)
        {
            if (s_chosen) return;
            s_chosen = true;

            var provider = Assembly.Load("SQLitePCLRaw.provider.e_sqlite3");
            NativeLibrary.SetDllImportResolver(provider, (name, assembly, path) => name == "e_sqlite3" ? Load(assembly, path) : 0);
            SQLitePCL.Batteries_V2.Init();
        }
    }

    private static nint Load(Assembly assembly, DllImportSearchPath? path)
    {
        var bundled = NativeLibrary.TryLoad("e_sqlite3", assembly, path, out var inside) ? inside : 0;
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
