using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Afterword.Server.Storage;

/// <summary>Encrypts the columns that hold recoverable secrets. The key ring lives in the store, so that all nodes share it.</summary>
internal sealed class Secrets
{
    // The framework judges its keys by the machine's clock, whatever clock the rest of a test or a demo goes by.
    private static readonly TimeProvider s_clock = TimeProvider.System;
    private static readonly TimeSpan s_keyLife = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_renewBefore = TimeSpan.FromDays(7);

    private readonly IDataProtector _columns;
    private readonly IKeyManager _keys;

    private Secrets(IServiceProvider services)
    {
        var provider = services.GetDataProtectionProvider();
        _columns = provider.CreateProtector("columns");
        Cursors = provider.CreateProtector("cursors");
        _keys = services.GetRequiredService<IKeyManager>();
    }

    /// <summary>Seals what is handed to clients and must come back unchanged.</summary>
    public IDataProtector Cursors { get; }

    public static Secrets Of(Database db)
    {
        var services = new ServiceCollection();
        AddKeyRing(services, db);
        return new(services.BuildServiceProvider());
    }

    /// <summary>Makes the framework's parts that seal cookies and forms use the key ring of the store.</summary>
    public static void AddKeyRing(IServiceCollection services, Database db)
    {
        services.AddDataProtection().SetApplicationName("afterword");
        services.Configure<KeyManagementOptions>(options =>
        {
            options.XmlRepository = new KeyRing(db);

            // Keys are made by EnsureKey alone: made on first use, inside a write, one would wait for the writer it holds up.
            options.AutoGenerateKeys = false;
        });
    }

    /// <summary>Makes a key when there is none, or when the newest one ends within a week. Called at start and once a day.</summary>
    public void EnsureKey()
    {
        var now = s_clock.GetUtcNow();
        if (!_keys.GetAllKeys().Any(key => !key.IsRevoked && key.ExpirationDate > now + s_renewBefore)) _keys.CreateNewKey(now, now + s_keyLife);

        // Loads the ring now, by one thread: on first use, 64 requests would wait for it on the very threads it needs.
        _columns.Unprotect(_columns.Protect([0]));
    }

    public byte[] Protect(byte[] secret) => _columns.Protect(secret);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Not made with a key of this store.</exception>
    public byte[] Unprotect(byte[] secret) => _columns.Unprotect(secret);

    /// <summary>The framework asks for its keys synchronously, at first use and once a day.</summary>
    private sealed class KeyRing(Database db) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() => Task.Run(() => db.ReadAsync(
            session => session.Sql("select element from key_ring").ListAsync(row => XElement.Parse(row.GetString(0)), CancellationToken.None),
            CancellationToken.None)).GetAwaiter().GetResult();

        // Nodes that start together on an empty store must end up with one key: the second finds the first's and adds none.
        public void StoreElement(XElement element, string friendlyName) => Task.Run(() => db.MigrateAsync(
            session => session.Sql(
                """
                insert into key_ring (name, element, created_at)
                select @name, @element, @now where not exists (select 1 from key_ring where created_at > @now - 60000)
                """)
                .Bind("name", friendlyName).Bind("element", element.ToString(SaveOptions.DisableFormatting))
                .Bind("now", s_clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(CancellationToken.None),
            CancellationToken.None)).GetAwaiter().GetResult();
    }
}
