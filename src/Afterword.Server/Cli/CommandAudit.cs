using System.CommandLine;
using System.CommandLine.Parsing;
using Afterword.Server.Cli.Senders;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;

namespace Afterword.Server.Cli;

/// <summary>Writes commands that change something into the audit log, before they do it, and again when they fail: nobody takes what was refused for a change.</summary>
internal static class CommandAudit
{
    // Options whose values are words of ours or names. Of all others but numbers and times, which may be secrets, the name alone is written.
    private static readonly string[] s_plain = ["--role", "--sender", "--permission", "--channel", "--dms", "--format", "--kind"];

    extension(Command command)
    {
        /// <summary>As <see cref="StoreCommands"/> does, for a command that changes something.</summary>
        public void OnStoreChange(Func<ParseResult, OpenedStore, CancellationToken, Task> run) => command.OnStore(async (parsed, store, stop) =>
        {
            var (place, what) = (await PlaceOfAsync(parsed, store, stop), Describe(parsed));
            await store.Audit.NoteAsync(place, Member.CommandLine, AuditAction.Changed, what, stop);
            try
            {
                await run(parsed, store, stop);
            }
            catch
            {
                await NoteFailureAsync(store, place, what);
                throw;
            }
        });
    }

    private static async Task NoteFailureAsync(OpenedStore store, long place, string what)
    {
        try
        {
            await store.Audit.NoteAsync(place, Member.CommandLine, AuditAction.Changed, $"{what}: failed", CancellationToken.None);
        }
        catch (Exception error) when (store.Store.IsUnavailable(error))
        {
            // Why the command failed says more.
        }
    }

    /// <summary>The command as it is written down: without the value of an option that could be a secret.</summary>
    public static string Describe(ParseResult parsed)
    {
        var words = new List<string>();
        for (var at = parsed.CommandResult; at?.Command is not (null or RootCommand); at = at.Parent as CommandResult) words.Insert(0, at.Command.Name);
        foreach (var child in parsed.CommandResult.Children)
        {
            switch (child)
            {
                case ArgumentResult argument:
                    words.AddRange(argument.Tokens.Select(token => Shown(token.Value)));
                    break;
                case OptionResult { Implicit: false } option when !StoreOptions.All.Contains(option.Option):
                    words.Add(option.Option.Name);
                    if (option.Option.ValueType.IsValueType || s_plain.Contains(option.Option.Name)) words.AddRange(option.Tokens.Select(token => token.Value));
                    break;
            }
        }

        return string.Join(' ', words);
    }

    // The path of an address that is posted to may be its key.
    private static string Shown(string argument) =>
        Uri.TryCreate(argument, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) : argument;

    /// <summary>The sender that the command is about, so that its owners see it; the installation when there is none.</summary>
    private static async Task<long> PlaceOfAsync(ParseResult parsed, OpenedStore store, CancellationToken stop)
    {
        foreach (var argument in parsed.CommandResult.Children.OfType<ArgumentResult>())
        {
            var id = argument.Argument.Name switch
            {
                Inputs.HandleName when argument.GetValueOrDefault<string>() is { } handle => (await store.UserAccounts.FindAsync(handle, stop))?.Id,
                WebhookCommands.IdName => (await store.Endpoints.ListAsync(null, argument.GetValueOrDefault<long>(), stop)).SingleOrDefault()?.Endpoint.Key.SenderId,
                _ => null,
            };
            if (id is not null) return id.Value;
        }

        return Workspace.Installation;
    }
}
