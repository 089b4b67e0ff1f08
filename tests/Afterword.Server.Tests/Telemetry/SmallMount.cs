using System.Diagnostics;
using Afterword.Support;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>A small disk that another process has mounted, seen from here.</summary>
internal sealed class SmallMount : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("mount");
    private readonly Process _process;

    public SmallMount()
    {
        _process = Process.Start(new ProcessStartInfo(
            "unshare", ["--user", "--map-root-user", "--mount", "--kill-child", "bash", "-c", "mount -t tmpfs -o size=64m none \"$1\" && echo mounted && exec sleep infinity", "mount", _folder.Path])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        IsThere = _process.StandardOutput.ReadLine() == "mounted";
    }

    /// <summary>Whether this machine lets a process mount a disk of its own.</summary>
    public bool IsThere { get; }

    public string Path => $"/proc/{_process.Id}/root{_folder.Path}";

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }
}
