using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli.Operations;

/// <summary><c>afterword clock …</c>: what a store knows of the time, and the word of an operator that a clock is right.</summary>
internal static class ClockCommands
{
    public static Command Create() => new("clock", "The clock: a server writes nothing while its clock cannot be right.") { Show(), Accept() };

    private static Command Show()
    {
        var command = new Command("show", "Compare this machine's clock with what the store knows. Example: afterword clock show");
        command.OnStore(async (parsed, store, stop) => Say(parsed, await LookAsync(store.Store, stop)));
        return command;
    }

    private static Command Accept()
    {
        var command = new Command("accept", "Confirm that this machine's clock is right, so that servers write again. Example: afterword clock accept");
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var now = TimeProvider.System.GetUtcNow();
            await ClockReading.AcceptAsync(store.Store.Main, now, await store.Store.Main.ClockAsync(stop) is { } other ? now - other : TimeSpan.Zero, stop);
            Say(parsed, await LookAsync(store.Store, stop));
        });
        return command;
    }

    private static async Task<ClockJson> LookAsync(Store store, CancellationToken stop)
    {
        var reading = await store.Main.ReadAsync(session => ClockReading.FindAsync(session, stop), stop);
        return new(Iso(TimeProvider.System.GetUtcNow()), reading.IsKnown ? Iso(reading.SeenAt) : null, await store.Main.ClockAsync(stop) is { } other ? Iso(other) : null);
    }

    private static void Say(ParseResult parsed, ClockJson clock) => parsed.Say(
        clock, ClockContext.Default.ClockJson,
        [
            $"This machine: {clock.Machine}",
            $"The store was last served: {clock.LastServed ?? "never"}",
            .. clock.Database is { } database ? (string[])[$"The database's own clock: {database}"] : [],
        ]);

    private static string Iso(DateTimeOffset instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <param name="LastServed">The newest time of a clock that was believed; null when there was none yet.</param>
/// <param name="Database">What the database's own clock says; null where it has none.</param>
internal sealed record ClockJson(string Machine, string? LastServed, string? Database);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ClockJson))]
internal sealed partial class ClockContext : JsonSerializerContext;
