using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword audit …</c>: the audit log in a form that others can keep and check.</summary>
internal static class AuditCommands
{
    public static Command Create() => new("audit", "The audit log: who saw, exported and changed what.") { Export(), Heads() };

    private static Command Export()
    {
        var handle = Inputs.Handle("The sender whose entries; those of all and of the installation when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var file = new Option<string?>("--output", "-o") { Description = "The file; without it the lines go to stdout.", HelpName = "FILE" };
        var command = new Command("export", "Write the audit log, one JSON object a line, oldest first. Example: afterword audit export @furni -o audit.jsonl") { handle, file };
        command.OnStore(async (parsed, store, stop) =>
        {
            var place = parsed.GetValue(handle) is { } name ? (await store.AccountAsync(name, stop)).Id : (long?)null;
            await store.Audit.NoteAsync(place ?? Workspace.Installation, Member.CommandLine, AuditAction.Exported, "the audit log, from the command line", stop);
            if (parsed.GetValue(file) is not { } path)
            {
                await using var output = System.Console.OpenStandardOutput();
                await WriteAsync(store, place, output, stop);
                return;
            }

            using var written = ExportFile.Open(path, resume: false);
            var lines = await WriteAsync(store, place, written.Stream, stop);
            written.Complete();
            parsed.Say(new ExportJson(path, lines, lines), CommandJson.Default.ExportJson, string.Create(CultureInfo.InvariantCulture, $"Wrote {lines:N0} entries to {path}."));
        });
        return command;
    }

    private static Command Heads()
    {
        var command = new Command("heads", "Say where each log ends. Keep this elsewhere: it proves later what stood there now. Example: afterword audit heads");
        command.OnStore(async (parsed, store, stop) =>
        {
            var heads = (await store.Audit.HeadsAsync(stop)).ConvertAll(head => new AuditHeadJson(NameOf(head.SenderId, head.ScreenName), head.Number, Convert.ToHexStringLower(head.Hash)));
            parsed.Say(
                new AuditHeadsJson(heads), AuditJson.Default.AuditHeadsJson, heads.Select(head => string.Create(CultureInfo.InvariantCulture, $"{head.Hash}  {head.Number:N0} entries of {head.Place}")));
        });
        return command;
    }

    private static async Task<long> WriteAsync(OpenedStore store, long? place, Stream output, CancellationToken stop)
    {
        var lines = 0L;
        await store.Audit.ReadAllAsync(
            place,
            (row, handle, number, hash) =>
            {
                JsonSerializer.Serialize(
                    output,
                    new AuditLineJson(
                        NameOf(row.SenderId, handle), row.SenderId, number, row.Id, row.At, row.PersonId, row.Person, row.Action, ((AuditAction)row.Action).Word, row.What, hash is null ? null : Convert.ToHexStringLower(hash), row.Erased ? true : null),
                    AuditLines.Default.AuditLineJson);
                output.WriteByte((byte)'\n');
                lines++;
            },
            stop);
        return lines;
    }

    private static string NameOf(long senderId, string? handle) => senderId == Workspace.Installation ? "installation" : handle is null ? senderId.ToString(CultureInfo.InvariantCulture) : $"@{handle}";
}

/// <summary>An entry with everything that its hash is made of.</summary>
/// <param name="Place">The sender's handle, or <c>installation</c>.</param>
/// <param name="SenderId">0 for the installation.</param>
/// <param name="Number">Counts the entries of the place; absent in entries of older versions, which have no hash.</param>
/// <param name="At">Unix milliseconds.</param>
/// <param name="Deed">The number that is hashed.</param>
/// <param name="DeedName">What it means.</param>
/// <param name="Erased">A name in it was replaced when its person was erased: the hash cannot be computed from the rest any more. Absent in all others.</param>
internal sealed record AuditLineJson(
    string Place, long SenderId, long? Number, long Id, long At, long PersonId, string Person, long Deed, string DeedName, string What, string? Hash, bool? Erased = null);

internal sealed record AuditHeadJson(string Place, long Number, string Hash);

internal sealed record AuditHeadsJson(IReadOnlyList<AuditHeadJson> Heads);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(AuditHeadsJson))]
internal sealed partial class AuditJson : JsonSerializerContext;

/// <summary>The same on one line each.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditLineJson))]
internal sealed partial class AuditLines : JsonSerializerContext;
