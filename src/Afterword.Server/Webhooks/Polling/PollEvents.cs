using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Client.Webhooks;
using Afterword.Client.Wire;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks.Polling;

/// <summary>Gives the receiver of a polled webhook what is posted to the others, in the order in which it was committed.</summary>
/// <remarks>
/// A page is one statement, behind the last change that the receiver has. Whatever commits later has a later stamp
/// (<see cref="Changes.ChangeLog"/>), so nothing is ever found before that place afterwards: nothing is passed over, and nothing is there twice.
/// </remarks>
internal sealed class PollEvents(Store store, TimeProvider clock)
{
    public const int MostPerPage = 100;

    /// <summary>A page ends behind the event with which its bodies are longer than this.</summary>
    public const int MostBytes = 1024 * 1024;

    // Who looks at the console wants to know whether it is polled, not when exactly: a write for each poll would cost more than the poll.
    private static readonly TimeSpan s_notedEvery = TimeSpan.FromMinutes(1);

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Finds the webhook that a receiver names; null when there is none with this secret.</summary>
    public async Task<PolledWebhook?> FindAsync(long id, string secret, CancellationToken stop)
    {
        var found = await store.Main.ReadAsync(
            session => session.Sql($"select {PolledWebhook.Sealed.Columns} from webhook where id = @id and polled = 1 and removed_at is null")
                .Bind("now", Now).Bind("id", id).FirstAsync(PolledWebhook.Sealed.Read, stop),
            stop);
        if (found?.Open(store.Secrets) is not { } webhook) return null;

        var given = Encoding.UTF8.GetBytes(secret);
        return webhook.Secrets.Any(one => CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(one.ToString()))) ? webhook : null;
    }

    /// <summary>Reads a page.</summary>
    /// <param name="webhook">It is approved.</param>
    /// <param name="after">The last place that the receiver has; null begins with the first event.</param>
    /// <param name="most">How many events at most.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null when the place lies in the future: the store was mended after its clock had been wrong, and what comes next would be passed over.</returns>
    public async Task<PollPageJson?> ReadAsync(PolledWebhook webhook, PollCursor? after, int most, CancellationToken stop)
    {
        var begin = PollCursor.Begin(webhook.ApprovedAt!.Value);
        var place = after is { } given && given.At > begin.At ? given : begin;
        if (place.At > Now && place.At > await LastStampAsync(webhook.Key.SenderId, stop)) return null;

        var (events, size, more) = (new List<PolledEventJson>(), 0, false);
        var (now, signers) = (clock.GetUtcNow(), webhook.Secrets.Select(one => RotateSecret.SignerOf(one.Key)).ToArray());
        await store.Main.ReadAsync(
            session => session.Sql(
                $"""
                select {Prompt.Columns}, d.changed_at, d.id, d.parts, d.due_at, d.attempts, d.failures, null, null
                from change c
                {Delivery.OfChange}
                join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
                where c.sender_id = @sender and (c.changed_at, c.id) > (@at, @id)
                order by c.changed_at, c.id
                limit @most
                """)
                .Bind("endpoint", webhook.Key.Id).Bind("sender", webhook.Key.SenderId).Bind("at", place.At).Bind("id", place.Id).Bind("most", most + 1L)
                .EachAsync(
                    row =>
                    {
                        more |= events.Count == most || size > MostBytes;
                        if (more) return;

                        var delivery = Delivery.Read(row);
                        var body = delivery.Event.Body();
                        size += body.Length;
                        events.Add(Write(delivery, body, signers, now));
                    },
                    stop),
            stop);
        return new(events, events is [.., var last] ? last.Cursor : place.ToString(), more);
    }

    /// <summary>Writes down that a webhook is polled, now and then.</summary>
    public async Task NoteAsync(PolledWebhook webhook, CancellationToken stop)
    {
        var now = Now;
        if (webhook.PolledAt > now - (long)s_notedEvery.TotalMilliseconds) return;

        try
        {
            await store.Main.WriteAsync(
                session => session.Sql("update webhook set succeeded_at = @now where sender_id = @sender and id = @id")
                    .Bind("now", now).Bind("sender", webhook.Key.SenderId).Bind("id", webhook.Key.Id).RunAsync(stop),
                stop);
        }
        catch (Exception error) when (store.Main.IsUnavailable(error))
        {
            // Events are there to be read although nothing can be written.
        }
    }

    private static PolledEventJson Write(Delivery delivery, byte[] body, WebhookSecret[] signers, DateTimeOffset now)
    {
        var id = delivery.Id.ToString(CultureInfo.InvariantCulture);
        return new(
            new PollCursor(delivery.ChangedAt, delivery.Id).ToString(), id, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            WebhookSender.SignatureOf(signers, id, now, body), Encoding.UTF8.GetString(body));
    }

    private Task<long> LastStampAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select changed_at from sender_state where sender_id = @sender").Bind("sender", sender).FirstAsync(row => row.GetInt64(0), stop), stop);
}
