using System.CommandLine;

namespace Afterword.Server.Cli;

/// <summary><c>afterword serve</c>: runs the server until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Option<string?> Urls { get; } = new("--urls")
    {
        Description = "Where to listen, separated by semicolons (ASPNETCORE_URLS; http://localhost:5000 by default).", HelpName = "U",
    };

    public static Command Create()
    {
        var command = new Command("serve", "Run the server.") { Urls };
        command.SetAction((parsed, stop) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var settings = StoreOptions.SettingsOf(parsed);
        await using var server = await AfterwordServer.CreateAsync(settings, parsed.GetValue(Urls), TimeProvider.System, null, stop);
        await server.StartAsync(stop);

        await Console.Error.WriteLineAsync($"Store: {server.Store.Main.Engine}{(settings.Database is null ? $" in {Path.GetFullPath(settings.Data)}" : "")}");
        foreach (var url in server.Urls) Console.WriteLine($"Listening on {url}");
        await server.WaitForShutdownAsync();
        return ExitCode.Done;
    }
}
