using System.Globalization;
using System.Text.RegularExpressions;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Storage;

/// <summary>Programs of two versions on one store.</summary>
public abstract class UpgradeTests(Engine engine)
{
    // The newest migration of the schema that is taken apart here; what follows it comes back.
    protected const long Before = 26;

    [Fact]
    public async Task An_old_node_is_not_ready_and_writes_nothing_when_a_newer_version_has_changed_the_store_beyond_it()
    {
        await using var server = await TestServer.StartAsync(engine);
        var watch = server.Get<StoreMonitor>();
        await MigratedBeyondAsync(server, 9998, beside: Known);
        await watch.LookAsync(default);
        (await GetAsync(server, "/healthz/ready")).Is(200);
        await server.UserAsync("furni");
        var browser = await server.MembershipAsync(Role.Operator);

        await MigratedBeyondAsync(server, 9999, beside: Known + 1);
        await watch.LookAsync(default);

        // Strangers hear that it is so, operators why.
        Assert.Equal("writes are held; see the log\n", (await GetAsync(server, "/healthz/ready")).Is(503).Body);
        await server.ShowsAsync(browser, ProblemCause.NewerSchema);
        (await GetAsync(server, "/healthz/ready?for=reads")).Is(200);
        await Assert.ThrowsAsync<HeldException>(() => server.UserAsync("ana"));
    }

    [Fact]
    public async Task An_old_node_that_can_go_on_may_be_started_again_and_another_is_refused()
    {
        await using var server = await TestServer.StartAsync(engine);
        await MigratedBeyondAsync(server, 9998, beside: Known);
        await server.RestartAsync();
        (await GetAsync(server, "/healthz/ready")).Is(200);

        await MigratedBeyondAsync(server, 9999, beside: null);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Store.OpenAsync(server.Get<Settings>(), server.Clock, default));
        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_migrates_no_store_that_others_serve_unless_it_is_told_to()
    {
        await using var server = await TestServer.StartAsync(engine);
        var settings = server.Get<Settings>();
        await UnmigrateAsync(server);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Store.OpenAsync(settings, server.Clock, default));
        Assert.Contains("afterword migrate", error.Message, StringComparison.Ordinal);
        Assert.Equal(Before, await NewestAsync(server));

        await (await Store.OpenAsync(settings, server.Clock, default, migrates: true)).DisposeAsync();
        Assert.Equal(Known, await NewestAsync(server));
        await (await Store.OpenAsync(settings, server.Clock, default)).DisposeAsync();
    }

    [Fact]
    public async Task A_command_migrates_a_store_that_nobody_serves()
    {
        using var folder = TestFolder.Create("alone");
        var store = await engine.MigratedStoreAsync(folder);
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(store).Build());
        var clock = new ManualClock("2026-01-05T09:00:00Z");
        await using (var opened = await Store.OpenAsync(settings!, clock, default)) await UnmigrateAsync(opened.Main);

        await using var again = await Store.OpenAsync(settings!, clock, default);

        Assert.Equal(Known, await NewestAsync(again.Main));
    }

    private static long Known => Migrator.Of("main")[^1].Number;

    private static Task<Answer> GetAsync(TestServer server, string path)
    {
        server.Clock.Advance(TimeSpan.FromSeconds(2));
        return server.SendAsync(null, HttpMethod.Get, path, null);
    }

    private static async Task MigratedBeyondAsync(TestServer server, long number, long? beside)
    {
        var main = server.Server.Store.Main;
        await main.WriteAnywayAsync(session => session.Sql("insert into schema_version (part, number, name, applied_at) values ('main', @number, 'later', 0)").Bind("number", number).RunAsync(default), default);
        if (beside is null) return;

        await main.WriteAnywayAsync(
            session => session.Sql("insert into schema_beside (part, number, oldest) values ('main', @number, @oldest)").Bind("number", number).Bind("oldest", beside).RunAsync(default), default);
    }

    /// <summary>Makes the store as it was before the newest migrations.</summary>
    private static Task UnmigrateAsync(TestServer server) => UnmigrateAsync(server.Server.Store.Main);

    private static async Task UnmigrateAsync(Database db)
    {
        await UndoNewestAsync(db);
        await RunAsync(
            db, "alter table account drop column privacy_url", "alter table webhook drop column awaits_operator", "drop index webhook_polled", "alter table webhook drop column polled", "drop table retention", "drop table retention_run", "alter table contact drop column forgotten_at", "drop index conversation_by_customer",
            "drop table erasure", "drop table kept_opt_out", "drop table privacy_key", "alter table account drop column erased", "alter table audit drop column erased", "drop index conversation_by_recipient",
            "drop table helpdesk", "drop table x_account", "drop index dispatch_conversation", "drop index dispatch_x", "alter table account drop column x_user_id", "alter table webhook drop column format",
            "drop table connector", "drop table connector_event", "drop table customer_ref", "drop index account_by_mail", "alter table account drop column made_by", "alter table prompt drop column automatic", "alter table message drop column hidden", "drop table outbound_hold", "drop table backup_run", "drop table conversation", "drop table rule_window", "drop table automation_rules", "drop table automation",
            "alter table contact drop column asked_at", "alter table contact drop column tested_at", "alter table contact drop column dismissed_at",
            "drop table clock_reading", "drop table schema_beside");
        await db.WriteAnywayAsync(session => session.Sql("delete from schema_version where part = 'main' and number > @before").Bind("before", Before).RunAsync(default), default);
        await db.WriteAnywayAsync(session => session.Sql("insert into schema_version (part, number, name, applied_at) values ('main', @before, 'before', 0) on conflict do nothing").Bind("before", Before).RunAsync(default), default);
    }

    /// <summary>Takes away what the newest migration adds.</summary>
    private protected static Task UndoNewestAsync(Database db) => RunAsync(db, "delete from schema_beside where number = 38", "alter table person drop column time_zone");

    private static async Task RunAsync(Database db, params string[] changes)
    {
        foreach (var change in changes) await db.WriteAnywayAsync(session => session.Sql(change).RunAsync(default), default);
    }

    private static Task<long> NewestAsync(TestServer server) => NewestAsync(server.Server.Store.Main);

    private static Task<long> NewestAsync(Database db) => db.ReadAsync(
        session => session.Sql("select max(number) from schema_version where part = 'main'").FirstAsync(row => row.GetInt64(0), default), default);
}

public sealed class SqliteUpgradeTests() : UpgradeTests(Engine.Sqlite);

public sealed class PostgresUpgradeTests() : UpgradeTests(Engine.Postgres)
{
    [Fact]
    public async Task A_newer_node_beside_which_the_others_can_go_on_migrates_the_store_and_another_does_not()
    {
        await using var server = await TestServer.StartAsync(Engine.Postgres);
        var main = server.Server.Store.Main;
        await main.WriteAnywayAsync(session => session.Sql("delete from schema_version where part = 'main' and number = @known").Bind("known", Migrator.Of("main")[^1].Number).RunAsync(default), default);
        var oldest = Migrator.Of("main")[^1].Oldest!.Value;

        // As far back as the migration says that it leaves the store usable.
        Assert.True(oldest <= await main.ReadAsync(session => session.Sql("select max(number) from schema_version where part = 'main'").FirstAsync(row => row.GetInt64(0), default), default));
        await UndoNewestAsync(main);
        await using (var newer = await server.StartSecondAsync()) (await newer.SendAsync(null, HttpMethod.Get, "/healthz/ready", null)).Is(200);

        await main.WriteAnywayAsync(session => session.Sql("delete from schema_version where part = 'main' and number >= @oldest").Bind("oldest", oldest).RunAsync(default), default);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartSecondAsync());
        Assert.Contains("that cannot go on with it", error.Message, StringComparison.Ordinal);
    }
}

/// <summary>
/// A migration leaves the store usable for the release before it: it expands. What that release no longer uses is taken away by a
/// migration of a later one, which contracts.
/// </summary>
public sealed partial class MigrationRuleTests
{
    // Those before were written when nothing had been released.
    private const long FirstUnderRule = 24;

    // The newest migration of each release, oldest first. Whoever releases adds theirs.
    private static readonly long[] s_released = [];

    [Fact]
    public void Every_migration_keeps_the_rule()
    {
        foreach (var migration in Migrator.Of("main").Where(migration => migration.Number >= FirstUnderRule)) Assert.Null(Breach(migration));
    }

    [Theory]
    [InlineData("create table t (a bigint not null)", null, "does not say beside which older schema it leaves the store usable")]
    [InlineData("create table t (a bigint not null);\ncreate index i on t (a)", 23L, null)]
    [InlineData("alter table prompt add column a bigint", 23L, null)]
    [InlineData("alter table prompt add column a bigint not null default 0", 23L, null)]
    [InlineData("alter table prompt add column a bigint not null", 23L, "takes something away")]
    [InlineData("drop table prompt", 23L, "takes something away")]
    [InlineData("alter table prompt drop column score", 23L, "takes something away")]
    [InlineData("ALTER TABLE prompt\n  RENAME COLUMN score TO points", 23L, "takes something away")]
    [InlineData("alter table prompt alter column tags set not null", 23L, "takes something away")]
    [InlineData("create unique index i on prompt (score)", 23L, "takes something away")]
    [InlineData("alter table prompt add constraint c check (score > 0)", 23L, "takes something away")]
    [InlineData("-- Contracts: 0027-clock.sql\ndrop table prompt", 23L, "contracts what no release has replaced yet")]
    public void The_rule_is_held(string text, long? oldest, string? breach)
    {
        var found = Breach(new(28, "0028-test.sql", text, oldest));

        if (breach is null) Assert.Null(found);
        else Assert.Contains(breach, found, StringComparison.Ordinal);
    }

    private static string? Breach(Migration migration)
    {
        if (migration.Oldest is not { } oldest) return $"{migration.Name} does not say beside which older schema it leaves the store usable: -- Serves beside: NNNN";
        if (s_released.LastOrDefault(number => number < migration.Number) is > 0 and var released && oldest > released) return $"{migration.Name} stops nodes of the last release, {released}: an upgrade could not roll";

        // A unique index of a table that the same file makes takes nothing away.
        var made = Made.Matches(migration.Text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        if (Destructive.Matches(migration.Text).All(match => match.Groups["of"] is { Success: true, Value: var of } && made.Contains(of))) return null;

        return Contracts.Match(migration.Text) is { Success: true } contracts
            ? s_released.Any(number => number >= long.Parse(contracts.Groups[1].Value, CultureInfo.InvariantCulture)) ? null : $"{migration.Name} contracts what no release has replaced yet"
            : $"{migration.Name} takes something away that the release before may use. Expand first, and a release later say: -- Contracts: NNNN-name.sql";
    }

    [GeneratedRegex(@"\bdrop\s+(table|column)\b|\brename\b|\bset\s+not\s+null\b|\badd\s+constraint\b|\balter\s+column\s+\w+\s+(set\s+data\s+)?type\b|\badd\s+column\s+[^;]*\bnot\s+null\b(?![^;]*\bdefault\b)|\bcreate\s+unique\s+index\s+\w+\s+on\s+(?<of>\w+)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Destructive { get; }

    [GeneratedRegex(@"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex Made { get; }

    [GeneratedRegex("^-- Contracts: ([0-9]{4})-", RegexOptions.Multiline)]
    private static partial Regex Contracts { get; }
}
