using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Afterword.Server.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Afterword.Server.Cli;

/// <summary>The verbs of <c>afterword</c>.</summary>
internal static class CommandLine
{
    // A server that is told to stop ends its requests within 25 seconds; the parser would end the process after two.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(30);

    /// <summary>All of them. Built once: commands hold options that there is one of.</summary>
    public static RootCommand Root { get; } = Build();

    /// <summary>Runs the command of this process.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, new InvocationConfiguration { ProcessTerminationTimeout = s_farewell });

    /// <param name="args">The verb and what follows it.</param>
    /// <param name="invocation">Where output goes, and whether signals stop the command.</param>
    public static async Task<int> RunAsync(string[] args, InvocationConfiguration invocation)
    {
        invocation.EnableDefaultExceptionHandler = false;

        // Without a replacer: the parser would take @furni for a file of arguments.
        var parsed = Root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var errors = Errors(parsed);
        if (errors.Length > 0)
        {
            foreach (var error in errors) await invocation.Error.WriteLineAsync(error);
            await invocation.Error.WriteLineAsync("Try: afterword " + string.Join(' ', [.. Path(parsed), "--help"]));
            return ExitCode.WrongUse;
        }

        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (CommandException error)
        {
            await invocation.Error.WriteLineAsync(error.Message);
            return error.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await invocation.Error.WriteLineAsync("Stopped before it was done.");
            return ExitCode.Failed;
        }
        catch (Exception error) when (error is NpgsqlException or SqliteException or StoreUnavailableException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            await invocation.Error.WriteLineAsync($"Failed: {error.Message}");
            return ExitCode.Failed;
        }
    }

    private static string[] Errors(ParseResult parsed)
    {
        // To whom asks for help the parser forgives everything: what lacks an argument, and a word that is no command, of which there is no help.
        if (parsed.Action is HelpAction) return [.. parsed.UnmatchedTokens.Select(word => $"Unrecognized command or argument '{word}'.")];

        // A word that is no command is told once, and not also as a command that is missing.
        var errors = parsed.Errors.Select(error => error.Message).Distinct().ToArray();
        return parsed.UnmatchedTokens.Count > 0 && errors.Length > 1 ? errors[1..] : errors;
    }

    private static RootCommand Build()
    {
        var root = new RootCommand("Asks customers how it went, inside the conversation, and brings the answers to those who should see them.")
        {
            ServeCommand.Create(),
            DemoCommand.Create(),
            UserCommands.Create(),
            AppCommands.Create(),
            AllowCommands.Create(),
            DenyCommands.Create(),
            ExemptCommands.Create(),
            WebhookCommands.Create(),
            ChannelCommands.Create(),
            TokenCommands.Create(),
            OperatorKeyCommands.Create(),
            PersonCommands.Create(),
            CallCommand.Create(),
            ExportCommand.Create(),
            RulesCommands.Create(),
            ConnectorCommands.Create(),
            RetentionCommands.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            CopyCommand.Create(),
            ResumeCommand.Create(),
            EraseCommand.Create(),
            PersonDataCommand.Create(),
            AuditCommands.Create(),
            SecretsCommands.Create(),
            MigrateCommand.Create(),
            ClockCommands.Create(),
            HealthCommand.Create(),
            DoctorCommand.Create(),
            CompletionCommand.Create(),
        };
        root.Options.Add(StoreOptions.Data);
        root.Options.Add(StoreOptions.Database);
        root.Options.Add(StoreOptions.Set);
        root.Options.Add(StoreOptions.Json);
        return root;
    }

    private static IEnumerable<string> Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at?.Command is not (null or RootCommand); at = at.Parent as CommandResult) names.Push(at.Command.Name);
        return names;
    }
}
