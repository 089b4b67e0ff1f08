using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Client.Wire;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Automation.Simulation;
using Afterword.Server.Console.Members;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword rules …</c>: the rules by which a sender's customers are asked.</summary>
internal static class RulesCommands
{
    public static Command Create() => new("rules", "The rules that decide which customers a sender asks.") { Show(), Set(), Check(), Simulate(), Verify() };

    private static Command Show()
    {
        var handle = Inputs.Handle("The sender.");
        var version = Inputs.Number("--at", "That version, instead of the one that holds.", "N");
        var command = new Command("show", "Print a sender's rules as they were saved. Example: afterword rules show @furni > rules.json") { handle, version };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var rules = new ChangeRules(store.Store, store.Audit, TimeProvider.System);
            var saved = parsed.GetValue(version) is { } number ? await rules.FindAsync(user.Id, number, stop) : await rules.FindAsync(user.Id, stop);
            if (saved is null)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    parsed.GetValue(version) is { } missing && await rules.FindAsync(user.Id, stop) is { } newest
                        ? $"@{user.ScreenName} has no version {missing} of the rules. There are: 1 to {newest.Version}."
                        : $"@{user.ScreenName} has no rules yet, so nobody is asked automatically. Save rules with: afterword rules set @{user.ScreenName} FILE");
            }

            using var document = JsonDocument.Parse(saved.Document);
            parsed.Say(
                new RulesShownJson(user.ScreenName, saved.Version, Prompt.Date(saved.ChangedAt), saved.ChangedBy, document.RootElement.Clone()), RulesCommandJson.Default.RulesShownJson,
                JsonSerializer.Serialize(document.RootElement, RulesCommandJson.Default.JsonElement));
        });
        return command;
    }

    private static Command Set()
    {
        var (handle, file) = (Inputs.Handle("The sender."), RulesFile());
        var command = new Command("set", "Check rules and put them in the place of those that hold; earlier versions are kept. Example: afterword rules set @furni rules.json") { handle, file };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var document = await ReadAsync(store, parsed.GetRequiredValue(file), stop);
            var rules = new ChangeRules(store.Store, store.Audit, TimeProvider.System);
            if (await rules.FindAsync(user.Id, stop) is { } now && now.Document == document.Text)
            {
                parsed.Say(
                    new RulesSetJson(user.ScreenName, now.Version, Changed: false), RulesCommandJson.Default.RulesSetJson,
                    string.Create(CultureInfo.InvariantCulture, $"Nothing changed: these are the rules of @{user.ScreenName} already, version {now.Version}."));
                return;
            }

            var changed = await rules.RunAsync(user.Id, Member.CommandLine, document.Version, document.Text, stop);
            if (changed is not ChangeRulesOutcome.Saved(var saved))
            {
                throw new CommandException(ExitCode.Failed, $"The rules of @{user.ScreenName} are not version {document.Version} any more: somebody has changed them. See: afterword rules show @{user.ScreenName}");
            }

            parsed.Say(new RulesSetJson(user.ScreenName, saved.Version, Changed: true), RulesCommandJson.Default.RulesSetJson,
                [string.Create(CultureInfo.InvariantCulture, $"The rules of @{user.ScreenName} are version {saved.Version} now."), .. document.Rules.Unreached.Select(document.Rules.WhyUnreached)]);
        });
        return command;
    }

    private static Command Check()
    {
        var file = RulesFile();
        var command = new Command("check", "Say everything that is wrong with rules, and save nothing. Example: afterword rules check rules.json") { file };
        command.SetAction(async (parsed, stop) =>
        {
            var document = await ReadAsync(new Questions(StoreOptions.SettingsOf(parsed)), parsed.GetRequiredValue(file), stop);
            var valid = document.Rules.Rules.Count switch
            {
                0 => "The document is valid. It has no rules, so nobody is asked.",
                1 => "The rule is valid.",
                var many => string.Create(CultureInfo.InvariantCulture, $"All {many} rules are valid."),
            };
            parsed.Say(new RulesCheckedJson(document.Rules.Rules.Count), RulesCommandJson.Default.RulesCheckedJson, [valid, .. document.Rules.Unreached.Select(document.Rules.WhyUnreached)]);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Simulate()
    {
        var (handle, file) = (Inputs.Handle("The sender."), RulesFile());
        var days = Inputs.Limit("--days", "The closes of so many days, 1 to 90; 30 by default.");
        var command = new Command("simulate", "Say what rules would have decided on the conversations of the last days, beside what was decided. Example: afterword rules simulate @furni rules.json --days 90") { handle, file, days };
        command.OnStore(async (parsed, store, stop) =>
        {
            var most = parsed.GetValue(days) ?? SimulateRules.UsualDays;
            if (most > SimulateRules.MostDays) throw new CommandException(ExitCode.WrongUse, $"--days must be a whole number from 1 to {SimulateRules.MostDays}.");

            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var document = await ReadAsync(store, parsed.GetRequiredValue(file), stop);
            var simulated = await new SimulateRules(store.Store, TimeProvider.System).RunAsync(
                user.Id, document.Rules, (int)most, store.Settings.Limits.IntervalFor(await GrantAsync(store, user, stop)), stop);
            var told = SimulationJson.Of(simulated!, (int)most);
            if (told.Closes == 0)
            {
                parsed.Say(
                    told, SimulationsJson.Default.SimulationJson,
                    string.Create(CultureInfo.InvariantCulture, $"No conversation was closed in the last {told.Days} days, so the draft cannot be tried yet. It is valid."));
                return;
            }

            parsed.Say(
                told, SimulationsJson.Default.SimulationJson,
                [
                    string.Create(CultureInfo.InvariantCulture, $"{told.Closes:N0} conversations in {told.Days} days; {told.Different:N0} would have been decided differently."),
                    "would have been", .. told.Would.Select(Line), "were", .. told.Did.Select(Line),
                ]);
        });
        return command;
    }

    private static Command Verify()
    {
        var handle = Inputs.Handle("The sender.");
        var command = new Command("verify", "Draw every conversation's sample again, and name the first that differs from what is stored. Example: afterword rules verify @furni") { handle };
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var verified = await new VerifyDraws(store.Store).RunAsync(user.Id, stop);
            if (verified.Wrong is { } wrong)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"Conversation {wrong.Id} ({wrong.ExternalId}), after {verified.Checked:N0} that are right: {verified.Why}."));
            }

            parsed.Say(new RulesVerifiedJson(user.ScreenName, verified.Checked), RulesCommandJson.Default.RulesVerifiedJson, string.Create(CultureInfo.InvariantCulture, $"All draws are right. {verified.Checked:N0} were checked."));
        });
        return command;
    }

    private static Argument<string> RulesFile() => new("FILE") { Description = "The rules, in JSON; - reads them from stdin." };

    private static Task<RulesDocument> ReadAsync(OpenedStore store, string file, CancellationToken stop) => ReadAsync(new Questions(store.Settings), file, stop);

    private static async Task<RulesDocument> ReadAsync(Questions questions, string file, CancellationToken stop)
    {
        byte[] body;
        try
        {
            if (file == "-")
            {
                using var read = new MemoryStream();
                await using var input = System.Console.OpenStandardInput();
                await input.CopyToAsync(read, stop);
                body = read.ToArray();
            }
            else
            {
                body = await File.ReadAllBytesAsync(file, stop);
            }
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException(ExitCode.Failed, $"There is no file {file}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failed, $"{file} cannot be read: {error.Message}");
        }

        if (file == "-") file = "stdin";
        var text = ReadText(file, body);
        var document = RulesDocument.Parse(text, questions, out var errors);
        if (document is null) throw new CommandException(ExitCode.Failed, string.Join('\n', errors.All.Select(error => error.Message)));

        // What the API and the page could not save again.
        return Encoding.UTF8.GetByteCount(document.Text) <= SignatureMiddleware.MaxBody ? document : throw new CommandException(ExitCode.Failed, $"{file} is too long: rules have at most 64 KiB.");
    }

    /// <summary>The bytes of a JSON object, without the mark that editors on Windows put before them.</summary>
    private static ReadOnlyMemory<byte> ReadText(string file, byte[] body)
    {
        if (body is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) throw new CommandException(ExitCode.Failed, $"{file} is in UTF-16. Save it as UTF-8.");

        ReadOnlyMemory<byte> text = body is [0xEF, 0xBB, 0xBF, ..] ? body.AsMemory(3) : body;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? text
                : throw new CommandException(ExitCode.Failed, $"{file} must hold a JSON object, such as {{ \"rules\": [] }}.");
        }
        catch (JsonException error)
        {
            throw new CommandException(ExitCode.Failed, JsonMistake.Of(file, error));
        }
    }

    private static async Task<SenderGrant?> GrantAsync(OpenedStore store, User user, CancellationToken stop) =>
        (await store.Allowlist.SendersAsync(stop)).Find(sender => sender.UserId == user.Id)?.Limits;

    private static string Line(CountedJson counted) =>
        string.Create(CultureInfo.InvariantCulture, $"  {counted.Count,10:N0}  {counted.Decision}{(counted.Reason is null ? "" : $": {counted.Reason}")}{(counted.Rule is null ? "" : $"  ({counted.Rule})")}");
}

internal sealed record RulesShownJson(string Sender, long Version, string ChangedAt, string ChangedBy, JsonElement Rules);

/// <param name="Changed">Whether there is a new version; false when these rules held already.</param>
internal sealed record RulesSetJson(string Sender, long Version, bool Changed);

internal sealed record RulesCheckedJson(int Rules);

internal sealed record RulesVerifiedJson(string Sender, long Draws);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RulesShownJson))]
[JsonSerializable(typeof(RulesSetJson))]
[JsonSerializable(typeof(RulesCheckedJson))]
[JsonSerializable(typeof(RulesVerifiedJson))]
internal sealed partial class RulesCommandJson : JsonSerializerContext;
