using System.Diagnostics;
using System.Runtime.InteropServices;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The program as one file, on a machine that has no .NET. Publishing takes a minute: a test of the long form.</summary>
public sealed class SingleFileTests
{
    [Fact, LongForm]
    public async Task One_file_is_all_that_serve_and_demo_need()
    {
        using var folder = TestFolder.Create("publish");
        var published = Path.Combine(folder.Path, "published");
        (await BuiltProgram.RunAsync(
            "dotnet", BuiltProgram.Repository,
            "publish", "src/Afterword.Server", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "-p:PublishSingleFile=true", "-p:RunAnalyzers=false",
            "-p:UseSharedCompilation=false", "-nodeReuse:false", "--artifacts-path", Path.Combine(folder.Path, "artifacts"), "-o", published)).Is(0);

        var program = Assert.Single(Directory.GetFileSystemEntries(published));
        Assert.Equal("afterword", Path.GetFileName(program));
        foreach (var command in (string[])["serve", "demo"])
        {
            var empty = Directory.CreateDirectory(Path.Combine(folder.Path, command)).FullName;
            await AnswersAsync(program, empty, command);
        }

        Assert.Contains("All is well.", (await BuiltProgram.RunAsync(program, Path.Combine(folder.Path, "serve"), "doctor")).Is(0).Output, StringComparison.Ordinal);
    }

    /// <summary>Starts a server, sees that it answers out of its store, and stops it.</summary>
    private static async Task AnswersAsync(string program, string folder, string command)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [command, "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
            Environment = { ["DOTNET_ROOT"] = "/nowhere", ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = Path.Combine(folder, "unpacked") },
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        string? url = null;
        while (url is null && await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("Listening on ", StringComparison.Ordinal)) url = line.Split(' ')[2].TrimEnd(';');
        }

        Assert.True(url is not null, url is null ? await errors : "");
        var rest = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient();
        using var ready = await http.GetAsync(new Uri($"{url}/healthz/ready"), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.OK, ready.StatusCode);
        using var kill = Process.Start("bash", ["-c", $"kill -TERM {process.Id}"]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        await Task.WhenAll(rest, errors);
    }
}
