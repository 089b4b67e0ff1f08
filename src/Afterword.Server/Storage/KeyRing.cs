using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Afterword.Server.Storage;

/// <summary>Keeps the framework's keys in the store.</summary>
/// <remarks>The framework asks for them synchronously, at first use and once a day.</remarks>
internal sealed class KeyRing(Database db) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => Task.Run(async () => (await ReadAsync(db, CancellationToken.None)).ConvertAll(one => one.Element)).GetAwaiter().GetResult();

    // Nodes that start together on an empty store must end up with one key: the second finds the first's and adds none. What a wrong clock
    // dated years ahead is no such key.
    public void StoreElement(XElement element, string friendlyName) => Task.Run(() => db.MigrateAsync(
        session => session.Sql(
            """
            insert into key_ring (name, element, created_at)
            select @name, @element, @now where not exists (select 1 from key_ring where created_at between @now - 60000 and @now + 60000)
            """)
            .Bind("name", friendlyName).Bind("element", element.ToString(SaveOptions.DisableFormatting))
            .Bind("now", Secrets.Clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(CancellationToken.None),
        CancellationToken.None)).GetAwaiter().GetResult();

    /// <summary>Sees that every key of the ring can be opened, before anything needs one.</summary>
    /// <exception cref="InvalidOperationException">A key is missing; the message says which.</exception>
    public static async Task CheckAsync(Database db, MasterKeys? keys, CancellationToken stop)
    {
        foreach (var (_, element) in await ReadAsync(db, stop))
        {
            if (MasterKeyXml.KeyIdOf(element) is not { } id) continue;
            if (keys is null)
            {
                throw new InvalidOperationException($"The key ring of this store is encrypted with the key {id} of a key file. Name the file: Secrets:KeyFile (AFTERWORD_Secrets__KeyFile).");
            }

            if (keys.Find(id) is null)
            {
                throw new InvalidOperationException($"The key ring of this store is encrypted with the key {id}, and the key file {keys.Path} holds {string.Join(", ", keys.Ids)}. Name or restore the right file.");
            }

            if (!MasterKeyXml.CanOpen(element, keys)) throw new InvalidOperationException($"A key of the key ring cannot be opened with the key {id} of {keys.Path}: the store was changed. Restore a backup.");
        }
    }

    /// <summary>By which keys the ring is encrypted; null stands for a key that anybody can read who has the store.</summary>
    public static async Task<List<string?>> KeyIdsAsync(Database db, CancellationToken stop) => (await ReadAsync(db, stop)).ConvertAll(one => MasterKeyXml.KeyIdOf(one.Element));

    /// <summary>The keys of a key file without which the ring cannot be read.</summary>
    public static async Task<IEnumerable<string>> MasterKeyIdsAsync(Session session, CancellationToken stop) =>
        (await ReadAsync(session, stop)).Select(one => MasterKeyXml.KeyIdOf(one.Element)).OfType<string>().Distinct();

    /// <summary>The key that encrypts just now: the one of those in force that ends last. Null when there is none.</summary>
    public static async Task<ActiveKey?> FindInForceAsync(Session session, DateTimeOffset now, CancellationToken stop) =>
        (await ReadAsync(session, stop)).Select(one => ActiveKey.Read(one.Element)).OfType<ActiveKey>()
            .Where(key => key.BeginsAt <= now + SteadyClock.Tolerance).MaxBy(key => key.EndsAt);

    /// <summary>Encrypts every key of the ring anew, or none of them.</summary>
    /// <param name="db">Where it is.</param>
    /// <param name="keys">Opens what is encrypted; may be null when nothing is.</param>
    /// <param name="with">Encrypts from now on; null leaves the ring readable.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<int> RekeyAsync(Database db, MasterKeys? keys, MasterKey? with, CancellationToken stop) => db.MigrateAsync(
        async session =>
        {
            var all = await ReadAsync(session, stop);
            foreach (var (name, element) in all)
            {
                var plain = keys is null ? element : MasterKeyXml.Opened(element, keys);
                await session.Sql("update key_ring set element = @element where name = @name").Bind("name", name)
                    .Bind("element", (with is null ? plain : MasterKeyXml.Sealed(plain, with)).ToString(SaveOptions.DisableFormatting)).RunAsync(stop);
            }

            return all.Count;
        },
        stop);

    private static Task<List<(string Name, XElement Element)>> ReadAsync(Database db, CancellationToken stop) => db.ReadAsync(session => ReadAsync(session, stop), stop);

    private static Task<List<(string Name, XElement Element)>> ReadAsync(Session session, CancellationToken stop) =>
        session.Sql("select name, element from key_ring order by name").ListAsync(row => (row.GetString(0), XElement.Parse(row.GetString(1))), stop);
}

/// <summary>When a key of the ring was made, and when its time begins and ends.</summary>
internal sealed record ActiveKey(DateTimeOffset MadeAt, DateTimeOffset BeginsAt, DateTimeOffset EndsAt)
{
    /// <summary>Reads what the framework wrote; null for an element that is no key, such as a revocation.</summary>
    public static ActiveKey? Read(XElement element) =>
        element.Name.LocalName == "key" && (DateTimeOffset?)element.Element("creationDate") is { } made
        && (DateTimeOffset?)element.Element("activationDate") is { } begins && (DateTimeOffset?)element.Element("expirationDate") is { } ends ? new(made, begins, ends) : null;
}

/// <summary>Encrypts the secret part of a new key for the framework.</summary>
internal sealed class MasterKeyEncryptor(MasterKey key) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(MasterKeyXml.Seal(plaintextElement, key), typeof(MasterKeyDecryptor));
}

/// <summary>Opens it again. The framework makes one by the name that stands in the ring: it must not be renamed.</summary>
internal sealed class MasterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) => MasterKeyXml.Open(
        encryptedElement, services.GetService<MasterKeys>() ?? throw new CryptographicException("The key ring is encrypted, and Secrets:KeyFile names no key file."));
}

/// <summary>How an encrypted key stands in the ring. The elements around it are the framework's.</summary>
internal static class MasterKeyXml
{
    private static readonly XNamespace s_framework = "http://schemas.asp.net/2015/03/dataProtection";
    private static readonly XName s_box = "masterKeyBox";

    public static XElement Seal(XElement plain, MasterKey key) =>
        new(s_box, new XAttribute("key", key.Id), Convert.ToBase64String(key.Seal(Encoding.UTF8.GetBytes(plain.ToString(SaveOptions.DisableFormatting)))));

    /// <exception cref="CryptographicException">The key is not in the file, or does not fit.</exception>
    public static XElement Open(XElement box, MasterKeys keys)
    {
        var id = (string?)box.Attribute("key") ?? "";
        var key = keys.Find(id) ?? throw new CryptographicException($"The key file {keys.Path} does not hold the key {id}.");
        return XElement.Parse(Encoding.UTF8.GetString(key.Open(Convert.FromBase64String(box.Value))));
    }

    /// <summary>The key that an element of the ring is encrypted with; null when it is not.</summary>
    public static string? KeyIdOf(XElement element) => (string?)element.Descendants(s_box).FirstOrDefault()?.Attribute("key");

    public static bool CanOpen(XElement element, MasterKeys keys)
    {
        try
        {
            Opened(element, keys);
            return true;
        }
        catch (Exception error) when (error is CryptographicException or FormatException or System.Xml.XmlException)
        {
            return false;
        }
    }

    /// <summary>The element with its secret readable.</summary>
    public static XElement Opened(XElement element, MasterKeys keys)
    {
        var copy = new XElement(element);
        foreach (var box in copy.Descendants(s_box).ToArray()) box.Parent!.ReplaceWith(Open(box, keys));
        return copy;
    }

    /// <summary>The element as the framework would have stored it with this key. It marks what is secret.</summary>
    public static XElement Sealed(XElement element, MasterKey key)
    {
        var copy = new XElement(element);
        foreach (var secret in copy.Descendants().Where(one => (bool?)one.Attribute(s_framework + "requiresEncryption") == true).ToArray())
        {
            secret.ReplaceWith(new XElement(
                s_framework + "encryptedSecret", new XAttribute("decryptorType", typeof(MasterKeyDecryptor).AssemblyQualifiedName!), Seal(secret, key)));
        }

        return copy;
    }
}
