using System.Runtime.InteropServices;
using Afterword.Server.Storage.Sqlite;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>What comes with the program, and what happens when someone changes that.</summary>
public sealed class ProgramFolderTests
{
    private const string SystemsEngine = "libsqlite3.so.0";

    [Fact]
    public void Nothing_that_draws_on_Windows_comes_along()
    {
        var files = Directory.GetFiles(BuiltProgram.Folder, "*.dll", SearchOption.AllDirectories).Select(Path.GetFileName).ToArray();

        Assert.Contains("QRCoder.dll", files);
        Assert.DoesNotContain("System.Drawing.Common.dll", files);
        Assert.DoesNotContain("Microsoft.Win32.SystemEvents.dll", files);
    }

    [Theory]
    [InlineData("serve", "--urls", "http://127.0.0.1:0")]
    [InlineData("doctor")]
    public async Task An_engine_that_can_damage_a_store_is_refused(params string[] arguments)
    {
        // The distribution's, which came with the package sqlite3.
        var old = Directory.GetDirectories("/usr/lib").Select(folder => Path.Combine(folder, SystemsEngine)).First(File.Exists);
        var version = VersionOf(old);
        Assert.SkipWhen(version >= SqliteEngine.Oldest, "The distribution's engine is new enough.");
        using var folder = TestFolder.Create("engine");
        var program = Path.Combine(folder.Path, "program");
        var data = Directory.CreateDirectory(Path.Combine(folder.Path, "data")).FullName;
        BuiltProgram.CopyTo(program);
        File.Copy(old, Path.Combine(program, BuiltProgram.Engine), overwrite: true);
        await File.WriteAllTextAsync(Path.Combine(data, "afterword.db"), "");

        var refused = (await BuiltProgram.RunAsync(Path.Combine(program, "afterword"), folder.Path, [.. arguments, "--data", data])).Is(1);

        Assert.Contains($"SQLite {version / 1_000_000}.{version / 1_000 % 1_000}.{version % 1_000} is loaded, and engines before 3.51.3 can damage a store.", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(Path.Combine(data, "afterword.db")).Length);
    }

    private static unsafe int VersionOf(string engine)
    {
        var library = NativeLibrary.Load(engine);
        return ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "sqlite3_libversion_number"))();
    }
}
