using Afterword.EndToEnd.Tests.Packages;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Upgrades;

/// <summary>The program as it was before the newest migration, built from the history of this repository once and kept.</summary>
/// <param name="File">The program.</param>
/// <param name="Newest">The newest migration that it knows.</param>
internal sealed record EarlierProgram(string File, string Newest)
{
    private const int Tried = 12;
    private const string Migrations = "src/Afterword.Server/Storage/Migrations/main";

    /// <summary>Builds it, or finds it built; null when this tree has no such history.</summary>
    public static async Task<EarlierProgram?> FindAsync()
    {
        // The parent of the commit that added the newest migration.
        var added = await GitAsync("log", "--diff-filter=A", "--max-count=1", "--format=%H", "--", Migrations);
        if (added is not { Length: > 0 } || await GitAsync("rev-parse", "--verify", "--quiet", $"{added}^") is not { Length: > 0 } commit) return null;

        // A commit in the middle of a change may not build; one before it does.
        var errors = "";
        foreach (var earlier in (await GitAsync("rev-list", "--first-parent", $"--max-count={Tried}", commit))!.Split('\n'))
        {
            var newest = (await GitAsync("ls-tree", "--name-only", earlier, $"{Migrations}/"))!.Split('\n')[^1];
            var kept = Path.Combine(BuiltProgram.Repository, "artifacts", "earlier", earlier);
            var program = Path.Combine(kept, "afterword");
            if (System.IO.File.Exists(program) || (errors = await BuildAsync(earlier, kept)).Length == 0) return new(program, Path.GetFileName(newest));
        }

        throw new InvalidOperationException($"None of the {Tried} commits before {added} builds: {errors}");
    }

    /// <summary>Builds a commit's program into a folder; what the compiler said when it does not build.</summary>
    private static async Task<string> BuildAsync(string commit, string kept)
    {
        using var folder = TestFolder.Create("earlier");
        var tree = Directory.CreateDirectory(Path.Combine(folder.Path, "tree")).FullName;
        (await BuiltProgram.RunAsync("bash", BuiltProgram.Repository, "-c", "git archive \"$0\" | tar -x -C \"$1\"", commit, tree)).Is(0);
        var published = Path.Combine(folder.Path, "published");
        var built = await BuiltProgram.RunAsync(
            "dotnet", tree, "publish", "src/Afterword.Server", "-c", "Release", "-p:RunAnalyzers=false", "-p:UseSharedCompilation=false", "-nodeReuse:false", "-o", published);
        if (built.ExitCode != 0) return built.Output + built.Errors;

        // Whole or not at all: the next run takes what it finds.
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
        (await BuiltProgram.RunAsync("bash", folder.Path, "-c", "rm -rf \"$1\" \"$1.new\" && cp -r \"$0\" \"$1.new\" && mv \"$1.new\" \"$1\"", published, kept)).Is(0);
        return "";
    }

    private static async Task<string?> GitAsync(params string[] arguments)
    {
        try
        {
            var said = await BuiltProgram.RunAsync("git", BuiltProgram.Repository, arguments);
            return said.ExitCode == 0 ? said.Output.Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no git.
            return null;
        }
    }
}
