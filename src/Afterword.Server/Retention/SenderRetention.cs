using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>What a sender keeps and how far it has been removed, as it is stored.</summary>
/// <param name="Periods">What is kept.</param>
/// <param name="Version">Grows with every change; 0 before the first.</param>
internal sealed record SenderRetention(long SenderId, RetentionPeriods Periods, RemovedUpTo UpTo, long Version)
{
    private const string Columns = "sender_id, texts, messages, people, texts_at, texts_id, sent_to, received_to, people_to, version";

    /// <summary>That of a sender; without a row, everything is kept.</summary>
    public static async Task<SenderRetention> OfAsync(Session session, long sender, CancellationToken stop) =>
        await session.Sql($"select {Columns} from retention where sender_id = @sender").Bind("sender", sender).FirstAsync(Read, stop)
        ?? new(sender, RetentionPeriods.None, default, 0);

    /// <summary>The next sender, by id, that does not keep everything.</summary>
    public static Task<SenderRetention?> NextAsync(Session session, long after, CancellationToken stop) => session.Sql(
        $"select {Columns} from retention where sender_id > @after and (texts is not null or messages is not null or people is not null) order by sender_id limit 1")
        .Bind("after", after).FirstAsync(Read, stop);

    /// <summary>All that ever chose, by handle.</summary>
    public static Task<List<(string ScreenName, SenderRetention Kept)>> ListAsync(Session session, CancellationToken stop) => session.Sql(
        """
        select r.sender_id, r.texts, r.messages, r.people, r.texts_at, r.texts_id, r.sent_to, r.received_to, r.people_to, r.version, a.screen_name
        from retention r join account a on a.id = r.sender_id order by a.screen_name_key
        """)
        .ListAsync(row => (row.GetString(10), Read(row)), stop);

    /// <summary>Stores a choice, unless someone else was faster, and has the next round come at once.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="sender">Whose.</param>
    /// <param name="periods">The choice.</param>
    /// <param name="seen">The version that whoever chose had before them.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<bool> SaveAsync(Session session, long sender, RetentionPeriods periods, long seen, CancellationToken stop)
    {
        var saved = await session.Sql(
            """
            insert into retention (sender_id, texts, messages, people, version) values (@sender, @texts, @messages, @people, @version)
            on conflict (sender_id) do update set texts = excluded.texts, messages = excluded.messages, people = excluded.people, version = excluded.version
                where retention.version = @seen
            """)
            .Bind("sender", sender).Bind("texts", periods.Texts?.ToString()).Bind("messages", periods.Messages?.ToString()).Bind("people", periods.People?.ToString())
            .Bind("version", seen + 1).Bind("seen", seen).RunAsync(stop);
        if (saved == 0) return false;

        await session.Sql("update retention_run set begun_at = 0 where id = 1").RunAsync(stop);
        return true;
    }

    private static SenderRetention Read(Row row) => new(
        row.GetInt64(0), new(RetentionPeriod.OfStored(row.TextOrNull(1)), RetentionPeriod.OfStored(row.TextOrNull(2)), RetentionPeriod.OfStored(row.TextOrNull(3))),
        new(row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8)), row.GetInt64(9));
}

/// <summary>How far a sender's rows have been removed: what lies before needs no second look.</summary>
/// <param name="TextsAt">The stamp of the last change whose texts are gone, with <paramref name="TextsId"/> its place in the order of changes.</param>
/// <param name="SentTo">The last message of the sender's that is gone.</param>
/// <param name="ReceivedTo">The last message to the sender that is gone.</param>
/// <param name="PeopleTo">The last customer of a round that did not end; 0 when it did. Whoever was not old enough may be so later.</param>
internal readonly record struct RemovedUpTo(long TextsAt, long TextsId, long SentTo, long ReceivedTo, long PeopleTo);
