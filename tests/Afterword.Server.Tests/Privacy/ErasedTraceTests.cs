using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Privacy;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Connectors;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Retention;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Tests.Privacy;

/// <summary>What leads to an erased person from the side: logs of what others looked for, helpdesks, and what comes late.</summary>
public abstract class ErasedTraceTests(Engine engine) : IAsyncLifetime
{
    private const string Email = "mia+qz@example.com";

    private readonly TestFolder _backups = TestFolder.Create("backups");
    private ConnectorFixture _world = null!;

    private TestServer Server => _world.Server;

    private FeedbackFixture Fixture => _world.Rules.Fixture;

    private ErasePerson Erase => Server.Get<ErasePerson>();

    public async ValueTask InitializeAsync() => _world = await ConnectorFixture.StartAsync(
        engine, "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:RetrySchedule=5s", $"Backup:Directory={_backups.Path}");

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        _backups.Dispose();
    }

    [Fact]
    public async Task A_helpdesk_that_brings_back_who_did_not_want_to_be_asked_has_nobody_asked()
    {
        var generic = await _world.AddAsync("generic");
        Assert.Equal("scheduled", (await _world.SendAsync(generic, ConnectorFixture.Close("T-1", Email))).Told);
        var mia = await IdOfAsync(Email);
        await Server.Get<OptOut>().RunAsync(_world.Furni, mia, default);
        await Erase.RunAsync(mia, null, Member.CommandLine, default);

        Assert.StartsWith("skipped", (await _world.SendAsync(generic, ConnectorFixture.Close("T-2", Email.ToUpperInvariant()))).Told, StringComparison.Ordinal);

        Assert.Equal(1, await Server.CountAsync("contact c join account a on a.id = c.user_id", $"lower(a.mail) = '{Email}' and c.opted_out_at is not null"));
        Assert.Equal("scheduled", (await _world.SendAsync(generic, ConnectorFixture.Close("T-3", "other@example.com"))).Told);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Nothing_stays_of_what_helpdesks_said_whether_or_not_a_conversation_came_of_it()
    {
        var (generic, silent) = (await _world.AddAsync("generic"), await _world.AddAsync("generic", "silent", createsUsers: false));

        // Before anybody knew her, then a close, one that is none, and one of someone else.
        await _world.SendAsync(silent, ConnectorFixture.Close("qz-before", Email.ToUpperInvariant()));
        await _world.SendAsync(generic, ConnectorFixture.Close("qz-close", Email));
        await _world.SendAsync(generic, ConnectorFixture.Close("qz-noted", Email).Replace("\"event\":\"closed\"", "\"event\":\"noted\"", StringComparison.Ordinal));
        await _world.SendAsync(generic, ConnectorFixture.Close("T-other", "mio@example.com"));
        var mia = await IdOfAsync(Email);
        await Server.Get<ChangeConnectors>().NameCustomerAsync(_world.Furni, Member.CommandLine, "r:qz-own", mia, "mia", default);
        Assert.Equal(4, await Server.CountAsync("connector_event", "fields is not null"));
        var data = await DataOfAsync(mia);
        Assert.Equal(3, data.GetProperty("helpdesk_events").GetArrayLength());
        Assert.All((string[])["qz-before", "qz-close", "qz-noted"], id => Assert.Contains(data.GetProperty("helpdesk_events").EnumerateArray(), one => one.GetProperty("fields").GetString()!.Contains(id, StringComparison.Ordinal)));
        Assert.Equal("r:qz-own", data.GetProperty("names").EnumerateArray().Single().GetProperty("name").GetString());

        await Erase.RunAsync(mia, null, Member.CommandLine, default);

        Assert.Equal(1, await Server.CountAsync("connector_event", "fields is not null"));
        Assert.Equal(1, await Server.CountAsync("connector_event", "external_id is not null and fields is not null"));

        // With the hyphen, which no random reference has.
        Assert.Equal(0, await Server.CountAsync("connector_event", "lower(fields) like '%mia%' or external_id like '%qz-%'"));
        Assert.Equal(0, await Server.CountAsync("conversation", "external_id like '%qz-%'"));
        Assert.Equal(1, await Server.CountAsync("conversation", "external_id like '%T-other'"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task The_audit_log_forgets_whom_people_looked_for()
    {
        var ana = Fixture.Ana;
        await Server.Db.WriteAsync(session => session.Sql("update account set mail = @mail where id = @id").Bind("mail", Email).Bind("id", ana.Id).RunAsync(default), default);
        await Fixture.AskAsync("csat", ("external_id", "T, 7"));
        await Fixture.AskAsync("csat", ("external_id", "T"));
        var owner = await Server.MembershipAsync(Role.Owner, Fixture.Furni);
        foreach (var query in (string[])["customer=ana", "customer=%40ana", $"customer={Uri.EscapeDataString(Email)}", "external_id=T%2C+7&customer=ana", "external_id=T", "external_id=T-8", "customer=anabel"])
        {
            (await owner.GetAsync($"/console/@furni/answers?show=all&{query}")).Is(200);
        }

        // As releases before wrote it.
        var audit = Server.Get<AuditLog>();
        await audit.NoteAsync(Fixture.Furni.Id, Member.CommandLine, AuditAction.Saw, $"answers with show all, external_id T, 7, customer Ana", default);
        await audit.NoteAsync(Fixture.Furni.Id, Member.CommandLine, AuditAction.Saw, $"answers with customer {Email}", default);
        Assert.Equal(1, await Server.CountAsync("audit", "what like '%a customer'"));

        await Erase.RunAsync(ana.Id, null, Member.CommandLine, default);

        Assert.Equal(0, await Server.CountAsync("audit", "lower(what) like '%ana' or lower(what) like '%mia%' or what like '%T, 7%' or what like '%external_id T' or what like '%external_id T,%'"));
        Assert.Equal(2, await Server.CountAsync("audit", "what like '%external_id (erased), customer (erased)'"));
        Assert.Equal(1, await Server.CountAsync("audit", "what like '%external_id T-8'"));
        Assert.Equal(1, await Server.CountAsync("audit", "what like '%customer @anabel'"));
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_an_endpoint_answers_to_what_was_under_way_is_not_kept()
    {
        var held = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(async (http, _) =>
        {
            await held.Task;
            http.Response.StatusCode = 500;
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("You sent qz-marker"));
        });
        var webhookWorker = Server.Get<WebhookWorker>();
        webhookWorker.Linger = TimeSpan.Zero;
        await Server.Get<Endpoints>().AddAsync(Fixture.Furni.Id, receiver.Url, null, Approval.NeededIfOwned, default);
        await Fixture.AskAsync("csat", ("external_id", "qz-marker"));
        var draining = webhookWorker.DrainAsync(TestContext.Current.CancellationToken);
        while (receiver.All.IsEmpty) await Task.Delay(5, TestContext.Current.CancellationToken);

        await Erase.RunAsync(Fixture.Ana.Id, null, Member.CommandLine, default);
        held.SetResult();
        await draining;
        while (await Server.CountAsync("delivery_attempt", "status = 500") == 0) await Task.Delay(5, TestContext.Current.CancellationToken);

        Assert.Equal(0, await Server.CountAsync("delivery_attempt", $"number = 1 and answer is not null and delivery_id = (select min(id) from delivery)"));
    }

    [Fact]
    public async Task The_server_lists_beside_the_backups_whom_a_command_erased_that_does_not_know_where_they_are()
    {
        var mia = await Server.UserAsync("mia");
        var settings = Server.Get<Settings>();
        var command = new ErasePerson(Server.Server.Store, settings with { Backup = settings.Backup with { Directory = null } }, Server.Get<AuditLog>(), Server.Clock, NullLogger<ErasePerson>.Instance);
        await command.RunAsync(mia.Id, null, Member.CommandLine, default);
        Assert.False(File.Exists(ErasureList.In(_backups.Path)));

        Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await Erase.RunUnsettledAsync(default);

        Assert.Equal([mia.Id], ErasureList.Read(ErasureList.In(_backups.Path)).Select(one => one.UserId));
    }

    [Fact]
    public async Task A_number_that_an_owner_gave_the_person_at_that_moment_goes_a_minute_later()
    {
        var generic = await _world.AddAsync("generic");
        var mia = await Server.UserAsync("mia");
        await Erase.RunAsync(mia.Id, null, Member.CommandLine, default);
        await Server.Get<ChangeConnectors>().NameCustomerAsync(_world.Furni, Member.CommandLine, $"m:{Email}", mia.Id, "mia", default);
        Assert.Equal(1, await Server.CountAsync("customer_ref"));

        Server.Clock.Advance(TimeSpan.FromMinutes(2));
        await Erase.RunUnsettledAsync(default);

        Assert.Equal(0, await Server.CountAsync("customer_ref"));
        Assert.Equal(1, await Server.CountAsync("erasure", "settled = 1"));
        Assert.NotEqual(0, generic.Key.Id);
        await Server.AllIsWellAsync();
    }

    [Fact]
    public async Task Two_people_under_one_receipt_are_both_erased_again()
    {
        await Server.Db.WriteAsync(
            async session =>
            {
                await Erasures.TakeOverAsync(session, [new(5, "erasure-same", DateTimeOffset.UnixEpoch), new(6, "erasure-same", DateTimeOffset.UnixEpoch), new(5, "erasure-same", DateTimeOffset.UnixEpoch)], default);
                return 0;
            },
            default);

        var listed = await Erase.ListAsync(default);
        Assert.Equal([5, 6], listed.Select(one => one.UserId));
        Assert.Equal("erasure-same", listed[0].Receipt);
        Assert.NotEqual("erasure-same", listed[1].Receipt);
    }

    private async Task<JsonElement> DataOfAsync(long user)
    {
        using var file = new MemoryStream();
        await new PersonData(Server.Server.Store, Server.Clock).WriteAsync(file, user, default);
        file.Position = 0;
        await using var zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null);
        await using var json = await zip.GetEntry("person.json")!.OpenAsync(TestContext.Current.CancellationToken);
        using var document = await JsonDocument.ParseAsync(json);
        return document.RootElement.Clone();
    }

    private async Task<long> IdOfAsync(string email) => long.Parse(
        (await Server.TextAsync($"select '' || id from account where mail = '{email}'"))!, CultureInfo.InvariantCulture);
}

public sealed class SqliteErasedTraceTests() : ErasedTraceTests(Engine.Sqlite);

public sealed class PostgresErasedTraceTests() : ErasedTraceTests(Engine.Postgres);
