using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Storage.Postgres;
using Afterword.Server.Storage.Sqlite;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Storage;

/// <summary>The key ring under a key that is not in the store: made, replaced and given up, and what is said when it is missing.</summary>
public abstract class KeyFileTests(Engine engine) : IAsyncLifetime
{
    private TestFolder _folder = null!;
    private Dictionary<string, string?> _store = null!;

    private string KeyFile => Path.Combine(_folder.Path, "afterword.key");

    public async ValueTask InitializeAsync()
    {
        _folder = TestFolder.Create("keys");
        _store = await engine.MigratedStoreAsync(_folder);
    }

    [Fact]
    public async Task A_ring_is_encrypted_rekeyed_and_given_back_and_every_secret_stays_readable()
    {
        await using (var server = await StartAsync()) await server.AppAsync();
        Assert.Contains("masterKey", await RingAsync(), StringComparison.Ordinal);

        // From readable to a key.
        await RunAsync(0, "secrets", "make-key", KeyFile);
        var doctor = await RunAsync(1, [.. With(KeyFile), "doctor"]);
        Assert.Contains("readable in the store; encrypt them with: afterword secrets rekey", doctor, StringComparison.Ordinal);
        Assert.Contains("Nothing has been changed. Give --yes to do it.", await RunAsync(0, [.. With(KeyFile), "secrets", "rekey"]), StringComparison.Ordinal);
        Assert.Contains("<value", await RingAsync(), StringComparison.Ordinal);
        await RunAsync(0, [.. With(KeyFile), "secrets", "rekey", "--yes"]);
        Assert.DoesNotContain("<value", await RingAsync(), StringComparison.Ordinal);
        await RunAsync(0, [.. With(KeyFile), "doctor"]);

        // A new key before the old one, and the old one taken away.
        await File.WriteAllTextAsync(KeyFile + ".new", "left by a crash", TestContext.Current.CancellationToken);
        await RunAsync(0, "secrets", "make-key", KeyFile, "--add");
        var lines = await File.ReadAllLinesAsync(KeyFile, TestContext.Current.CancellationToken);
        Assert.Equal(2, lines.Length);
        await using (await StartAsync($"Secrets:KeyFile={KeyFile}"))
        {
        }

        Assert.Contains("an older key than the first", await RunAsync(1, [.. With(KeyFile), "doctor"]), StringComparison.Ordinal);
        await RunAsync(0, [.. With(KeyFile), "secrets", "rekey", "--yes"]);
        await File.WriteAllTextAsync(KeyFile, $"# the present key\n{lines[0]}\n", TestContext.Current.CancellationToken);
        await RunAsync(0, [.. With(KeyFile), "doctor"]);

        // And back.
        await RunAsync(0, [.. With(KeyFile), "secrets", "rekey", "--to-store", "--yes"]);
        Assert.Contains("<value", await RingAsync(), StringComparison.Ordinal);
        await using var again = await StartAsync();
        await again.AllIsWellAsync();
        Assert.Equal(1, await again.CountAsync("app"));
        Assert.Equal(3, await again.CountAsync("audit", "what like 'key ring: %'"));
    }

    [Fact]
    public async Task A_new_store_under_a_key_file_never_has_a_readable_ring()
    {
        await RunAsync(0, "secrets", "make-key", KeyFile);
        using var folder = TestFolder.Create("keys");
        _store = await engine.NewStoreAsync(folder);
        await using var server = await StartAsync($"Secrets:KeyFile={KeyFile}");
        Assert.DoesNotContain("<value", await RingAsync(), StringComparison.Ordinal);
        await server.AllIsWellAsync();

        // The framework's own parts read it too: cookies and forms.
        var page = (await new TestBrowser(server).GetAsync("/sign-in")).Is(200);
        Assert.NotEmpty(page.HiddenOf("/sign-in"));
    }

    [Fact]
    public async Task Without_the_right_key_nothing_opens_and_the_reason_says_how_to_mend_it()
    {
        await RunAsync(0, "secrets", "make-key", KeyFile);
        await RunAsync(0, [.. With(KeyFile), "secrets", "rekey", "--yes"]);
        var key = await File.ReadAllTextAsync(KeyFile, TestContext.Current.CancellationToken);

        Assert.Contains("Name the file: Secrets:KeyFile", await RunAsync(1, "app", "list"), StringComparison.Ordinal);
        Assert.Contains("There is no key file ", await RunAsync(1, [.. With(KeyFile + ".gone"), "app", "list"]), StringComparison.Ordinal);

        var other = KeyFile + ".other";
        await RunAsync(0, "secrets", "make-key", other);
        Assert.Contains("Name or restore the right file.", await RunAsync(1, [.. With(other), "app", "list"]), StringComparison.Ordinal);
        Assert.Contains("Give --add", await RunAsync(2, "secrets", "make-key", other), StringComparison.Ordinal);

        foreach (var (content, told) in new[] { ("", "is empty"), ("abc\n", "Line 1 of the key file"), ($"{key}c2hvcnQ=\n", "Line 2 of the key file"), (new string('x', 100_000), "too long") })
        {
            await File.WriteAllTextAsync(other, content, TestContext.Current.CancellationToken);
            var said = await RunAsync(1, [.. With(other), "app", "list"]);
            Assert.Contains(told, said, StringComparison.Ordinal);
            Assert.DoesNotContain(key.Trim(), said, StringComparison.Ordinal);
        }

        if (OperatingSystem.IsWindows()) return;
        foreach (var mode in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite })
        {
            File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | mode);
            Assert.Contains($"chmod 600 {KeyFile}", await RunAsync(1, [.. With(KeyFile), "app", "list"]), StringComparison.Ordinal);
        }

        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead);
        await RunAsync(0, [.. With(KeyFile), "app", "list"]);
    }

    [Fact]
    public void What_a_key_sealed_opens_with_it_alone_and_only_unchanged()
    {
        var (key, other) = (MasterKey.Of(new byte[32]), MasterKey.Of([.. Enumerable.Repeat((byte)1, 32)]));
        var box = key.Seal("secret"u8);
        Assert.Equal("secret"u8.ToArray(), key.Open(box));
        Assert.NotEqual(box, key.Seal("secret"u8));
        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => other.Open(box));
        for (var i = 0; i < box.Length; i++)
        {
            var changed = (byte[])box.Clone();
            changed[i] ^= 1;
            Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => key.Open(changed));
        }

        Assert.ThrowsAny<System.Security.Cryptography.CryptographicException>(() => key.Open([1, 2, 3]));
    }

    public async ValueTask DisposeAsync()
    {
        if (_store.GetValueOrDefault("Database") is { } database) await PostgresCluster.Shared.DropAsync(database);
        _folder.Dispose();
    }

    private Task<TestServer> StartAsync(params string[] settings) => TestServer.StartOnAsync(new(_store), DateTimeOffset.UnixEpoch.AddYears(56), settings);

    private static string[] With(string keyFile) => ["--set", $"Secrets:KeyFile={keyFile}"];

    private async Task<string> RingAsync()
    {
        var (settings, _) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(_store).Build());
        Database db = settings!.Database is { } url
            ? await PostgresDatabase.OpenAsync(url, settings.Storage with { WriteQueue = 1, Lanes = 1 }, syncEveryCommit: true, TimeProvider.System, default)
            : SqliteDatabase.Open(Path.Combine(settings.Data, "afterword.db"), 1, syncEveryCommit: true, checkpoints: false);
        await using (db) return string.Concat(await db.ReadAsync(session => session.Sql("select element from key_ring").ListAsync(row => row.GetString(0), default), default));
    }

    private Task<string> RunAsync(int exitCode, params string[] arguments) => new CommandShell(_store).RunAsync(exitCode, arguments);
}

public sealed class SqliteKeyFileTests() : KeyFileTests(Engine.Sqlite);

public sealed class PostgresKeyFileTests() : KeyFileTests(Engine.Postgres);
