using System.Net;
using System.Net.Sockets;
using System.Text;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Support;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Afterword.Server.Tests.Storage;

/// <summary>Addresses of databases as hosters print them, and what is said when one does not work.</summary>
public sealed class PostgresUrlTests
{
    [Theory]
    [InlineData("postgresql://u:p@ep-1.aws.neon.tech/d?sslmode=require&channel_binding=require", "Host=ep-1.aws.neon.tech;Port=5432;Database=d;Username=u;Password=p;SSL Mode=Require;Channel Binding=Require")]
    [InlineData("postgres://u:p@h/d?application_name=desk&connect_timeout=10", "Host=h;Port=5432;Database=d;Username=u;Password=p;Application Name=desk;Timeout=10")]
    [InlineData("postgres://u@h/d?connect_timeout=86400&keepalives=1&keepalives_count=5", "Host=h;Port=5432;Database=d;Username=u;Timeout=1024;TCP Keepalive=True")]
    [InlineData("postgres://u@h/d?sslrootcert=system&sslmode=verify-full", "Host=h;Port=5432;Database=d;Username=u;SSL Mode=VerifyFull")]
    [InlineData("postgres://u@h/d?sslrootcert=system", "Host=h;Port=5432;Database=d;Username=u;SSL Mode=VerifyFull")]
    [InlineData("postgres://u@h/d?sslmode=verify-ca&sslrootcert=/etc/ca.pem", "Host=h;Port=5432;Database=d;Username=u;SSL Mode=VerifyCA;Root Certificate=/etc/ca.pem")]
    [InlineData("postgres://u@h/d?sslrootcert=/etc/ca.pem&sslmode=require", "Host=h;Port=5432;Database=d;Username=u;SSL Mode=VerifyCA;Root Certificate=/etc/ca.pem")]
    [InlineData("postgres://u@h/d?application_name=desk&fallback_application_name=other&connection_limit=1", "Host=h;Port=5432;Database=d;Username=u;Application Name=desk;Maximum Pool Size=5")]
    [InlineData("postgres://u@one,two:5433/d?target_session_attrs=read-write", "Host=\"one:5432,two:5433\";Port=5432;Database=d;Username=u;Target Session Attributes=read-write")]
    [InlineData("postgres://u@%2Fvar%2Frun/d", "Host=/var/run;Port=5432;Database=d;Username=u")]
    [InlineData("postgres:///d?host=/tmp&user=u&port=5433", "Host=/tmp;Port=5433;Database=d;Username=u")]
    [InlineData("postgres://u@[::1]:5433/d", "Host=[::1];Port=5433;Database=d;Username=u")]
    [InlineData("postgres://u:a%2Fb%40c+d@h/d?connection_limit=7&schema=app&pgbouncer=false", "Host=h;Port=5432;Database=d;Username=u;Password=a/b@c+d;Maximum Pool Size=7;Search Path=app")]
    public void A_url_is_read_in_the_words_of_libpq(string url, string expected)
    {
        var (read, wanted) = (new NpgsqlConnectionStringBuilder(PostgresUrl.ConnectionText(url)), new NpgsqlConnectionStringBuilder(expected));

        foreach (string name in wanted.Keys) Assert.Equal((name, wanted[name]), (name, read[name]));
    }

    [Theory]
    [InlineData("postgres://u:hunter2@h/d?sslmode=full", "its option sslmode is \"full\"; it must be disable, allow, prefer, require, verify-ca or verify-full")]
    [InlineData("postgres://u:hunter2@h/d?channel_binding=yes", "its option channel_binding is \"yes\"; it must be disable, prefer or require")]
    [InlineData("postgres://u:hunter2@h/d?connect_timeout=soon", "its option connect_timeout is \"soon\"; it must be a number of seconds")]
    [InlineData("postgres://u:hunter2@h/d?target_session_attrs=read-only", "its option target_session_attrs is \"read-only\"; it must be any, read-write or primary")]
    [InlineData("postgres://u:hunter2@h/d?sslrootcert=system&sslmode=require", "its option sslrootcert=system goes with sslmode=verify-full")]
    [InlineData("postgres://u:hunter2@h/d?sslrootcert=/etc/ca.pem", "its option sslrootcert goes with sslmode=require, verify-ca or verify-full")]
    [InlineData("postgres://u:hunter2@h:port/d", "its port is \"port\"")]
    [InlineData("postgres://u:hunter2@h/d?sslcrl=x", "its option \"sslcrl\" is not known")]
    [InlineData("postgres://u:hunter2/3@h/d", "special characters of its user or password are not percent-encoded")]
    [InlineData("postgres://u:3?hunter2@h/d?sslmode=x", "special characters of its user or password are not percent-encoded")]
    [InlineData("postgres://u:3@3/hunter2@h/d", "special characters of its user or password are not percent-encoded")]
    [InlineData("postgres://u:hunter2/d", "its port must be a number")]
    [InlineData("postgres://u:3@h/d?password=3&hunter2", "one of its options is not known")]
    [InlineData("postgres://u@h/d?password=3&sslmode=hunter2", "its option sslmode has a wrong value")]
    [InlineData("postgres://u:hunter2@h:6543/d?pgbouncer=true", "A connection pooler in transaction mode")]
    [InlineData("mysql://u:hunter2@h/d", "it begins with neither postgres:// nor postgresql://")]
    public void What_is_wrong_with_a_url_is_told_without_its_password(string url, string told)
    {
        var error = Assert.Single(SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Database", url)]).Build()).Errors);

        Assert.Contains(told, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_answers_is_used()
    {
        var database = await PostgresCluster.Shared.NewDatabaseAsync();
        try
        {
            var place = new Uri(database);
            await using var store = await Store.OpenAsync(SettingsFor($"postgres://postgres@127.0.0.1:1,127.0.0.1:{place.Port}{place.AbsolutePath}?target_session_attrs=read-write"), TimeProvider.System, default);
            Assert.Equal(1, await store.Main.WriteAsync(session => session.Sql("select 1").FirstAsync(row => row.GetInt32(0), default), default));
        }
        finally
        {
            await PostgresCluster.Shared.DropAsync(database);
        }
    }

    [Theory]
    [InlineData("08P01", "unsupported startup parameter in options: jit", "A connection pooler in transaction mode, such as PgBouncer")]
    [InlineData("26000", "prepared statement \"_p1\" does not exist", "A connection pooler in transaction mode, such as PgBouncer")]
    [InlineData("28P01", "password authentication failed for user \"u\"", "Check the user and the password in --database or AFTERWORD_DATABASE")]
    [InlineData("3D000", "database \"d\" does not exist", "make it: create database \"d\" owner \"u\";")]
    [InlineData("42501", "permission denied for schema public", "As the owner of the database, run in it: grant usage, create on schema public to \"u\";")]
    [InlineData("57P03", "the database system is starting up", "See that the database server runs")]
    public async Task A_database_that_refuses_is_told_with_its_reason_and_a_pooler_by_its_name(string state, string message, string advice)
    {
        using var pooler = new TcpListener(IPAddress.Loopback, 0);
        pooler.Start();
        var refusing = RefuseAsync(pooler, state, message);
        var settings = SettingsFor($"postgres://u:hunter2@127.0.0.1:{((IPEndPoint)pooler.LocalEndpoint).Port}/d?sslmode=disable");

        var error = await Assert.ThrowsAsync<CommandException>(() => OpenedStore.ExplainAsync(settings, () => Store.OpenAsync(settings, TimeProvider.System, default)));
        pooler.Stop();
        await refusing;
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_may_make_no_tables_is_told_what_to_grant()
    {
        var database = await PostgresCluster.Shared.NewDatabaseAsync();
        await using var owner = new NpgsqlConnection(PostgresUrl.ConnectionText(database));
        await owner.OpenAsync(TestContext.Current.CancellationToken);
        await using (var create = new NpgsqlCommand("create role clerk_of_tests login", owner)) await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var place = new Uri(database);
        var settings = SettingsFor($"postgres://clerk_of_tests@127.0.0.1:{place.Port}{place.AbsolutePath}");
        try
        {
            var error = await Assert.ThrowsAsync<CommandException>(() => OpenedStore.ExplainAsync(settings, () => Store.OpenAsync(settings, TimeProvider.System, default)));
            Assert.Equal(
                $"The store {place.AbsolutePath[1..]} on 127.0.0.1:{place.Port} cannot be opened: 42501: permission denied for schema public. "
                + "As the owner of the database, run in it: grant usage, create on schema public to \"clerk_of_tests\";",
                error.Message);
        }
        finally
        {
            await using (var drop = new NpgsqlCommand("drop role clerk_of_tests", owner)) await drop.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await owner.CloseAsync();
            await PostgresCluster.Shared.DropAsync(database);
        }
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told_with_the_reason_behind_it()
    {
        var settings = SettingsFor("postgres://u@127.0.0.1:1/d");

        var error = await Assert.ThrowsAsync<CommandException>(() => OpenedStore.ExplainAsync(settings, () => Store.OpenAsync(settings, TimeProvider.System, default)));
        Assert.Contains("refused", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static Settings SettingsFor(string url)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new("Database", url)]).Build());
        Assert.Empty(errors);
        return settings!;
    }

    /// <summary>Answers every connection as PostgreSQL's protocol has it, until it is stopped: neither TLS nor GSS, then an ErrorResponse and the end.</summary>
    private static async Task RefuseAsync(TcpListener listener, string state, string message)
    {
        byte[] fields = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{state}\0M{message}\0\0");
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
                var stream = client.GetStream();
                var buffer = new byte[4_096];
                while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) is 8) await stream.WriteAsync("N"u8.ToArray(), TestContext.Current.CancellationToken);
                await stream.WriteAsync((byte[])[(byte)'E', 0, 0, 0, (byte)(fields.Length + 4), .. fields], TestContext.Current.CancellationToken);
            }
        }
        catch (Exception error) when (error is SocketException or InvalidOperationException or OperationCanceledException)
        {
            // The test is over: the listener was stopped while it waited, or between two connections.
        }
    }
}
