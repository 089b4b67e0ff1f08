using System.Security.Cryptography;
using System.Text;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;

namespace Afterword.Server.Operators;

/// <summary>An operator key as it is listed: without the key.</summary>
internal sealed record OperatorKey(string Name, DateTimeOffset CreatedAt);

/// <summary>The keys with which an operator's programs call the routes below <c>/operator</c>.</summary>
/// <remarks>
/// A key is 240 random bits, so one round of SHA-256 keeps it (docs/decisions/0005). It is looked up at every call, of which there
/// are few: a key that was revoked is refused at once, on every node.
/// </remarks>
internal sealed class OperatorKeys(Store store, TimeProvider clock)
{
    // Says what it is wherever it is found: in a settings file, in a scan for secrets.
    private const string Prefix = "awop_";
    private const int Bytes = 30;

    /// <summary>The longest key that is looked at.</summary>
    private const int MostLength = 64;

    /// <param name="name">What it is for, as it is listed.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The key, which is told once; null when there is one of that name.</returns>
    public Task<string?> AddAsync(string name, CancellationToken stop) => store.Main.WriteAsync(session => AddAsync(session, name, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public async Task<string?> AddAsync(Session session, string name, CancellationToken stop)
    {
        var key = Prefix + Apps.Random(Bytes);
        var added = await session.Sql("insert into operator_key (name, key_hash, created_at) values (@name, @hash, @now) on conflict (name) do nothing")
            .Bind("name", name).Bind("hash", Hash(key)).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop);
        return added == 1 ? key : null;
    }

    public Task<List<OperatorKey>> ListAsync(CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select name, created_at from operator_key order by name")
            .ListAsync(row => new OperatorKey(row.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1))), stop),
        stop);

    /// <returns>False when there is none of that name.</returns>
    public async Task<bool> RevokeAsync(string name, CancellationToken stop) => 1 == await store.Main.WriteAsync(session => RevokeAsync(session, name, stop), stop);

    /// <summary>The same within a transaction.</summary>
    public static Task<int> RevokeAsync(Session session, string name, CancellationToken stop) =>
        session.Sql("delete from operator_key where name = @name").Bind("name", name).RunAsync(stop);

    /// <summary>The name of a key; null for what is none.</summary>
    public async Task<string?> NameOfAsync(string key, CancellationToken stop)
    {
        if (key.Length > MostLength || !key.StartsWith(Prefix, StringComparison.Ordinal)) return null;

        return await store.Main.ReadAsync(
            session => session.Sql("select name from operator_key where key_hash = @hash").Bind("hash", Hash(key)).FirstAsync(row => row.GetString(0), stop), stop);
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
