using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Audits;

/// <summary>The audit log as a chain: nobody changes it, or takes something out of it, without the doctor seeing where.</summary>
public abstract class ChainTests(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private User _furni = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _furni = await _server.UserAsync("furni");
    }

    [Fact]
    public async Task What_is_changed_or_taken_out_is_found_at_its_place()
    {
        for (var i = 1; i <= 6; i++) await NoteAsync(_server, _furni.Id, $"thing {i}");
        for (var i = 1; i <= 3; i++) await NoteAsync(_server, Workspace.Installation, $"thing {i}");
        Assert.Empty(await CheckAsync());

        foreach (var (tamper, problem) in new[]
        {
            ($"update audit set what = 'thing 7' where sender_id = {_furni.Id} and number = 2", "entry 2 of @furni (id "),
            ($"update audit set person = 'somebody else' where sender_id = {_furni.Id} and number = 3", "entry 3 of @furni (id "),
            ($"update audit set at = at - 1 where sender_id = {Workspace.Installation} and number = 1", "entry 1 of the installation (id "),
            ($"delete from audit where sender_id = {_furni.Id} and number = 5", "entry 5 of @furni is missing"),
            ($"delete from audit where sender_id = {_furni.Id} and number = 6", "entries 5 to 6 of @furni are missing"),
            ($"delete from audit where sender_id = {Workspace.Installation} and number > 1", "entries 2 to 3 of the installation are missing"),
            ($"update audit_head set hash = (select hash from audit where sender_id = {_furni.Id} and number = 1), number = 4 where sender_id = {_furni.Id}", "the log of @furni ends with entry 4, and another end is noted"),
            ($"delete from audit_head where sender_id = {_furni.Id}", " is not noted"),
        })
        {
            Assert.NotEqual(0, await _server.Server.Store.Main.WriteAsync(session => session.Sql(tamper).RunAsync(default), default));
            Assert.Contains(await CheckAsync(), line => line.Contains(problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Entries_of_two_nodes_at_once_stand_in_one_chain()
    {
        // A SQLite store has one server: there the writers are its own.
        var second = engine == Engine.Postgres ? await _server.StartSecondAsync() : null;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => NoteAsync(i % 2 == 0 ? _server : second ?? _server, i % 4 < 2 ? _furni.Id : Workspace.Installation, $"thing {i}")));

        // One transaction with entries of two places, in the order that waits for the other's.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (second is not null && i % 2 == 0 ? second : _server).Server.Store.Main.WriteAsync(
            async session =>
            {
                var (first, then) = i % 2 == 0 ? (_furni.Id, Workspace.Installation) : (Workspace.Installation, _furni.Id);
                var audit = (second is not null && i % 2 == 0 ? second : _server).Get<AuditLog>();
                await audit.WriteAsync(session, first, Member.CommandLine, AuditAction.Changed, "one", default);
                return await audit.WriteAsync(session, then, Member.CommandLine, AuditAction.Changed, "other", default);
            },
            default)));
        if (second is not null) await second.DisposeAsync();

        Assert.Empty(await CheckAsync());
        Assert.Equal([40L, 40L], (await _server.Get<AuditLog>().HeadsAsync(default)).Select(head => head.Number));
    }

    [Fact]
    public async Task Whoever_has_the_entries_can_compute_the_hashes()
    {
        await NoteAsync(_server, _furni.Id, "answers of maja\n and \u0000 others");
        await NoteAsync(_server, _furni.Id, "answers");
        var before = "";
        await _server.Get<AuditLog>().ReadAllAsync(
            _furni.Id,
            (row, _, number, hash) =>
            {
                var text = string.Join('\n', before, number, row.SenderId, row.Id, row.At, row.PersonId, row.Action, row.Person, row.What);
                before = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
                Assert.Equal(before, Convert.ToHexStringLower(hash!));
            },
            default);
        Assert.Equal(before, Convert.ToHexStringLower(Assert.Single(await _server.Get<AuditLog>().HeadsAsync(default)).Hash));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static Task NoteAsync(TestServer server, long place, string what) => server.Get<AuditLog>().NoteAsync(place, Member.CommandLine, AuditAction.Changed, what, default);

    private async Task<IReadOnlyList<string>> CheckAsync() => (await _server.ExamineAsync()).Single(finding => finding.Check == "the audit log").Problems;
}

public sealed class SqliteChainTests() : ChainTests(Engine.Sqlite);

public sealed class PostgresChainTests() : ChainTests(Engine.Postgres);
