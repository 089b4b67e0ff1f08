using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>What the command line says of itself and of what is wrong. It says the same on either engine.</summary>
public sealed class CommandWordingTests : IAsyncLifetime
{
    private TestStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await SqliteStore.NewAsync();

    [Theory]
    [InlineData(2, "--bogus")]
    [InlineData(2, "nonsense", "--help")]
    [InlineData(2, "user", "nonsense", "--help")]
    [InlineData(2, "user")]
    [InlineData(2, "user", "add", "@a")]
    [InlineData(2, "user", "add", "@a", "--name", "A", "--dms", "nobody")]
    [InlineData(2, "user", "add", "@a", "--name", "A", "--language", "german")]
    [InlineData(2, "serve", "--set", "Limits:CreatesPerDay=none")]
    [InlineData(2, "serve", "--set", "Limits:Unknown=1")]
    [InlineData(2, "allow", "embed", "@furni")]
    [InlineData(2, "allow", "embed", "@furni", "http://shop.example")]
    [InlineData(2, "allow", "embed", "@furni", "https://*.shop.example")]
    [InlineData(1, "allow", "embed", "@nobody", "https://shop.example")]
    [InlineData(1, "user", "show", "@nobody")]
    [InlineData(1, "allow", "app", "nobody")]
    [InlineData(1, "token", "issue", "nobody", "@nobody")]
    public async Task What_is_wrong_is_said_on_stderr_and_by_the_exit_code(int exitCode, params string[] arguments)
    {
        var command = (await RunAsync(arguments)).Is(exitCode);

        Assert.Equal("", command.Output);
        Assert.NotEqual("", command.Errors);
        Assert.DoesNotContain("   at ", command.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("user", "add", "--help")]
    [InlineData("token", "issue", "--help")]
    public async Task Help_is_given_about_what_lacks_its_arguments(params string[] arguments) =>
        Assert.StartsWith("Description:", (await RunAsync(arguments)).Is(0).Output, StringComparison.Ordinal);

    [Fact]
    public async Task A_process_reads_stdin_answers_on_stdout_complains_on_stderr_and_tells_by_its_exit_code()
    {
        var added = (await ProcessAsync("a password of a person\n", "user", "add", "@furni", "--name", "Furni", "--password", "-")).Is(0);
        Assert.Equal(("furni", ""), (added["screen_name"], added.Errors));
        Assert.Equal(1, await _store.RunAsync("update account set name = name where password_hash is not null and screen_name = 'furni'"));

        var taken = (await ProcessAsync("", "user", "add", "@furni", "--name", "Furni")).Is(1);
        Assert.Equal("", taken.Output);
        Assert.StartsWith("There is a user @furni already.", taken.Errors, StringComparison.Ordinal);
        Assert.NotEqual("", (await ProcessAsync("", "user", "nonsense")).Is(2).Errors);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string[] Place => [$"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value, "--json"];

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, .. Place]);

    private Task<Command> ProcessAsync(string input, params string[] arguments) => Command.RunProcessAsync([.. arguments, .. Place], input: input);
}
