using System.Runtime.InteropServices;

namespace Afterword.Server.Storage;

/// <summary>Brings the names of the files in a folder to the disk. The framework syncs files alone.</summary>
internal static partial class FolderSync
{
    /// <exception cref="IOException">They may not be there after a power cut.</exception>
    public static void Run(string folder)
    {
        // NTFS keeps names in its journal.
        if (OperatingSystem.IsWindows()) return;

        var descriptor = Open(folder, 0);
        if (descriptor < 0) throw Failed(folder);

        try
        {
            if (Sync(descriptor) != 0) throw Failed(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string folder) => new($"The names in {folder} cannot be brought to the disk: {Marshal.GetLastPInvokeErrorMessage()}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
