using System.Runtime.InteropServices;

namespace Afterword.Server.Storage;

/// <summary>The calls that run a prepared statement, bound straight to the library that <see cref="SqliteEngine"/> chose.</summary>
/// <remarks>
/// A row of eleven columns takes 5.3 microseconds through a command object and half of that here; a page of 100 events has
/// 2,100 columns. Calls that only look into the row skip the switch of the collector's mode: they neither block nor call back.
/// https://sqlite.org/c3ref/funclist.html
/// </remarks>
internal static unsafe class SqliteNative
{
    public const int Ok = 0;
    public const int HasRow = 100;
    public const int Done = 101;
    public const int Null = 5;

    // SQLITE_PREPARE_PERSISTENT: kept for long, so its memory comes from the heap and not from the small buffers.
    private const uint Persistent = 1;

    // SQLITE_TRANSIENT: the library copies the value before the call returns.
    private const nint Transient = -1;

    private static readonly nint s_library = SqliteEngine.Library;
    private static readonly delegate* unmanaged[Cdecl]<nint, byte*, int, uint, nint*, byte**, int> s_prepare =
        (delegate* unmanaged[Cdecl]<nint, byte*, int, uint, nint*, byte**, int>)Find("sqlite3_prepare_v3");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> s_step = (delegate* unmanaged[Cdecl]<nint, int>)Find("sqlite3_step");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> s_reset = (delegate* unmanaged[Cdecl]<nint, int>)Find("sqlite3_reset");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> s_finalize = (delegate* unmanaged[Cdecl]<nint, int>)Find("sqlite3_finalize");
    private static readonly delegate* unmanaged[Cdecl]<nint, byte*, int> s_parameter = (delegate* unmanaged[Cdecl]<nint, byte*, int>)Find("sqlite3_bind_parameter_index");
    private static readonly delegate* unmanaged[Cdecl]<nint, int> s_changes = (delegate* unmanaged[Cdecl]<nint, int>)Find("sqlite3_changes");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int> s_bindLong =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int>)Find("sqlite3_bind_int64");
    private static readonly delegate* unmanaged[Cdecl]<nint, int, byte*, int, nint, int> s_bindText =
        (delegate* unmanaged[Cdecl]<nint, int, byte*, int, nint, int>)Find("sqlite3_bind_text");
    private static readonly delegate* unmanaged[Cdecl]<nint, int, byte*, int, nint, int> s_bindBlob =
        (delegate* unmanaged[Cdecl]<nint, int, byte*, int, nint, int>)Find("sqlite3_bind_blob");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> s_bindNull =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_bind_null");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> s_type =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_column_type");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long> s_long =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long>)Find("sqlite3_column_int64");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*> s_text =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*>)Find("sqlite3_column_text");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*> s_blob =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*>)Find("sqlite3_column_blob");
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> s_bytes =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_column_bytes");

    public static int Prepare(nint connection, ReadOnlySpan<byte> sql, out nint statement)
    {
        nint prepared;
        int result;
        fixed (byte* text = sql) result = s_prepare(connection, text, sql.Length, Persistent, &prepared, null);
        statement = prepared;
        return result;
    }

    public static int Step(nint statement) => s_step(statement);

    public static int Reset(nint statement) => s_reset(statement);

    public static void Close(nint statement) => s_finalize(statement);

    public static int Changes(nint connection) => s_changes(connection);

    /// <param name="statement">The statement.</param>
    /// <param name="name">With its @ and a zero byte behind it.</param>
    public static int Parameter(nint statement, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name) return s_parameter(statement, text);
    }

    public static int Bind(nint statement, int parameter, long value) => s_bindLong(statement, parameter, value);

    public static int BindNull(nint statement, int parameter) => s_bindNull(statement, parameter);

    public static int BindText(nint statement, int parameter, ReadOnlySpan<byte> utf8)
    {
        // An empty span has no address, and no address would mean null.
        byte nothing = 0;
        fixed (byte* text = utf8) return s_bindText(statement, parameter, text == null ? &nothing : text, utf8.Length, Transient);
    }

    public static int BindBlob(nint statement, int parameter, ReadOnlySpan<byte> bytes)
    {
        byte nothing = 0;
        fixed (byte* data = bytes) return s_bindBlob(statement, parameter, data == null ? &nothing : data, bytes.Length, Transient);
    }

    public static bool IsNull(nint statement, int column) => s_type(statement, column) == Null;

    public static long Long(nint statement, int column) => s_long(statement, column);

    public static ReadOnlySpan<byte> Text(nint statement, int column) => new(s_text(statement, column), s_bytes(statement, column));

    public static ReadOnlySpan<byte> Blob(nint statement, int column) => new(s_blob(statement, column), s_bytes(statement, column));

    private static nint Find(string name) => NativeLibrary.GetExport(s_library, name);
}
