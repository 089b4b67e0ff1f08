using System.CommandLine;
using System.Globalization;

namespace Afterword.Server.Cli;

/// <summary><c>afterword operator-key …</c>: keys for programs that run the place.</summary>
internal static class OperatorKeyCommands
{
    public static Command Create() => new("operator-key", "Keys with which programs call the routes below /operator.") { Add(), List(), Revoke() };

    private static Command Add()
    {
        var name = Name();
        name.Validators.Add(result => Inputs.CheckName(result, "The name", result.GetValueOrDefault<string>() ?? ""));
        var command = new Command("add", "Make a key and print it, once. Example: afterword operator-key add deploy") { name };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var given = parsed.GetRequiredValue(name);
            var key = await store.OperatorKeys.AddAsync(given, stop)
                ?? throw new CommandException(ExitCode.Failed, $"There is an operator key {given} already. Choose another name, or revoke that one: afterword operator-key revoke {given}");
            parsed.Say(
                new OperatorKeyJson(given, key, null), CommandJson.Default.OperatorKeyJson, $"key  {key}",
                $"Try it: curl -H 'Authorization: Bearer {key}' URL/operator/webhooks.json");
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the keys by name. Example: afterword operator-key list");
        command.OnStore(async (parsed, store, stop) =>
        {
            var all = await store.OperatorKeys.ListAsync(stop);
            parsed.Say(
                new OperatorKeysJson([.. all.Select(key => new OperatorKeyJson(key.Name, null, string.Create(CultureInfo.InvariantCulture, $"{key.CreatedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}")))]), CommandJson.Default.OperatorKeysJson,
                all.Select(key => string.Create(CultureInfo.InvariantCulture, $"{key.Name}  since {key.CreatedAt:yyyy-MM-dd}")));
        });
        return command;
    }

    private static Command Revoke()
    {
        var name = Name();
        var command = new Command("revoke", "End a key, at once and for good. Example: afterword operator-key revoke deploy") { name };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var given = parsed.GetRequiredValue(name);
            if (!await store.OperatorKeys.RevokeAsync(given, stop)) throw new CommandException(ExitCode.Failed, $"There is no operator key {given}. See: afterword operator-key list");

            parsed.Say(new OperatorKeyRevokedJson(given, Revoked: true), CommandJson.Default.OperatorKeyRevokedJson, $"The operator key {given} is revoked.");
        });
        return command;
    }

    private static Argument<string> Name() => new("NAME") { Description = "What the key is for." };
}

/// <param name="Key">Told once, when it is made.</param>
internal sealed record OperatorKeyJson(string Name, string? Key, string? CreatedAt);

internal sealed record OperatorKeysJson(IReadOnlyList<OperatorKeyJson> OperatorKeys);

internal sealed record OperatorKeyRevokedJson(string Name, bool Revoked);
