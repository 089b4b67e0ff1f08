using System.Diagnostics;
using System.Reflection;

namespace Afterword.Support;

/// <summary>The compiler of the SDK that built the tests, without a project around it: seconds less for a file or two.</summary>
internal static class Compiler
{
    /// <summary>Where a program lies that the build knows of.</summary>
    public static string Tool(string name) =>
        typeof(Compiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(known => known.Key == name).Value!;

    /// <summary>Compiles a library against everything that the tests stand on. Fails with the compiler's own words.</summary>
    /// <param name="library">Where it goes.</param>
    /// <param name="files">The code.</param>
    /// <param name="options">What the compiler is told besides.</param>
    public static async Task RunAsync(string library, IEnumerable<string> files, params string[] options)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => $"-reference:\"{file}\"");
        var response = Path.ChangeExtension(library, ".rsp");
        await File.WriteAllLinesAsync(response, ["-nologo", "-target:library", "-langversion:14", "-nostdlib", "-warn:0", .. options, $"-out:\"{library}\"", .. references, .. files.Select(file => $"\"{file}\"")]);

        using var compiler = Process.Start(new ProcessStartInfo("dotnet", ["exec", Tool("CSharpCompiler"), "-noconfig", $"@{response}"]) { RedirectStandardOutput = true })!;
        var said = await compiler.StandardOutput.ReadToEndAsync();
        await compiler.WaitForExitAsync();
        Assert.True(compiler.ExitCode == 0, said);
    }
}
