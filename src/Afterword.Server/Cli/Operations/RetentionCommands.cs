using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Retention;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword retention …</c>: how long senders keep what customers wrote, and who they are.</summary>
internal static class RetentionCommands
{
    private const string Help = "keep, or a number with d, w, m or y for days, weeks, months or years, such as 12m.";

    public static Command Create() => new("retention", "How long senders keep comments, messages and their customers' identities.") { Set(), Show(), Run() };

    private static Command Set()
    {
        var handle = Inputs.Handle("The sender.");
        var texts = Period("--texts", "Comments, and the follow-up notes on them: " + Help);
        var messages = Period("--messages", "Direct messages, in both directions: " + Help);
        var people = Period("--people", "Ticket ids and identities of customers, from the last time that they had to do with the sender: " + Help);
        var yes = new Option<bool>("--yes") { Description = "Do it, though it removes something at once." };
        var command = new Command("set", "Say how long a sender keeps what; what is left out stays as it is. Example: afterword retention set @furni --texts 12m --messages 6m --people 24m") { handle, texts, messages, people, yes };
        command.Validators.Add(result =>
        {
            if (new[] { texts, messages, people }.All(option => result.GetResult(option) is null)) result.AddError("Say what is kept, and for how long: --texts, --messages, --people.");
        });
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var choose = new ChooseRetention(store.Store, store.Audit);
            var kept = await choose.ReadAsync(user.Id, stop);
            var periods = new RetentionPeriods(Chosen(parsed, texts, kept.Periods.Texts), Chosen(parsed, messages, kept.Periods.Messages), Chosen(parsed, people, kept.Periods.People));
            var forecast = await Remover(store).CountAsync(user.Id, periods, long.MaxValue, stop);
            if (!forecast.Rows.IsNothing && !parsed.GetValue(yes))
            {
                throw new CommandException(
                    ExitCode.Failed,
                    $"This would remove {forecast.Rows} of @{user.ScreenName}, and nothing brings them back but a backup. Nothing has been changed. Give --yes to do it.");
            }

            if (!await choose.SaveAsync(user.Id, Member.CommandLine, periods, kept.Version, stop)) throw new CommandException(ExitCode.Failed, $"Somebody else has just changed what @{user.ScreenName} keeps. See: afterword retention show @{user.ScreenName}");

            parsed.Say(
                JsonOf(user.ScreenName, periods), RetentionJsonContext.Default.RetentionJson,
                [Line(user.ScreenName, periods), .. forecast.Rows.IsNothing ? (string[])[] : [$"A running server removes {forecast.Rows} within minutes; so does: afterword retention run @{user.ScreenName}"]]);
        });
        return command;
    }

    private static Command Show()
    {
        var handle = Inputs.Handle("A sender; all that do not keep everything when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("show", "Show how long senders keep what. Example: afterword retention show @furni") { handle };
        command.OnStore(async (parsed, store, stop) =>
        {
            var choose = new ChooseRetention(store.Store, store.Audit);
            var shown = parsed.GetValue(handle) is { } name
                ? [await store.AccountAsync(name, stop) is var user ? (user.ScreenName, (await choose.ReadAsync(user.Id, stop)).Periods) : default]
                : (await choose.ListAsync(stop)).ConvertAll(one => (one.ScreenName, one.Kept.Periods));
            parsed.Say(
                new RetentionsJson([.. shown.Select(one => JsonOf(one.ScreenName, one.Periods))]), RetentionJsonContext.Default.RetentionsJson,
                shown.Count == 0 ? ["All senders keep everything."] : shown.Select(one => Line(one.ScreenName, one.Periods)));
        });
        return command;
    }

    private static Command Run()
    {
        var handle = Inputs.Handle("A sender; all of them when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var dry = new Option<bool>("--dry-run") { Description = "Say how much would go, and change nothing." };
        var command = new Command("run", "Remove what senders keep no longer, now. Example: afterword retention run @furni --dry-run") { handle, dry };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = parsed.GetValue(handle) is { } name ? await store.AccountAsync(name, stop) : null;
            if (parsed.GetValue(dry)) await CountAsync(parsed, store, user, stop);
            else await RemoveAsync(parsed, store, user, stop);
        });
        return command;
    }

    private static async Task CountAsync(ParseResult parsed, OpenedStore store, User? user, CancellationToken stop)
    {
        var choose = new ChooseRetention(store.Store, store.Audit);
        var senders = user is null
            ? (await choose.ListAsync(stop)).ConvertAll(one => (one.ScreenName, one.Kept))
            : [(user.ScreenName, await choose.ReadAsync(user.Id, stop))];
        var counted = new List<(string ScreenName, RemovedCounts Rows)>();
        foreach (var (screenName, kept) in senders) counted.Add((screenName, (await Remover(store).CountAsync(kept.SenderId, kept.Periods, long.MaxValue, stop)).Rows));
        parsed.Say(
            new RetentionRunJson(DryRun: true, [.. counted.Select(one => JsonOf(one.ScreenName, one.Rows))]), RetentionJsonContext.Default.RetentionRunJson,
            [.. counted.Select(one => $"@{one.ScreenName}  {one.Rows}"), "Nothing has been changed."]);
    }

    private static async Task RemoveAsync(ParseResult parsed, OpenedStore store, User? user, CancellationToken stop)
    {
        var (db, clock, holder) = (store.Store.Main, TimeProvider.System, Convert.ToHexString(RandomNumberGenerator.GetBytes(8)));
        await store.Audit.NoteAsync(user?.Id ?? Workspace.Installation, Member.CommandLine, AuditAction.Changed, "retention run", stop);
        if (!await RetentionRun.TryBeginAsync(db, holder, clock.GetUtcNow(), TimeSpan.Zero, stop)) throw new CommandException(ExitCode.Failed, "A server is removing what senders no longer keep just now.");

        try
        {
            var removed = await Remover(store).RunAsync(holder, user?.Id, stop) ?? throw new CommandException(ExitCode.Failed, "A server has taken over: it removes the rest.");
            await RetentionRun.EndAsync(db, holder, clock.GetUtcNow(), stop);
            parsed.Say(
                new RetentionRunJson(DryRun: false, [JsonOf(user?.ScreenName, removed)]), RetentionJsonContext.Default.RetentionRunJson,
                removed.IsNothing ? "Nothing is too old." : $"Removed {removed}.");
        }
        catch
        {
            // Whoever comes next goes on.
            await RetentionRun.GiveBackAsync(db, holder, CancellationToken.None);
            throw;
        }
    }

    private static RemoveOld Remover(OpenedStore store) => new(store.Store, store.Settings, store.Audit, TimeProvider.System);

    private static Option<Choice?> Period(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (RetentionPeriod.TryParse(text, out var period)) return new Choice(period);

            result.AddError($"{name} is \"{text}\"; it must be {RetentionPeriod.Expected}.");
            return null;
        },
    };

    private static RetentionPeriod? Chosen(ParseResult parsed, Option<Choice?> option, RetentionPeriod? now) => parsed.GetValue(option) is { } choice ? choice.Period : now;

    private static RetentionJson JsonOf(string screenName, RetentionPeriods periods) => new(screenName, Word(periods.Texts), Word(periods.Messages), Word(periods.People));

    private static RemovedJson JsonOf(string? screenName, RemovedCounts rows) => new(screenName, rows.Comments, rows.Notes, rows.Messages, rows.Customers, rows.Accounts);

    private static string Word(RetentionPeriod? period) => period?.ToString() ?? RetentionPeriod.Keep;

    private static string Line(string screenName, RetentionPeriods periods) => string.Create(
        CultureInfo.InvariantCulture, $"@{screenName}  --texts {Word(periods.Texts)} --messages {Word(periods.Messages)} --people {Word(periods.People)}");

    /// <summary>What an option says; without it, nothing changes.</summary>
    /// <param name="Period">Null keeps everything.</param>
    private sealed record Choice(RetentionPeriod? Period);
}

/// <summary>How long a sender keeps what: <c>keep</c>, or such as <c>12m</c>.</summary>
internal sealed record RetentionJson(string ScreenName, string Texts, string Messages, string People);

internal sealed record RetentionsJson(IReadOnlyList<RetentionJson> Senders);

/// <param name="DryRun">Whether it was only counted.</param>
internal sealed record RetentionRunJson(bool DryRun, IReadOnlyList<RemovedJson> Removed);

/// <param name="ScreenName">The sender; absent for all together.</param>
internal sealed record RemovedJson(string? ScreenName, long Comments, long Notes, long Messages, long Customers, long Accounts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RetentionJson))]
[JsonSerializable(typeof(RetentionsJson))]
[JsonSerializable(typeof(RetentionRunJson))]
internal sealed partial class RetentionJsonContext : JsonSerializerContext;
