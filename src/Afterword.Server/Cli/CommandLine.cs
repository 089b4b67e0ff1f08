using System.CommandLine;
using Npgsql;

namespace Afterword.Server.Cli;

/// <summary>The verbs of <c>afterword</c>.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Asks customers how it went, inside the conversation, and brings the answers to those who should see them.")
        {
            ServeCommand.Create(),
        };
        root.Options.Add(StoreOptions.Data);
        root.Options.Add(StoreOptions.Database);
        root.Options.Add(StoreOptions.Set);
        root.Options.Add(StoreOptions.Json);

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
            await Console.Error.WriteLineAsync("Try: afterword " + string.Join(' ', [.. Path(parsed), "--help"]));
            return ExitCode.WrongUse;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (CommandException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return error.ExitCode;
        }
        catch (Exception error) when (error is NpgsqlException or Microsoft.Data.Sqlite.SqliteException or InvalidOperationException or IOException)
        {
            await Console.Error.WriteLineAsync($"Failed: {error.Message}");
            return ExitCode.Failed;
        }
    }

    private static IEnumerable<string> Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at?.Command is not (null or RootCommand); at = at.Parent as System.CommandLine.Parsing.CommandResult) names.Push(at.Command.Name);
        return names;
    }
}
