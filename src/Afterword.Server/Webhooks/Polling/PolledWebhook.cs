using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks.Polling;

/// <summary>A webhook whose receiver has shown its secret.</summary>
/// <param name="Secrets">What signs its events: one, or two while one is being replaced.</param>
/// <param name="ApprovedAt">Since when it gets changes, Unix milliseconds; null while it waits for an owner of the sender.</param>
/// <param name="IsOff">Whether someone switched it off.</param>
/// <param name="PolledAt">When it was polled, as far as that was written down, Unix milliseconds.</param>
internal sealed record PolledWebhook(EndpointKey Key, IReadOnlyList<RotateSecret> Secrets, long? ApprovedAt, bool IsOff, long? PolledAt)
{
    /// <summary>A row of <c>webhook</c>, with its secrets sealed.</summary>
    public sealed record Sealed(EndpointKey Key, long? ApprovedAt, bool IsOff, long? PolledAt, byte[] Secret, byte[]? OldSecret)
    {
        public const string Columns = "sender_id, id, approved_at, disabled_at, succeeded_at, secret, case when old_secret_until > @now then old_secret end";

        public static Sealed Read(Row row) => new(
            new(row.GetInt64(0), row.GetInt64(1)), row.LongOrNull(2), !row.IsDBNull(3), row.LongOrNull(4), row.GetBytes(5), row.BytesOrNull(6));

        public PolledWebhook Open(Secrets secrets) => new(
            Key, [.. new[] { Secret, OldSecret }.OfType<byte[]>().Select(one => new RotateSecret(secrets.Unprotect(one)))], ApprovedAt, IsOff, PolledAt);
    }
}
