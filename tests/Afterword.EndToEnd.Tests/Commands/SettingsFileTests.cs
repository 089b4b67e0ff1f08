using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>A file with settings that <c>AFTERWORD_SETTINGS</c> names, as an installed program has it.</summary>
public sealed class SettingsFileTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("settings");

    [Fact]
    public async Task It_holds_in_whatever_folder_a_command_runs()
    {
        await File.WriteAllTextAsync(SettingsFile, $$"""{ "Data": "{{_folder.Path}}/store" }""", TestContext.Current.CancellationToken);
        Assert.StartsWith($"Made a new store in {_folder.Path}/store.", (await RunAsync("migrate")).Is(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_cannot_be_read_is_not_passed_over()
    {
        var missing = (await RunAsync("migrate")).Is(2);
        Assert.StartsWith($"AFTERWORD_SETTINGS names {SettingsFile}, which is not there.", missing.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string SettingsFile => Path.Combine(_folder.Path, "afterword.json");

    private Task<Command> RunAsync(params string[] arguments) =>
        Command.RunProcessAsync(arguments, new Dictionary<string, string> { ["AFTERWORD_SETTINGS"] = SettingsFile });
}
