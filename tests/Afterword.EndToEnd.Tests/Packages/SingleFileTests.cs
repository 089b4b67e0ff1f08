using System.Buffers.Binary;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Consoles;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The program as one file, on a machine that has no .NET. Publishing takes a minute: tests of the long form.</summary>
[Collection(nameof(Packaging)), LongForm]
public sealed class SingleFileTests(PublishedProgram published, Browser browser)
{
    private const ushort Arm64 = 183;

    [Fact]
    public async Task One_file_is_all_that_serve_and_demo_need()
    {
        using var folder = TestFolder.Create("one-file");
        var program = Assert.Single(Directory.GetFileSystemEntries(await published.OneFileAsync()));
        Assert.Equal("afterword", Path.GetFileName(program));
        foreach (var command in (string[])["serve", "demo"])
        {
            var empty = Directory.CreateDirectory(Path.Combine(folder.Path, command)).FullName;
            await using var server = await StartedProgram.StartAsync(Start(program, empty, command));
            await server.IsReadyAsync();
            if (command == "serve") await FirstAnswer.GiveAsync(browser, SetUpWalk.LinkOf(server.Said));
            Assert.Equal(0, await server.TerminateAsync());
        }

        Assert.Contains("All is well.", (await BuiltProgram.RunAsync(program, Path.Combine(folder.Path, "serve"), "doctor")).Is(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beside_its_library_nothing_is_unpacked()
    {
        using var folder = TestFolder.Create("two-files");
        var program = await published.BesideAsync();
        Assert.Equal(["afterword", "libe_sqlite3.so"], Directory.GetFileSystemEntries(program).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        await using var server = await StartedProgram.StartAsync(Start(Path.Combine(program, "afterword"), folder.Path, "serve"));
        await server.IsReadyAsync();
        Assert.Equal(0, await server.TerminateAsync());
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "unpacked")));
    }

    [Fact]
    public async Task It_is_made_for_the_other_platform_too()
    {
        using var folder = TestFolder.Create("arm64");
        (await BuiltProgram.RunAsync(Path.Combine(BuiltProgram.Repository, "eng", "publish"), BuiltProgram.Repository, "-o", folder.Path, "linux-arm64")).Is(0);

        // It cannot run here, but its header says for which processor it is.
        await using var program = File.OpenRead(Assert.Single(Directory.GetFiles(Path.Combine(folder.Path, "linux-arm64"))));
        var header = new byte[20];
        await program.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
        Assert.Equal(Arm64, BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(18)));
    }

    private static System.Diagnostics.ProcessStartInfo Start(string program, string folder, string command) =>
        new(program, [command, "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = folder,
            Environment = { ["DOTNET_ROOT"] = "/nowhere", ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(folder, "unpacked") },
        };
}
