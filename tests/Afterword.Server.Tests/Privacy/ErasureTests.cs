using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Afterword.Server.Allowlists;
using Afterword.Server.Answers;
using Afterword.Server.Channels;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Privacy;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Backups;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Afterword.Support;

namespace Afterword.Server.Tests.Privacy;

/// <summary>An erased person is nowhere, and every metric is as before.</summary>
public abstract class ErasureTests(Engine engine) : IAsyncLifetime
{
    private static readonly Member s_by = Member.CommandLine;

    private TestFolder _folder = null!;
    private Dictionary<string, string?> _store = null!;
    private FeedbackFixture _fixture = null!;
    private int _files;

    private TestServer Server => _fixture.Server;

    private Store Store => Server.Server.Store;

    private ErasePerson Erase => Server.Get<ErasePerson>();

    public async ValueTask InitializeAsync()
    {
        _folder = TestFolder.Create("erasure");
        _store = await engine.MigratedStoreAsync(_folder);
        _fixture = await FeedbackFixture.StartOnAsync(_store, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:RetrySchedule=5s");
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        if (_store.GetValueOrDefault("Database") is { } database) await PostgresCluster.Shared.DropAsync(database);
        _folder.Dispose();
    }

    [Fact]
    public async Task Fifty_texts_of_a_person_are_nowhere_after_it_and_all_metrics_are_as_before()
    {
        await using var receiver = await Receiver.StartAsync();
        Server.Get<WebhookWorker>().Linger = TimeSpan.Zero;
        var person = await PlantedPerson.PlantAsync(_fixture, receiver.Url);
        await Server.AllIsWellAsync();
        Assert.True(person.Markers.Count >= 50, $"{person.Markers.Count} were planted.");
        var missing = await MissingAsync(person.Markers);
        Assert.True(missing.Length <= 6, $"What is sealed or hashed cannot be seen before, either: {string.Join(", ", missing)}");
        var (rollups, export) = (await RowsOfAsync("rollup"), await StatisticAsync());

        var erased = Assert.IsType<ErasureOutcome.Erased>(await Erase.RunAsync(person.User.Id, null, s_by, default));

        Assert.True(erased.LogIsEmpty);
        Assert.Equal(new ErasedCounts(3, 3, 8, 2, 2, 3), erased.Counts);
        await AssertNowhereAsync(person);
        Assert.Equal(rollups, await RowsOfAsync("rollup"));
        Assert.Equal(3, export.Length);
        Assert.Equal(export, await StatisticAsync());
        Assert.Equal(2, await Server.CountAsync("conversation", "decision = 2 and due_at is null"));
        await Server.AllIsWellAsync();

        // What waits goes out without the person, in its order, and then that they are erased: once for each request.
        await Server.Get<Endpoints>().EnableAsync(person.Webhook!.Value, default);
        await Server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);
        var told = receiver.All.Select(got => (got.Feedback, got.EventType)).ToArray();
        Assert.All(person.Requests.Take(2), id => Assert.Equal(["feedback.created", "feedback.updated", "feedback.updated", "feedback.erased"], told.Where(one => one.Feedback == id).Select(one => one.EventType)));
        Assert.All(receiver.All, got => Assert.DoesNotContain(person.Markers, marker => Encoding.UTF8.GetString(got.Body).Contains(marker, StringComparison.Ordinal)));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Deliveries_that_were_read_before_it_are_read_again()
    {
        var held = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(async (http, _) =>
        {
            await held.Task;
            http.Response.StatusCode = 204;
        });
        var webhookWorker = Server.Get<WebhookWorker>();
        webhookWorker.Linger = TimeSpan.Zero;
        var person = await PlantedPerson.PlantAsync(_fixture, receiver.Url);
        await Server.Get<Endpoints>().EnableAsync(person.Webhook!.Value, default);
        var draining = webhookWorker.DrainAsync(TestContext.Current.CancellationToken);
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        await Erase.RunAsync(person.User.Id, null, s_by, default);
        var underWay = receiver.All.Count;
        held.SetResult();
        await draining;
        await webhookWorker.DrainAsync(TestContext.Current.CancellationToken);

        // Of what was under way, nothing can be called back.
        Assert.Equal(8, receiver.All.Count);
        Assert.All(receiver.All.Skip(underWay), got => Assert.DoesNotContain(person.Markers, marker => Encoding.UTF8.GetString(got.Body).Contains(marker, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_log_of_events_tells_it_once_for_each_request_and_keeps_the_score()
    {
        var person = await PlantedPerson.PlantAsync(_fixture);
        await Erase.RunAsync(person.User.Id, null, s_by, default);
        Server.Clock.Advance(TimeSpan.FromMinutes(1));

        var events = (await Server.GetAsync(_fixture.Sender, $"/1.1/feedback/events.json?from_time=0&to_time={Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()}")).Is(200);

        var erased = events.Json.GetProperty("events").EnumerateArray().Where(one => one.GetProperty("event_type").GetString() == "feedback.erased").Select(one => one.GetProperty("feedback")).ToArray();
        Assert.Equal(person.Requests.Take(2), erased.Select(one => one.GetProperty("id").GetString()));
        Assert.Equal([1, 3], erased.Select(one => one.GetProperty("response").GetProperty("score").GetProperty("value").GetInt32()));
        Assert.All(erased, one => Assert.False(one.GetProperty("response").TryGetProperty("text", out _)));
        Assert.All(erased, one => Assert.NotEqual(person.User.Id.ToString(CultureInfo.InvariantCulture), one.GetProperty("to_user_id").GetString()));
        Assert.DoesNotContain(person.Markers, marker => events.Body.Contains(marker, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_pseudonym_can_neither_be_looked_up_nor_asked_nor_written_to()
    {
        var person = await PlantedPerson.PlantAsync(_fixture);
        await Erase.RunAsync(person.User.Id, null, s_by, default);
        var pseudonym = await OneAsync("select recipient_id from prompt order by id desc limit 1");

        Assert.NotEqual(person.User.Id, pseudonym);
        Assert.Equal(0, await OneAsync("select count(*) from erasure e join account a on a.id = e.user_id"));
        foreach (var id in new[] { person.User.Id, pseudonym })
        {
            var refused = await Server.PostAsync(
                _fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", id.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));
            Assert.Contains(refused.Status, new[] { 403, 404 });
            Assert.Contains((await Server.WriteAsync(_fixture.Sender, new User(id, "", "", "", false))).Status, new[] { 403, 404 });
        }

        Assert.DoesNotContain("erased:", await new CommandShell(_store).RunAsync(0, "user", "list"), StringComparison.Ordinal);
        Server.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(401, (await Server.GetAsync(person.Token, "/1.1/account/verify_credentials.json")).Status);
        Assert.IsType<AnswerOutcome.NotFound>(await Server.Get<AnswerPrompt>().RunAsync(new(new(_fixture.Furni.Id, long.Parse(person.Requests[0], CultureInfo.InvariantCulture), null), 3, "late")));
        Assert.Equal(404, (await Server.PostAsync(_fixture.Recipient, $"/1.1/feedback/submit/{person.Requests[0]}.json", ("score", "1"))).Status);
    }

    [Fact]
    public async Task Whoever_asks_twice_gets_the_same_receipt_and_nobody_without_a_key_gets_any()
    {
        var person = await PlantedPerson.PlantAsync(_fixture);
        var key = (await Server.Get<OperatorKeys>().AddAsync("privacy", default))!;

        Assert.Equal(401, (await DeleteAsync(person.User.Id, "awop_wrong")).Status);
        var first = (await DeleteAsync(person.User.Id, key)).Is(200);
        var second = (await DeleteAsync(person.User.Id, key)).Is(200);

        Assert.StartsWith("erasure-", first.Text("receipt"), StringComparison.Ordinal);
        Assert.Equal(first.Text("receipt"), second.Text("receipt"));
        Assert.Equal(3, first.Json.GetProperty("counts").GetProperty("requests").GetInt64());
        Assert.False(second.Json.TryGetProperty("counts", out _));
        (await DeleteAsync(1, key)).Is(404, 50);
        (await DeleteAsync(_fixture.Furni.Id, key)).Is(400, 44);
        Assert.Equal(0, await Server.CountAsync("audit", $"what like '%{person.User.Id}%' or what like '%qz%'"));
        Assert.Equal(1, await Server.CountAsync("audit", $"what like '%{first.Text("receipt")}%' and sender_id = 0"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Whoever_may_ask_is_no_customer_before_the_first_request_either()
    {
        var shop = await Server.UserAsync("shop");
        await Server.Get<Allowlist>().AllowSenderAsync(shop.Id, new(null, null, null, null), default);

        Assert.IsType<ErasureOutcome.AsksOthers>(await Erase.RunAsync(shop.Id, null, s_by, default));
        Assert.Equal(1, await Server.CountAsync("account", $"id = {shop.Id} and erased = 0"));
    }

    [Fact]
    public async Task Who_did_not_want_to_be_asked_is_not_asked_when_a_list_brings_them_back()
    {
        var userAccounts = Server.Get<UserAccounts>();
        var mia = (await userAccounts.AddAsync(NewMia("mia", "mia@mail.example"), default))!;
        (await AskAsync(mia.Id)).Is(200);
        await Server.Get<OptOut>().RunAsync(_fixture.Furni.Id, mia.Id, default);

        await Erase.RunAsync(mia.Id, null, s_by, default);

        Assert.Equal(0, await Server.CountAsync("contact", "opted_out_at is not null"));
        var back = (await userAccounts.AddAsync(NewMia("mia_2", "MIA@mail.example"), default))!;
        (await AskAsync(back.Id)).Is(403, 349);
        await userAccounts.AddAsync([NewMia("mia", null)], default);
        (await AskAsync((await userAccounts.FindAsync("mia", default))!.Id)).Is(403, 349);
        (await AskAsync((await userAccounts.AddAsync(NewMia("mio", "mio@mail.example"), default))!.Id)).Is(200);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_audit_log_loses_the_name_and_keeps_its_chain()
    {
        var maja = await Server.UserAsync("maja");
        var audit = Server.Get<AuditLog>();
        await audit.NoteAsync(Workspace.Installation, s_by, AuditAction.Changed, "user add maja --name", default);
        await audit.NoteAsync(Workspace.Installation, s_by, AuditAction.Changed, "user add @maja_b --name", default);
        await audit.NoteAsync(maja.Id, s_by, AuditAction.Changed, "user suspend @maja", default);
        await audit.NoteAsync(_fixture.Furni.Id, Member.OfUser("maja"), AuditAction.Saw, "answers of @Maja, not of @maja_b or maja", default);

        await Erase.RunAsync(maja.Id, null, s_by, default);

        Assert.Equal(1, await Server.CountAsync("audit", "person = '(erased)' and what = 'answers of (erased), not of @maja_b or maja' and erased = 1"));
        Assert.Equal(1, await Server.CountAsync("audit", "what like 'user add (erased) %' and erased = 1"));
        Assert.Equal(1, await Server.CountAsync("audit", "what like 'user add @maja_b %' and erased = 0"));
        Assert.Equal(0, await Server.CountAsync("audit", $"sender_id = {maja.Id}"));
        await Server.AllIsWellAsync();

        // Elsewhere, a change is still found.
        await Server.Server.Store.Main.WriteAsync(session => session.Sql("update audit set what = 'nothing' where what like 'user add @maja_b %'").RunAsync(default), default);
        Assert.Contains(await Server.ExamineAsync(), finding => finding.Problems.Any(problem => problem.Contains("is not what was written", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_was_decided_before_and_written_behind_it_is_found_a_minute_later()
    {
        var person = await PlantedPerson.PlantAsync(_fixture);
        await Erase.RunAsync(person.User.Id, null, s_by, default);
        await Store.Main.WriteAsync(
            async session =>
            {
                await session.Sql("insert into visit (key_hash, user_id, created_at, seen_at, browser) values (@hash, @user, @now, @now, 'late')").Bind("hash", new byte[32])
                    .Bind("user", person.User.Id).Bind("now", Server.Clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(default);
                await session.Sql("insert into contact (sender_id, user_id, follows) values (@furni, @user, 1)").Bind("furni", _fixture.Furni.Id).Bind("user", person.User.Id).RunAsync(default);
                return await session.Sql("update account set followers_count = followers_count + 1 where id = @furni").Bind("furni", _fixture.Furni.Id).RunAsync(default);
            },
            default);

        Assert.Equal(0, await Erase.RunUnsettledAsync(default));
        Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await Erase.RunUnsettledAsync(default);

        await AssertNowhereAsync(person);
        Assert.Equal(1, await Server.CountAsync("erasure", "settled = 1"));
        Assert.Equal(0, await Erase.RunUnsettledAsync(default));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Calls_that_race_with_it_are_served_or_refused_and_leave_nothing_behind()
    {
        for (var round = 0; round < LongForm.Or(3, 30); round++)
        {
            var person = await Server.UserAsync($"racer{round}");
            var token = await Server.TokenAsync(_fixture.App, person);
            var open = (await AskAsync(person.Id)).Is(200).Text("id");
            using var go = new Barrier(5);
            var statuses = await Task.WhenAll(
                Race(go, async () => (await AskAsync(person.Id)).Status),
                Race(go, async () => (await Server.PostAsync(token, $"/1.1/feedback/submit/{open}.json", ("score", "4"), ("text", "racing"))).Status),
                Race(go, async () => (await Server.WriteAsync(token, _fixture.Furni)).Status),
                Race(go, async () => (await Server.PostAsync(_fixture.Sender, "/1.1/feedback/conversations/close.json", ("to_user_id", $"{person.Id}"), ("external_id", $"case {round}"))).Status),
                Race(go, async () => await Erase.RunAsync(person.Id, null, s_by, default) is ErasureOutcome.Erased ? 200 : 500));

            Assert.All(statuses, status => Assert.True(status < 500, $"Round {round}: {string.Join(", ", statuses)}"));
        }

        Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await Erase.RunUnsettledAsync(default);
        Assert.Equal(0, await Server.CountAsync("prompt", "comment = 'racing' or recipient_id in (select user_id from erasure)"));
        Assert.Equal(0, await Server.CountAsync("message", "recipient_id in (select user_id from erasure) or sender_id in (select user_id from erasure)"));
        Assert.Equal(0, await Server.CountAsync("conversation", "recipient_id in (select user_id from erasure) or decision = 0"));
        await Server.AllIsWellAsync();
    }

    private static async Task<int> Race(Barrier go, Func<Task<int>> call)
    {
        await Task.Yield();
        go.SignalAndWait(TimeSpan.FromSeconds(20));
        return await call();
    }

    private static NewUser NewMia(string handle, string? email) => new(handle, "Mia", null, MessagingPermission.Anyone)
    {
        ChannelAvailability = ChannelAvailability.Read(null, email).Reachability ?? throw new InvalidOperationException(email),
    };

    private Task<Answer> AskAsync(long user) => Server.PostAsync(
        _fixture.Sender, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", user.ToString(CultureInfo.InvariantCulture)), ("message", "Hello"), ("privacy_url", "https://furni.example/privacy"));

    private Task<Answer> DeleteAsync(long user, string key) => Server.SendAsync(
        null, HttpMethod.Delete, $"/operator/users/{user}.json", null, request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key));

    private Task<long> OneAsync(string sql) => Store.Main.ReadAsync(session => session.Sql(sql).FirstAsync(row => row.GetInt64(0), default), default);

    private async Task AssertNowhereAsync(PlantedPerson person)
    {
        var found = person.Markers.Except(await MissingAsync(person.Markers)).ToArray();
        Assert.True(found.Length == 0, $"Still there: {string.Join(", ", found)}");
        var audit = Path.Combine(_folder.Path, $"{_files++}.ndjson");
        await new CommandShell(_store).RunAsync(0, "audit", "export", "-o", audit);
        var said = string.Join('\n', Server.Log) + await File.ReadAllTextAsync(audit, TestContext.Current.CancellationToken) + await ExportAsync();
        Assert.Equal([], person.Markers.Where(marker => said.Contains(marker, StringComparison.Ordinal)));
    }

    private async Task<string> ExportAsync()
    {
        var file = Path.Combine(_folder.Path, $"{_files++}.csv");
        await new CommandShell(_store).RunAsync(0, "export", "@furni", "--test", "all", "-o", file);
        return await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
    }

    /// <summary>What an export tells besides the person.</summary>
    private async Task<string[]> StatisticAsync()
    {
        var lines = (await ExportAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var header = lines[0].TrimStart('\uFEFF').Split(',');
        int[] kept = [.. header.Index().Where(column => column.Item is not ("to" or "external_id" or "question" or "display_name" or "text" or "message")).Select(column => column.Index)];
        return [.. lines.Select(line => line.Split(',')).Where(cells => cells.Length == header.Length).Select(cells => string.Join(',', kept.Select(place => cells[place])))];
    }

    private async Task<string> RowsOfAsync(string table)
    {
        var stored = (await Store.Main.ReadAsync(session => StoredTables.ListAsync(Store.Main, session, default), default)).Single(one => one.Name == table);
        return string.Join('\n', await StoredRows.OfAsync(Store.Main, stored));
    }

    /// <summary>Those of the texts that stand nowhere: on SQLite in no file of the store, on PostgreSQL in no column.</summary>
    private async Task<string[]> MissingAsync(IReadOnlyList<string> texts)
    {
        var all = engine == Engine.Sqlite ? FilesOf(_folder.Path) : Encoding.UTF8.GetBytes(await ColumnsAsync());
        return [.. texts.Where(text => all.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) < 0)];
    }

    private static byte[] FilesOf(string folder)
    {
        using var all = new MemoryStream();
        foreach (var file in Directory.EnumerateFiles(folder, "*.db*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.CopyTo(all);
        }

        return all.ToArray();
    }

    private async Task<string> ColumnsAsync()
    {
        var text = new StringBuilder();
        foreach (var table in await Store.Main.ReadAsync(session => StoredTables.ListAsync(Store.Main, session, default), default))
        {
            foreach (var column in table.Columns.Where(column => column.Kind != ColumnKind.Whole))
            {
                await Store.Main.ReadAsync(
                    session => session.Sql($"select {column.Name} from {table.Name} where {column.Name} is not null")
                        .EachAsync(row => text.Append(column.Kind == ColumnKind.Text ? row.GetString(0) : Encoding.Latin1.GetString(row.GetBytes(0))).Append('\n'), default),
                    default);
            }
        }

        return text.ToString();
    }
}

public sealed class SqliteErasureTests() : ErasureTests(Engine.Sqlite);

public sealed class PostgresErasureTests() : ErasureTests(Engine.Postgres);
