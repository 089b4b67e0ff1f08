using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Afterword.Server.Cli.Demo;
using Afterword.Server.Cli.Operations;
using Afterword.Server.Cli.Senders;
using Afterword.Server.Configuration;
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
        // What follows a word that nobody knows may be its value: the first says enough. A command that is missing is that word.
        var unknown = parsed.UnmatchedTokens is [var word, ..] ? WhyUnknown(parsed.CommandResult.Command, word) : null;

        // To whom asks for help the parser forgives everything: what lacks an argument, and a word that is no command, of which there is no help.
        if (parsed.Action is HelpAction) return unknown is null ? [] : [unknown];
        if (unknown is not null && parsed.CommandResult.Command.Subcommands.Count > 0) return [unknown];

        var others = parsed.Errors.Where(error => unknown is null || !error.Message.StartsWith("Unrecognized", StringComparison.Ordinal)).Select(Describe).Distinct();
        return unknown is null ? [.. others] : [unknown, .. others];
    }

    private static string WhyUnknown(Command command, string word)
    {
        var isOption = word.StartsWith('-');
        var known = isOption
            ? command.Options.Concat(Root.Options).Where(option => !option.Hidden).SelectMany(option => option.Aliases.Append(option.Name)).ToArray()
            : [.. command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)];
        var what = isOption ? "an option of this command" : known.Length > 0 ? "a command" : "an argument of this command";
        var meant = NearestName.Of(word, known) is { } near ? $" Did you mean {near}?" : "";
        return $"{word} is not {what}.{meant}{(isOption || known.Length == 0 ? "" : $" There are: {string.Join(", ", known)}.")}";
    }

    // The parser lists what it allows in lines of its own.
    private static string Describe(ParseError error)
    {
        const string Among = "Must be one of:";
        var name = error.SymbolResult switch
        {
            OptionResult option => option.Option.Name,
            ArgumentResult { Parent: OptionResult option } => option.Option.Name,
            ArgumentResult argument => argument.Argument.Name,
            _ => null,
        };
        return name is not null && error.Message.IndexOf(Among, StringComparison.Ordinal) is > 0 and var at && error.SymbolResult!.Tokens is [var token, ..]
            ? $"{name} is \"{token.Value}\"; it must be one of {string.Join(", ", error.Message[(at + Among.Length)..].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Trim('\'')).Where(line => line.Length > 0))}."
            : error.Message;
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
            MemberCommands.Create(),
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
