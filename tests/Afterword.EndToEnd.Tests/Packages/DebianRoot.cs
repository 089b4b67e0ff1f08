using Afterword.EndToEnd.Tests.Commands;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>A fresh Debian in a folder: its files, without anything running.</summary>
internal sealed class DebianRoot : IDisposable
{
    // What a program finds on every running system. Seen by it alone, and gone with it.
    private const string Inside =
        """
        root=$1; shift
        mount --make-rprivate / && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/tmp" && exec "$@"
        """;

    private readonly TestFolder _folder;

    private DebianRoot(TestFolder folder) => _folder = folder;

    public string Path => System.IO.Path.Combine(_folder.Path, "root");

    /// <param name="archive">Its files.</param>
    public static async Task<DebianRoot> UnpackAsync(string archive)
    {
        var root = new DebianRoot(TestFolder.Create("debian"));
        Directory.CreateDirectory(root.Path);
        (await BuiltProgram.RunAsync("tar", root.Path, "--extract", "--file", archive)).Is(0);
        return root;
    }

    /// <summary>What starts a program in there.</summary>
    /// <param name="user">The user that it runs as.</param>
    /// <param name="command">The program as it is called in there, and its arguments.</param>
    public string[] Starting(string user, params string[] command) =>
        ["unshare", "--mount", "bash", "-c", Inside, "bash", Path, "chroot", $"--userspec={user}:{user}", Path, "env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8", .. command];

    /// <summary>Runs a command in there to its end.</summary>
    public Task<Command> RunAsync(string user, params string[] command)
    {
        var starting = Starting(user, command);
        return BuiltProgram.RunAsync(starting[0], "/", starting[1..]);
    }

    public void Dispose() => _folder.Dispose();
}
