using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Afterword.Server.Storage;

/// <summary>Encrypts the columns that hold recoverable secrets. The key ring lives in the store, so that all nodes share it.</summary>
internal sealed class Secrets
{
    // The framework judges its keys by the machine's clock, whatever clock the rest of a test or a demo goes by.
    public static readonly TimeProvider Clock = TimeProvider.System;

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

    /// <param name="db">Where the key ring is.</param>
    /// <param name="keys">Encrypt it; null leaves it readable.</param>
    public static Secrets Of(Database db, MasterKeys? keys)
    {
        var services = new ServiceCollection();
        AddKeyRing(services, db, keys);
        return new(services.BuildServiceProvider());
    }

    /// <summary>Makes the framework's parts that seal cookies and forms use the key ring of the store.</summary>
    public static void AddKeyRing(IServiceCollection services, Database db, MasterKeys? keys)
    {
        if (keys is not null) services.AddSingleton(keys);
        services.AddDataProtection().SetApplicationName("afterword");
        services.Configure<KeyManagementOptions>(options =>
        {
            options.XmlRepository = new KeyRing(db);
            if (keys is not null) options.XmlEncryptor = new MasterKeyEncryptor(keys.First);

            // Keys are made by EnsureKey alone: made on first use, inside a write, one would wait for the writer it holds up.
            options.AutoGenerateKeys = false;
        });
    }

    /// <summary>Makes a key when there is none, or when the newest one ends within a week. Called at start and once a day.</summary>
    public void EnsureKey()
    {
        var now = Clock.GetUtcNow();

        // One that a wrong clock made for a time to come is no use until then.
        if (!_keys.GetAllKeys().Any(key => !key.IsRevoked && key.ActivationDate <= now + SteadyClock.Tolerance && key.ExpirationDate > now + s_renewBefore)) _keys.CreateNewKey(now, now + s_keyLife);

        // Loads the ring now, by one thread: on first use, 64 requests would wait for it on the very threads it needs.
        _columns.Unprotect(_columns.Protect([0]));
    }

    public byte[] Protect(byte[] secret) => _columns.Protect(secret);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Not made with a key of this store.</exception>
    public byte[] Unprotect(byte[] secret) => _columns.Unprotect(secret);
}
