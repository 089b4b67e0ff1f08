using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Everything that is held about one person, as they may ask for it: a ZIP file with JSON for programs and a page for people.</summary>
internal sealed class PersonData(Store store, TimeProvider clock)
{
    private static readonly JsonWriterOptions s_json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly DataColumn[] s_ofEvents =
        [DataColumn.Id("sender_id"), DataColumn.Text("helpdesk"), DataColumn.Time("received_at"), DataColumn.Text("decision"), DataColumn.Text("external_id"), DataColumn.Text("fields")];

    /// <returns>How many records it holds.</returns>
    public async Task<long> WriteAsync(Stream to, long user, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var sections = await store.Main.SnapshotAsync(session => ReadAsync(session, user, stop), stop);
        await using var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        await WriteAsync(zip, "README.txt", Readme(sections, now), now, stop);
        await WriteAsync(zip, "person.json", Json(sections, user, now), now, stop);
        return sections.Sum(section => (long)section.Records.Count);
    }

    private static async Task<IReadOnlyList<DataSection>> ReadAsync(Session session, long user, CancellationToken stop)
    {
        var sections = new List<DataSection>();
        foreach (var query in PersonDataQueries.All)
        {
            var records = new List<IReadOnlyList<(string Name, object? Value)>>();
            var statement = session.Sql(query.Sql).Bind("user", user);
            if (query.Sql.Contains("@kind", StringComparison.Ordinal)) statement.Bind("kind", (long)AccountKind.User);
            await statement.EachAsync(row => records.Add([.. query.Columns.Select((column, place) => (column.Name, column.Read(row, place)))]), stop);
            sections.Add(new(query.Name, query.What, records));
        }

        sections.Add(new("helpdesk_events", "what helpdesks of businesses said about the person in the last week", await ReadEventsAsync(session, user, stop)));
        return sections;
    }

    private static async Task<List<IReadOnlyList<(string Name, object? Value)>>> ReadEventsAsync(Session session, long user, CancellationToken stop)
    {
        var records = new List<IReadOnlyList<(string Name, object? Value)>>();
        await session.EachAsync(
            """
            select e.sender_id, k.name, e.received_at, e.decision, e.external_id, e.fields from {rows}
            join connector k on k.sender_id = item.sender_id and k.id = item.connector_id
            join connector_event e on e.sender_id = item.sender_id and e.connector_id = item.connector_id and e.event_key = item.event_key
            where e.fields is not null
            """,
            Rows.Of(await HelpdeskEvents.FindAsync(session, await FoundPerson.FindAsync(session, user, stop), stop))
                .Long("sender_id", e => e.SenderId).Long("connector_id", e => e.ConnectorId).Bytes("event_key", e => e.Key),
            row => records.Add([.. s_ofEvents.Select((column, place) => (column.Name, column.Read(row, place)))]), stop);
        return records;
    }

    private static async Task WriteAsync(ZipArchive zip, string name, ReadOnlyMemory<byte> content, DateTimeOffset now, CancellationToken stop)
    {
        var entry = zip.CreateEntry(name);
        entry.LastWriteTime = now;
        await using var stream = await entry.OpenAsync(stop);
        await stream.WriteAsync(content, stop);
    }

    private static ReadOnlyMemory<byte> Readme(IReadOnlyList<DataSection> sections, DateTimeOffset now)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"What is held about one person, as of {now:yyyy-MM-dd HH:mm:ss} UTC.\n\n");
        text.Append("person.json has one list for each of these:\n\n");
        foreach (var section in sections) text.Append(CultureInfo.InvariantCulture, $"  {section.Name} ({section.Records.Count:N0}): {section.What}\n");
        text.Append("\nTimes are in UTC. Ids are those of the API. Passwords, codes and tokens are stored as hashes or encrypted; they are not in the file, only that there are some.\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static ReadOnlyMemory<byte> Json(IReadOnlyList<DataSection> sections, long user, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, s_json);
        json.WriteStartObject();
        json.WriteString("id", user.ToString(CultureInfo.InvariantCulture));
        json.WriteString("written_at", now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        foreach (var section in sections)
        {
            json.WriteStartArray(section.Name);
            foreach (var record in section.Records) WriteRecord(json, record);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteRecord(Utf8JsonWriter json, IReadOnlyList<(string Name, object? Value)> record)
    {
        json.WriteStartObject();
        foreach (var (name, value) in record)
        {
            if (value is string text) json.WriteString(name, text);
            else if (value is long number) json.WriteNumber(name, number);
            else if (value is bool flag) json.WriteBoolean(name, flag);
        }

        json.WriteEndObject();
    }

    private sealed record DataSection(string Name, string What, IReadOnlyList<IReadOnlyList<(string Name, object? Value)>> Records);
}
