using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>Commands on a folder in which there is no store, or one that belongs to someone else.</summary>
public sealed class MissingStoreTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("missing");

    private string Data => Path.Combine(_folder.Path, "typo");

    [Theory]
    [InlineData("user", "add", "@furni", "--name", "Furni")]
    [InlineData("user", "show", "@furni")]
    [InlineData("person", "add", "ana@furni.example", "--role", "operator")]
    [InlineData("app", "list")]
    [InlineData("audit", "heads")]
    [InlineData("doctor")]
    public async Task A_command_makes_no_store_and_says_what_does(params string[] arguments)
    {
        var refused = (await Command.RunAsync([.. arguments, "--data", Data])).Is(1);

        Assert.StartsWith($"There is no store in {Data}. Choose another with --data or --database, or create one there: run afterword migrate, or start afterword serve.", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("", refused.Output);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Migrate_makes_a_store_and_says_where()
    {
        Assert.StartsWith($"Made a new store in {Data}.", (await Command.RunAsync("migrate", "--data", Data)).Is(0).Output, StringComparison.Ordinal);
        Assert.StartsWith("The store is up to date", (await Command.RunAsync("migrate", "--data", Data)).Is(0).Output, StringComparison.Ordinal);
        (await Command.RunAsync("user", "add", "@furni", "--name", "Furni", "--data", Data)).Is(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_this_user_may_not_use_is_not_called_missing(bool onlyFiles)
    {
        (await Command.RunAsync("migrate", "--data", Data)).Is(0);
        string[] closed = onlyFiles ? Directory.GetFiles(Data) : [Data];
        foreach (var path in closed) SetMode(path, UnixFileMode.None);

        // Root may do anything, unless it lacks the capabilities for that.
        string[] through = Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] : [];
        foreach (var command in new string[][] { ["doctor"], ["user", "show", "@furni"] })
        {
            var refused = (await Command.RunProcessAsync([.. command, "--data", Data], through: through)).Is(1);
            Assert.Contains($"{Environment.UserName} may not use the files there. Run the command as the user that the server runs as", refused.Errors, StringComparison.Ordinal);
        }

        foreach (var path in closed) SetMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => _folder.Dispose();

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }
}
