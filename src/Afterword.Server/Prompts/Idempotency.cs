using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>An answer with the Idempotency-Key that gives it again.</summary>
internal sealed record KeyedAnswer(long SenderId, string Key, byte[] Fingerprint, byte[] Answer, long CreatedAt);

/// <summary>Answers by Idempotency-Key, kept for 24 hours; encrypted, since one may hold a card's link.</summary>
internal static class Idempotency
{
    public const int MaxKeyLength = 255;
    private const long Kept = 24 * 3_600_000;

    /// <summary>1 to 255 visible ASCII characters.</summary>
    public static bool IsKey(string text) => text.Length is > 0 and <= MaxKeyLength && text.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0;

    /// <summary>Finds what the keys of a batch were answered before.</summary>
    public static Lookup Lookup(IReadOnlyList<CreateRequest> requests, CreateBatch batch, long now, Secrets secrets) => new(
        """
        select k.sender_id, k.idempotency_key, k.fingerprint, k.answer, k.created_at
        from {rows}
        join idempotency k on k.sender_id = item.sender_id and k.idempotency_key = item.idempotency_key
        where k.created_at > item.after
        """,
        Rows.Of(requests.Where(request => request.IdempotencyKey is not null).ToArray())
            .Long("sender_id", r => r.Sender.UserId).Text("idempotency_key", r => r.IdempotencyKey).Long("after", _ => now - Kept),
        row => batch.Remember(new(row.GetInt64(0), row.GetString(1), row.GetBytes(2), secrets.Unprotect(row.GetBytes(3)), row.GetInt64(4))));

    public static void Write(Session session, IReadOnlyList<KeyedAnswer> answers, Secrets secrets) => session.Then(
        """
        insert into idempotency (sender_id, idempotency_key, fingerprint, answer, created_at)
        select sender_id, idempotency_key, fingerprint, answer, created_at from {rows} where true
        on conflict (sender_id, idempotency_key) do update set
            fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at
        """,
        Rows.Of(answers).Long("sender_id", a => a.SenderId).Text("idempotency_key", a => a.Key).Bytes("fingerprint", a => a.Fingerprint)
            .Bytes("answer", a => secrets.Protect(a.Answer)).Long("created_at", a => a.CreatedAt));

    /// <summary>Forgets keys older than 24 hours.</summary>
    public static Task<int> PurgeAsync(Database db, DateTimeOffset now, CancellationToken stop) => db.WriteAsync(
        session => session.Sql("delete from idempotency where created_at < @before").Bind("before", now.ToUnixTimeMilliseconds() - Kept).RunAsync(stop), stop);
}
