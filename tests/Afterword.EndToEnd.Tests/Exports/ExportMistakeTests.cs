using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>What the command refuses. It says the same on either engine.</summary>
public sealed class ExportMistakeTests(ExportMistakeTests.Here here) : IClassFixture<ExportMistakeTests.Here>
{
    [Fact]
    public async Task What_is_no_export_is_left_as_it_is()
    {
        var stage = here.Stage;
        await File.WriteAllTextAsync(stage.Path("letter.csv"), "Dear all,\r\n");

        Assert.Contains("letter.csv is not an export", (await stage.RunAsync("@sender0", "-o", stage.Path("letter.csv"), "--resume")).Is(2).Errors, StringComparison.Ordinal);

        Assert.Equal("Dear all,\r\n", await File.ReadAllTextAsync(stage.Path("letter.csv")));
    }

    [Theory]
    [InlineData(2, "@sender0", "--json")]
    [InlineData(2, "@sender0", "--resume")]
    [InlineData(2, "@sender0", "-o", "x", "--resume", "--after", "1")]
    [InlineData(2, "@sender0", "-o", "x", "--type", "NPS")]
    [InlineData(2, "@sender0", "-o", "x", "--from", "yesterday")]
    [InlineData(2, "@sender0", "-o", "x", "--from", "2026-02-01", "--to", "2026-01-01")]
    [InlineData(2, "@sender0", "-o", "x", "--min-score", "11")]
    [InlineData(2, "@sender0", "-o", "x", "--after", "z")]
    [InlineData(1, "@nobody", "-o", "x")]
    [InlineData(1, "@sender0", "-o", "/no/such/folder/x")]
    public async Task What_is_wrong_is_said_on_stderr_and_by_the_exit_code(int exitCode, params string[] arguments)
    {
        var command = (await Command.RunAsync(["export", .. arguments, .. here.Stage.Place])).Is(exitCode);

        Assert.Equal("", command.Output);
        Assert.NotEqual("", command.Errors);
        Assert.DoesNotContain("   at ", command.Errors, StringComparison.Ordinal);
    }

    public sealed class Here : IAsyncLifetime
    {
        internal ExportFixture Stage { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Stage = await ExportFixture.SetAsync(await SqliteStore.NewAsync(), rows: 1);

        public ValueTask DisposeAsync()
        {
            Stage.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
