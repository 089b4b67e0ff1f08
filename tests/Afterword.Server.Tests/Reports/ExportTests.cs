using System.Globalization;
using System.Net;
using System.Text;
using Afterword.Server.Cli;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Exports;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.Data.Sqlite;

namespace Afterword.Server.Tests.Reports;

/// <summary>A sender takes its feedback along, as a file.</summary>
public abstract class ExportTests(Engine engine) : IAsyncLifetime
{
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync() =>
        _fixture = await FeedbackFixture.StartAsync(engine, "Limits:CreatesPerDay=1000000", "Limits:ExportsPer15Minutes=1000", "Limits:EventsPer15Minutes=100000", "Limits:AnswersPer15Minutes=100000");

    [Fact]
    public async Task The_file_has_the_documented_form()
    {
        var first = (await _fixture.AskAsync(more: [("external_id", "ticket, 1"), ("display_name", "\"Furni\""), ("agent", "Kim"), ("tags", "late, refund")])).Text("id");
        (await _fixture.SubmitAsync(first, ("score", "4"), ("text", "Fine,\nsaid \"ana\""))).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(1.25));
        var second = (await _fixture.AskAsync("nps", ("question_variant_id", "7"), ("external_id", "=1+1"))).Text("id");
        await _fixture.Server.AdvanceAsync(TimeSpan.FromSeconds(1));
        (await _fixture.SubmitAsync(second, ("score", "0"))).Is(200);
        var third = (await _fixture.AskAsync()).Text("id");
        (await _fixture.Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/dismiss/{third}.json")).Is(200);

        var file = (await ExportAsync()).Is(200);

        Assert.Equal("text/csv; charset=utf-8", file.Headers["Content-Type"]);
        Assert.Equal("attachment; filename=\"furni-2026-01-05.csv\"", file.Headers["Content-Disposition"].Replace("filename=furni-2026-01-05.csv", "filename=\"furni-2026-01-05.csv\"", StringComparison.Ordinal));
        Assert.Equal("no-store", file.Headers["Cache-Control"]);
        Assert.Equal(4, file.Body.Split("\r\n").Length - 1);
        Golden.Matches("export.csv", file.Body.Replace(first, "FIRST", StringComparison.Ordinal).Replace(second, "SECOND", StringComparison.Ordinal)
            .Replace(third, "THIRD", StringComparison.Ordinal).Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n'));
    }

    [Fact]
    public async Task The_audit_log_knows_of_an_export_by_the_api()
    {
        (await ExportAsync("?type=other")).Is(400);
        Assert.Equal(0, await _fixture.Server.CountAsync("audit"));

        (await ExportAsync()).Is(200);

        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"sender_id = {Id(_fixture.Furni)} and person = 'app Helpdesk' and deed = {(int)AuditAction.Exported} and what = 'answers, by the API'"));
    }

    [Fact]
    public async Task A_request_runs_out_in_the_file_as_on_the_card()
    {
        await _fixture.AskAsync();
        Assert.Equal("open", Csv.Read((await ExportAsync()).Body)[0]["state"]);

        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(31));

        Assert.Equal("expired", Csv.Read((await ExportAsync()).Body)[0]["state"]);
    }

    [Fact]
    public async Task Each_filter_gives_its_rows_alone()
    {
        var at = Now;
        var csat = (await _fixture.AskAsync("csat", ("external_id", "a"), ("agent", "Kim"), ("tags", "late,refund"))).Text("id");
        (await _fixture.SubmitAsync(csat, ("score", "5"), ("text", "Good"))).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromHours(1));
        var nps = (await _fixture.AskAsync("nps", ("external_id", "b"), ("agent", "Lee"), ("tags", "refund"))).Text("id");
        (await _fixture.SubmitAsync(nps, ("score", "0"))).Is(200);
        await _fixture.Server.AdvanceAsync(TimeSpan.FromDays(3));
        var open = (await _fixture.AskAsync("csat")).Text("id");
        var test = (await _fixture.AskAsync("csat", ("test", "true"))).Text("id");
        var hour = 3_600_000;

        await GivesAsync("", csat, nps, open);
        await GivesAsync("test=true", test);
        await GivesAsync("test=all", csat, nps, open, test);
        await GivesAsync($"from_time={at}&to_time={at}", csat);
        await GivesAsync($"from_time={at + 1}", nps, open);
        await GivesAsync($"to_time={at + hour}", csat, nps);
        await GivesAsync($"to_time={long.MaxValue}", csat, nps, open);
        await GivesAsync($"from_time={long.MaxValue}");
        await GivesAsync("type=nps", nps);
        await GivesAsync("min_score=1", csat);
        await GivesAsync("max_score=4", nps);
        await GivesAsync("min_score=0&max_score=10", csat, nps);
        await GivesAsync("has_text=true", csat);
        await GivesAsync("has_text=false", nps, open);
        await GivesAsync("external_id=b", nps);
        await GivesAsync("agent=Kim", csat);
        await GivesAsync("agent=kim");
        await GivesAsync("tag=refund", csat, nps);
        await GivesAsync("tag=late", csat);
        await GivesAsync("tag=late,refund");
        await GivesAsync($"after={csat}", nps, open);
        await GivesAsync($"after={csat}&to_time={at + hour}", nps);
        await GivesAsync($"type=csat&has_text=false&test=all&after={open}", test);
    }

    [Fact]
    public async Task Everything_wrong_is_told_at_once()
    {
        var refused = (await ExportAsync(
            "?from_time=x&to_time=-1&type=CSAT&min_score=11&max_score=a&has_text=2&test=some&after=z&header=9&bom=9&tag=" + new string('x', 257) + "&agent=a&agent=b&external_id=%FF")).Is(400);

        Assert.Equal(Enumerable.Repeat(44, 13), refused.Codes);
        Assert.Equal(
            ["from_time", "to_time", "type", "min_score", "max_score", "has_text", "test", "tag", "agent", "external_id", "after", "header", "bom"],
            refused.Messages.Select(message => message.Split(' ')[0]));
        Assert.StartsWith("application/json", refused.Headers["Content-Type"], StringComparison.Ordinal);
        (await ExportAsync("?from_time=2&to_time=1")).Is(400, 44);
        (await ExportAsync("?min_score=2&max_score=1")).Is(400, 44);
    }

    [Fact]
    public async Task Only_an_allowed_sender_gets_a_file_and_never_anothers_rows()
    {
        var (other, otherToken) = await _fixture.Server.SenderAsync(_fixture.App, "rival");
        for (var i = 0; i < 4; i++)
        {
            (await _fixture.SubmitAsync((await _fixture.AskAsync(more: ("external_id", "furnis"))).Text("id"), ("score", "3"), ("text", "of furni"))).Is(200);
            var theirs = (await _fixture.Server.PostAsync(
                otherToken, "/1.1/feedback/create.json",
                ("type", "csat"), ("to_user_id", Id(_fixture.Ana)), ("message", "Hello"), ("privacy_url", "https://rival.example/p"), ("external_id", "rivals"))).Is(200);
            (await _fixture.SubmitAsync(theirs.Text("id"), ("score", "1"), ("text", "of rival"))).Is(200);
        }

        Assert.DoesNotContain("rival", (await ExportAsync("?test=all")).Is(200).Body, StringComparison.Ordinal);
        var their = (await _fixture.Server.GetAsync(otherToken, "/1.1/feedback/export.csv")).Is(200);
        Assert.DoesNotContain("of furni", their.Body, StringComparison.Ordinal);
        Assert.Equal(4, Csv.Ids(their.Body).Length);
        (await _fixture.Server.GetAsync(_fixture.Recipient, "/1.1/feedback/export.csv")).Is(403, 87);
        (await _fixture.Server.SendAsync(null, HttpMethod.Get, "/1.1/feedback/export.csv", null)).Is(400, 215);
    }

    [Fact]
    public async Task Calls_are_limited_and_the_limit_is_told()
    {
        await using var fixture = await FeedbackFixture.StartAsync(engine, "Limits:ExportsPer15Minutes=2");
        await fixture.AskAsync();

        Assert.Equal(1, (await fixture.Server.GetAsync(fixture.Sender, "/1.1/feedback/export.csv")).Is(200).Header("x-rate-limit-remaining"));
        (await fixture.Server.GetAsync(fixture.Sender, "/1.1/feedback/export.csv")).Is(200);
        var refused = (await fixture.Server.GetAsync(fixture.Sender, "/1.1/feedback/export.csv")).Is(429, 88);
        Assert.Equal(900, refused.Header("Retry-After"));

        await fixture.Server.AdvanceAsync(TimeSpan.FromMinutes(15));
        (await fixture.Server.GetAsync(fixture.Sender, "/1.1/feedback/export.csv")).Is(200);
    }

    [Fact]
    public async Task Every_naughty_string_comes_back_as_it_is_stored()
    {
        var asked = 0;
        await Parallel.ForEachAsync(Lists.NaughtyStrings, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (text, _) =>
        {
            var create = await _fixture.Server.PostAsync(
                _fixture.Sender, "/1.1/feedback/create.json",
                ("type", "csat"), ("to_user_id", Id(_fixture.Ana)), ("message", "Hello"), ("privacy_url", "https://furni.example/p"), ("external_id", text));
            if (create.Status != 200) return;

            Interlocked.Increment(ref asked);
            await _fixture.SubmitAsync(create.Text("id"), ("text", text));
        });

        Assert.InRange(asked, 400, 600);
        var lines = Csv.Read((await ExportAsync()).Is(200).Body);
        Assert.Equal(asked, lines.Count);
        foreach (var line in lines)
        {
            var shown = (await _fixture.Server.Get<Store>().Main.ReadAsync(
                session => session.Sql("select external_id, comment, question from prompt where sender_id = @sender and id = @id")
                    .Bind("sender", _fixture.Furni.Id).Bind("id", long.Parse(line["id"], CultureInfo.InvariantCulture))
                    .FirstAsync(row => (ExternalId: row.TextOrNull(0), Comment: row.TextOrNull(1), Question: row.GetString(2)), default), default));
            Assert.Equal(shown.ExternalId ?? "", Csv.Bare(line["external_id"]));
            Assert.Equal(shown.Comment ?? "", Csv.Bare(line["text"]));
            Assert.Equal(shown.Question, line["question"]);
        }
    }

    [Fact]
    public async Task A_file_that_is_cut_anywhere_is_completed_without_a_repeat_or_a_hole()
    {
        string[] texts = ["plain", "with \"quotes\", commas", "two\nlines\n\"", "=1+1", "日本語", "\"\n\"\"\n,"];
        for (var i = 0; i < 60; i++)
        {
            var id = (await _fixture.AskAsync(more: ("external_id", texts[i % texts.Length]))).Text("id");
            if (i % 2 == 0) await _fixture.SubmitAsync(id, ("text", texts[i % texts.Length]), ("score", "3"));
        }

        var export = _fixture.Server.Get<ExportFeedback>();
        using var all = new MemoryStream();
        await export.RunAsync(new(new(_fixture.Furni.Id), "furni", Visibility.Full, ByteOrderMark: true), all, null, default);
        var whole = all.ToArray();
        Assert.Equal("\uFEFFid,"u8, whole.AsSpan(0, 6));
        var random = new Random(11);
        var cuts = Enumerable.Range(0, 200).Select(_ => random.Next(whole.Length + 1)).Concat([0, 1, 3, 4, whole.Length - 1, whole.Length]);
        foreach (var cut in cuts)
        {
            var end = CsvEnd.Find(new MemoryStream(whole, 0, cut))!.Value;
            using var rest = new MemoryStream();
            await export.RunAsync(
                new(new(_fixture.Furni.Id), "furni", Visibility.Full, end.LastId, Header: end.Length == 0, ByteOrderMark: end.Length == 0), rest, null, default);

            Assert.True(end.Length <= cut);
            Assert.Equal(whole, whole.Take((int)end.Length).Concat(rest.ToArray()));
        }
    }

    [Fact]
    public async Task Going_on_by_the_api_gives_exactly_the_missing_lines()
    {
        for (var i = 0; i < 20; i++) await _fixture.AskAsync();
        var whole = (await ExportAsync()).Body;
        var ids = Csv.Ids(whole);

        for (var i = 0; i < ids.Length; i += 7)
        {
            var rest = (await ExportAsync($"?after={ids[i]}&header=false")).Is(200).Body;
            Assert.EndsWith(rest, whole, StringComparison.Ordinal);
            Assert.Equal(ids.Length - i - 1, rest.Split("\r\n").Length - 1);
        }
    }

    [Fact]
    public async Task What_is_asked_and_answered_meanwhile_neither_repeats_nor_hides_a_line()
    {
        var asked = await Task.WhenAll(Enumerable.Range(0, 1_700).Select(_ => _fixture.AskAsync()));
        var ids = asked.Select(answer => answer.Text("id")).OrderBy(id => id.Length).ThenBy(id => id, StringComparer.Ordinal).ToList();
        var added = new List<string>();
        using var file = new Interrupted(async piece =>
        {
            added.Add((await _fixture.AskAsync()).Text("id"));
            (await _fixture.SubmitAsync(ids[(piece * 400) + 200], ("score", "2"), ("text", "meanwhile"))).Is(200);
        });

        await _fixture.Server.Get<ExportFeedback>().RunAsync(new(new(_fixture.Furni.Id), "furni", Visibility.Full), file, null, default);

        var exported = Csv.Ids(Encoding.UTF8.GetString(file.ToArray()));
        Assert.Equal(ids, exported[..ids.Count]);
        Assert.Equal(added[..(exported.Length - ids.Count)], exported[ids.Count..]);
        Assert.InRange(exported.Length, ids.Count + 1, ids.Count + added.Count);
    }

    [Fact]
    public async Task A_reader_that_is_slow_holds_neither_a_connection_nor_a_snapshot()
    {
        await FillAsync(2_000, "slow");
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        // More than there are connections for reads on PostgreSQL.
        var readers = Enumerable.Range(0, 25).Select(_ => new Slow()).ToArray();
        var exports = readers.Select(reader => _fixture.Server.Get<ExportFeedback>().RunAsync(new(new(_fixture.Furni.Id), "furni", Visibility.Full), reader, null, leave.Token)).ToArray();
        leave.CancelAfter(TimeSpan.FromMinutes(1));
        await Task.WhenAll(readers.Select(reader => reader.Reached)).WaitAsync(leave.Token);

        while (await IsSnapshotHeldAsync()) await Task.Delay(5, leave.Token);
        Assert.Equal(2_000, await _fixture.Server.CountAsync("prompt", "comment = 'slow'"));

        Assert.DoesNotContain(exports, export => export.IsCompleted);
        await leave.CancelAsync();
        foreach (var export in exports) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => export);
    }

    [Fact]
    public async Task Whoever_is_signed_out_gets_no_more_of_a_file_and_no_whole_one()
    {
        // Far more than what is on its way between two ends of a connection.
        await FillAsync(40_000, new string('x', 1_000));
        var browser = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Furni);
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_fixture.Server.Url, "/console/@furni/export/file"));
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", browser.Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        Assert.Equal(1, await _fixture.Server.Get<Store>().Main.WriteAsync(session => session.Sql("delete from console_session").RunAsync(default), default));

        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Long_rows_come_in_pieces_that_are_no_larger_than_others()
    {
        var text = string.Concat(Enumerable.Repeat("é\"", 5_000));
        await FillAsync(900, text);
        using var file = new Measured();

        var rows = await _fixture.Server.Get<ExportFeedback>().RunAsync(new(new(_fixture.Furni.Id), "furni", Visibility.Full), file, null, default);

        Assert.Equal(900, rows);
        var lines = Csv.Read(Encoding.UTF8.GetString(file.ToArray()));
        Assert.Equal(Enumerable.Range(1, 900).Select(i => i.ToString(CultureInfo.InvariantCulture)), lines.Select(line => line["id"]));
        Assert.All(lines, line => Assert.Equal(text, line["text"]));
        Assert.InRange(file.Largest, 3_000_000, 4_100_000);
    }

    [Fact]
    public async Task Names_and_texts_that_may_not_be_seen_are_nowhere_in_the_file()
    {
        var id = (await _fixture.AskAsync("csat", ("external_id", "ticket_1"), ("display_name", "Zedonius"))).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "2"), ("text", "my secret"))).Is(200);
        using var file = new MemoryStream();

        await _fixture.Server.Get<ExportFeedback>().RunAsync(new(new(_fixture.Furni.Id), "furni", Visibility.Nameless), file, null, default);

        var body = Encoding.UTF8.GetString(file.ToArray());
        Assert.All((string[])["my secret", "ticket_1", "ana", "Zedonius"], hidden => Assert.DoesNotContain(hidden, body, StringComparison.Ordinal));
        var line = Assert.Single(Csv.Read(body));
        Assert.Equal(("2", "", "", "", "", "answered"), (line["score"], line["text"], line["to"], line["external_id"], line["display_name"], line["state"]));
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private long Now => _fixture.Server.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private Task<Answer> ExportAsync(string query = "") => _fixture.Server.GetAsync(_fixture.Sender, $"/1.1/feedback/export.csv{query}");

    private async Task GivesAsync(string query, params string[] ids) => Assert.Equal(ids, Csv.Ids((await ExportAsync($"?{query}")).Is(200).Body));

    /// <summary>Requests with the ids 1, 2, 3 … and a text each.</summary>
    private Task<int> FillAsync(long count, string text) => _fixture.Server.Get<Store>().Main.WriteAsync(
        session => session.Sql(
            """
            with recursive n(id) as (select 1 union all select id + 1 from n where id < @count)
            insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, created_at, updated_at, comment, comment_at)
            select @sender, id, @recipient, id, 1, 0, 0, 'How was it?', 'https://furni.example/p', @now, @now, @text, @now from n
            """)
            .Bind("count", count).Bind("sender", _fixture.Furni.Id).Bind("recipient", _fixture.Ana.Id).Bind("now", Now).Bind("text", text).RunAsync(default),
        default);

    /// <summary>Whether someone keeps the store as it was before what is written now.</summary>
    private async Task<bool> IsSnapshotHeldAsync()
    {
        await _fixture.AskAsync();
        if (engine == Engine.Postgres)
        {
            return await _fixture.Server.CountAsync(
                "pg_stat_activity", "datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and (state <> 'idle' or backend_xmin is not null)") > 0;
        }

        // Inside a write, nobody else writes: what cannot be moved from the log into the file then, a reader still needs.
        var main = _fixture.Server.Get<Store>().Main;
        return await main.WriteAsync(
            _ =>
            {
                using var connection = new SqliteConnection($"Data Source={((SqliteDatabase)main).File};Pooling=False");
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "pragma wal_checkpoint(passive)";
                using var row = command.ExecuteReader();
                return Task.FromResult(!row.Read() || row.GetInt64(1) != row.GetInt64(2));
            },
            default);
    }

    private static string Id(User user) => user.Id.ToString(CultureInfo.InvariantCulture);
}

public sealed class SqliteExportTests() : ExportTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresExportTests() : ExportTests(Engine.Postgres);
