using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword secrets …</c>: the key file outside of the store, which encrypts the key ring inside.</summary>
internal static class SecretsCommands
{
    public static Command Create() => new("secrets", "The key ring that encrypts secrets in the store, and the key file that encrypts the ring.") { Show(), MakeKey(), Rekey() };

    private static Command Show()
    {
        var command = new Command("show", "Say by what the key ring is encrypted. Example: afterword secrets show");
        command.OnStore(async (parsed, store, stop) =>
        {
            var ids = (await KeyRing.KeyIdsAsync(store.Store.Main, stop)).GroupBy(id => id ?? "").Select(group => new RingKeysJson(group.Count(), group.Key.Length == 0 ? null : group.Key)).ToList();
            var keys = store.Store.MasterKeys;
            parsed.Say(
                new RingJson(ids, keys?.Path, keys?.First.Id), SecretsJson.Default.RingJson,
                [
                    .. ids.Select(one => one.Key is null ? $"{Keys(one.Many)} of the ring can be read by whoever has the store." : $"{Keys(one.Many)} of the ring encrypted with the key {one.Key}."),
                    keys is null ? "No key file is set (Secrets:KeyFile)." : $"New keys are encrypted with {keys.First.Id}, the first of {keys.Path}.",
                ]);
        });
        return command;
    }

    private static Command MakeKey()
    {
        var file = new Argument<string>("FILE") { Description = "Where the key goes. Keep a copy elsewhere: without it, the secrets in the store are lost." };
        var add = new Option<bool>("--add") { Description = "Put a new key before those of a file, to replace them." };
        var command = new Command("make-key", "Make a key file that its owner alone can read. Example: afterword secrets make-key /etc/afterword/key") { file, add };
        command.SetAction(parsed =>
        {
            var (path, adds) = (parsed.GetRequiredValue(file), parsed.GetValue(add));
            if (adds) MasterKeys.Read(path);
            else if (File.Exists(path)) throw new CommandException(ExitCode.WrongUse, $"{path} is there already. Give --add to put a new key before those in it.");

            var id = MasterKeys.Write(path, adds);
            parsed.Say(
                new MadeKeyJson(path, id), SecretsJson.Default.MadeKeyJson,
                $"Wrote the key {id} to {path}.", "Next: set Secrets:KeyFile to it for every server, restart them, and run: afterword secrets rekey");
        });
        return command;
    }

    private static Command Rekey()
    {
        var toStore = new Option<bool>("--to-store") { Description = "Leave the ring readable in the store again, so that no key file is needed." };
        var yes = new Option<bool>("--yes") { Description = "Do it. Without, the command says what it would do." };
        var command = new Command("rekey", "Encrypt the key ring with the first key of the key file. Example: afterword secrets rekey --yes") { toStore, yes };
        command.OnStore(async (parsed, store, stop) =>
        {
            var (keys, back) = (store.Store.MasterKeys, parsed.GetValue(toStore));
            if (keys is null && !back) throw new CommandException(ExitCode.WrongUse, "Secrets:KeyFile names no key file to encrypt the ring with. Make one: afterword secrets make-key FILE");

            var with = back ? null : keys!.First;
            var many = (await KeyRing.KeyIdsAsync(store.Store.Main, stop)).Count;
            var what = with is null ? $"{Keys(many)} of the ring so that whoever has the store can read them" : $"{Keys(many)} of the ring, encrypted with the key {with.Id} of {keys!.Path}";
            if (!parsed.GetValue(yes))
            {
                parsed.Say(new RekeyedJson(Done: false, many, with?.Id), SecretsJson.Default.RekeyedJson, $"This would write {what}.", "Nothing has been changed. Give --yes to do it.");
                return;
            }

            await store.Audit.NoteAsync(Workspace.Installation, Member.CommandLine, AuditAction.Changed, with is null ? "key ring: readable in the store" : $"key ring: encrypted with {with.Id}", stop);
            many = await KeyRing.RekeyAsync(store.Store.Main, keys, with, stop);
            parsed.Say(
                new RekeyedJson(Done: true, many, with?.Id), SecretsJson.Default.RekeyedJson, $"Wrote {what}.",
                with is null ? "Next: take Secrets:KeyFile out of the settings of every server. Keep the file for as long as you keep backups from before." : "Backups from before still hold the ring as it was.");
        });
        return command;
    }

    private static string Keys(int many) => many == 1 ? "1 key" : string.Create(CultureInfo.InvariantCulture, $"{many:N0} keys");
}

/// <param name="Many">How many keys of the ring.</param>
/// <param name="Key">What they are encrypted with; absent when they are readable.</param>
internal sealed record RingKeysJson(int Many, string? Key);

/// <param name="Ring">The keys of the ring by what encrypts them.</param>
/// <param name="KeyFile">The key file; absent without one.</param>
/// <param name="Key">What encrypts new keys; absent without a key file.</param>
internal sealed record RingJson(IReadOnlyList<RingKeysJson> Ring, string? KeyFile, string? Key);

internal sealed record MadeKeyJson(string File, string Key);

/// <param name="Done">False when only said.</param>
/// <param name="Many">How many keys of the ring.</param>
/// <param name="Key">What encrypts them; absent when they are readable.</param>
internal sealed record RekeyedJson(bool Done, int Many, string? Key);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RingJson))]
[JsonSerializable(typeof(MadeKeyJson))]
[JsonSerializable(typeof(RekeyedJson))]
internal sealed partial class SecretsJson : JsonSerializerContext;
