using System.Diagnostics;
using System.Runtime.InteropServices;
using Afterword.EndToEnd.Tests.Commands;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The program as the build left it: a folder of files.</summary>
internal static class BuiltProgram
{
    public static string Repository { get; } = Find();

    public static string Folder { get; } = Path.Combine(Repository, "artifacts", "bin", "Afterword.Server", "release");

    /// <summary>SQLite's library for this machine, within the folder.</summary>
    public static string Engine { get; } = Path.Combine("runtimes", RuntimeInformation.RuntimeIdentifier, "native", "libe_sqlite3.so");

    /// <summary>Copies the program into a folder.</summary>
    public static void CopyTo(string folder)
    {
        foreach (var file in Directory.GetFiles(Folder).Append(Path.Combine(Folder, Engine)))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="folder">The folder that it runs in.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<Command> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder })!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new(process.ExitCode, output[0], output[1]);
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Afterword.slnx"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder.FullName;
    }
}
