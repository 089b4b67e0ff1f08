using System.CommandLine;
using System.Globalization;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Exports;

namespace Afterword.Server.Cli;

/// <summary><c>afterword export</c>: a sender's feedback as CSV, beside a running server or without one.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var handle = Inputs.Handle("The sender's handle.");
        var file = new Option<string?>("--output", "-o") { Description = "The file; without it the lines go to stdout.", HelpName = "FILE" };
        var resume = new Option<bool>("--resume") { Description = "Go on with a FILE that was interrupted, behind its last complete line. Give the same filter again." };
        var force = new Option<bool>("--force") { Description = "Overwrite a FILE of that name." };
        var after = Inputs.Number("--after", "Only what has a higher id.", "ID");
        var mark = new Option<bool>("--bom") { Description = "Begin with the mark by which spreadsheets know UTF-8." };
        var filter = new FilterOptions();
        var command = new Command("export", "Write a sender's feedback as CSV. Example: afterword export @furni --from 2026-01-01 --type nps -o nps.csv") { handle, file, resume, force, after, mark };
        filter.AddTo(command);
        command.Validators.Add(result =>
        {
            var hasFile = result.GetValue(file) is not null;
            if (result.GetValue(resume) && !hasFile) result.AddError("--resume needs the FILE that was interrupted: -o FILE.");
            if (result.GetValue(resume) && result.GetValue(force)) result.AddError("--resume goes on with the FILE and --force overwrites it; give one of them.");
            if (result.GetValue(resume) && result.GetResult(after) is not null) result.AddError("--resume and --after both say where to go on; give one of them.");
            if (result.GetValue(StoreOptions.Json) && !hasFile) result.AddError("--json writes a document of its own to stdout; say where the lines go: -o FILE.");
        });
        command.OnStore(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            if (parsed.GetValue(file) is { } there && new FileInfo(there) is { Exists: true, Length: > 0 } && !parsed.GetValue(resume) && !parsed.GetValue(force))
            {
                throw new CommandException(ExitCode.Failed, $"{there} is there already. Nothing has been written. Give --resume to go on with it, or --force to overwrite it.");
            }

            var request = new ExportRequest(
                filter.Of(parsed, user.Id), user.ScreenName, Visibility.Full, parsed.GetValue(after) ?? 0, ByteOrderMark: parsed.GetValue(mark));
            var export = new ExportFeedback(store.Store, store.Settings, TimeProvider.System);
            await store.Audit.NoteAsync(user.Id, Member.CommandLine, AuditAction.Exported, "answers, from the command line", stop);
            if (parsed.GetValue(file) is { } path) await WriteAsync(parsed, export, request, path, parsed.GetValue(resume), stop);
            else await ToStandardOutputAsync(parsed, export, request, stop);
        });
        return command;
    }

    private static async Task ToStandardOutputAsync(ParseResult parsed, ExportFeedback export, ExportRequest request, CancellationToken stop)
    {
        await using var output = System.Console.OpenStandardOutput();

        // Lines that scroll by are progress enough.
        var progress = parsed.Progress();
        await export.RunAsync(request, output, System.Console.IsOutputRedirected ? now => Tell(progress, now, 0) : null, stop);
        progress.Clear();
    }

    private static async Task WriteAsync(ParseResult parsed, ExportFeedback export, ExportRequest request, string path, bool resume, CancellationToken stop)
    {
        using var file = ExportFile.Open(path, resume);
        var begun = file.Begun;
        if (begun.Length > 0) request = request with { After = begun.LastId, Header = false, ByteOrderMark = false };

        var progress = parsed.Progress();
        long rows;
        try
        {
            rows = begun.Rows + await export.RunAsync(request, file.Stream, now => Tell(progress, now, begun.Rows), stop);
        }
        catch
        {
            progress.Clear();
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"What was written is in {path}.part. Go on with --resume and the same options.");
            throw;
        }

        file.Complete();
        progress.Clear();
        var said = string.Create(CultureInfo.InvariantCulture, $"Wrote {rows:N0} lines to {path}");
        parsed.Say(
            new ExportJson(path, rows, rows - begun.Rows), CommandJson.Default.ExportJson,
            begun.Rows == 0 ? $"{said}." : string.Create(CultureInfo.InvariantCulture, $"{said}; {begun.Rows:N0} of them were there already."));
    }

    private static Task Tell(ProgressLine progress, ExportProgress now, long before)
    {
        progress.Show(string.Create(CultureInfo.InvariantCulture, $"Exported {before + now.Rows:N0} lines"));
        return Task.CompletedTask;
    }
}

/// <param name="File">Where the lines are.</param>
/// <param name="Rows">How many there are, without the header.</param>
/// <param name="Written">How many of them were written now.</param>
internal sealed record ExportJson(string File, long Rows, long Written);
