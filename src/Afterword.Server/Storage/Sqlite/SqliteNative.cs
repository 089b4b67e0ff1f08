using System.Runtime.InteropServices;

namespace Afterword.Server.Storage.Sqlite;

/// <summary>The calls that run a prepared statement, bound straight to the library that <see cref="SqliteEngine"/> made ready.</summary>
/// <remarks>
/// A row of eleven columns takes 5.3 microseconds through a command object and half of that here; a page of 100 events has
/// 2,100 columns. Calls that only look into the row skip the switch of the collector's mode: they neither block nor call back.
/// https://sqlite.org/c3ref/funclist.html
/// </remarks>
internal static unsafe partial class SqliteNative
{
    public const int Ok = 0;
    public const int HasRow = 100;
    public const int Done = 101;
    public const int Null = 5;

    private const string Library = "e_sqlite3";

    // SQLITE_PREPARE_PERSISTENT: kept for long, so its memory comes from the heap and not from the small buffers.
    private const uint Persistent = 1;

    // SQLITE_TRANSIENT: the library copies the value before the call returns.
    private const nint Transient = -1;

    public static int Prepare(nint connection, ReadOnlySpan<byte> sql, out nint statement)
    {
        fixed (byte* text = sql) return Prepare(connection, text, sql.Length, Persistent, out statement, 0);
    }

    /// <param name="statement">The statement.</param>
    /// <param name="name">With its @ and a zero byte behind it.</param>
    public static int Parameter(nint statement, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name) return Parameter(statement, text);
    }

    public static int BindText(nint statement, int parameter, ReadOnlySpan<byte> utf8)
    {
        // An empty span has no address, and no address would mean null.
        byte nothing = 0;
        fixed (byte* text = utf8) return BindText(statement, parameter, text == null ? &nothing : text, utf8.Length, Transient);
    }

    public static int BindBlob(nint statement, int parameter, ReadOnlySpan<byte> bytes)
    {
        byte nothing = 0;
        fixed (byte* data = bytes) return BindBlob(statement, parameter, data == null ? &nothing : data, bytes.Length, Transient);
    }

    public static bool IsNull(nint statement, int column) => Type(statement, column) == Null;

    public static ReadOnlySpan<byte> Text(nint statement, int column) => new(TextAt(statement, column), Bytes(statement, column));

    public static ReadOnlySpan<byte> Blob(nint statement, int column) => new(BlobAt(statement, column), Bytes(statement, column));

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    // These two only say once more what the last step said.
    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial void Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    public static partial void Close(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_changes")]
    public static partial int Changes(nint connection);

    /// <summary>Has a function called after each commit, with the number of pages in the log (https://sqlite.org/c3ref/wal_hook.html).</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_wal_hook")]
    public static partial nint HookLog(nint connection, delegate* unmanaged[Cdecl]<nint, nint, byte*, int, int> hook, nint context);

    [LibraryImport(Library, EntryPoint = "sqlite3_wal_checkpoint_v2")]
    public static partial int Checkpoint(nint connection, byte* database, int mode, out int logged, out int moved);

    /// <summary>The system's number for what went wrong with a file at last.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_system_errno")]
    public static partial int SystemError(nint connection);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64"), SuppressGCTransition]
    public static partial int Bind(nint statement, int parameter, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null"), SuppressGCTransition]
    public static partial int BindNull(nint statement, int parameter);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64"), SuppressGCTransition]
    public static partial long Long(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v3")]
    private static partial int Prepare(nint connection, byte* sql, int length, uint flags, out nint statement, nint tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_parameter_index")]
    private static partial int Parameter(nint statement, byte* name);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    private static partial int BindText(nint statement, int parameter, byte* text, int length, nint lifetime);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    private static partial int BindBlob(nint statement, int parameter, byte* data, int length, nint lifetime);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type"), SuppressGCTransition]
    private static partial int Type(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_text"), SuppressGCTransition]
    private static partial byte* TextAt(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob"), SuppressGCTransition]
    private static partial byte* BlobAt(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes"), SuppressGCTransition]
    private static partial int Bytes(nint statement, int column);
}
