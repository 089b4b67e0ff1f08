using System.Globalization;
using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Search;

/// <summary>Cuts every text into words once more and compares with those that are stored: for <c>afterword doctor</c>.</summary>
/// <remarks>
/// The words lie by word, the texts by time. So both are only added up, each word with its text as one number, and the sums are
/// compared: no memory, no order, and no word that is missing, too much or of another text stays unseen.
/// </remarks>
internal static class SearchCheck
{
    /// <returns>What differs, one line for each sender; none when all is well.</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(Database db, CancellationToken stop)
    {
        var problems = new List<string>();
        var senders = await db.ReadAsync(
            session => session.Sql("select sender_id from sender_state union select sender_id from text_word order by 1").ListAsync(row => row.GetInt64(0), stop), stop);
        foreach (var sender in senders)
        {
            if (await db.SnapshotAsync(session => CompareAsync(session, sender, stop), stop) is { } problem) problems.Add(problem);
        }

        return problems;
    }

    private static async Task<string?> CompareAsync(Session session, long sender, CancellationToken stop)
    {
        // Texts from before the search, which wait for their words, have none. Those with too many words once had them all.
        var should = default(Sum);
        var cut = new HashSet<long>();
        await session.Sql(
            """
            select p.id, p.comment from prompt p where p.sender_id = @sender and p.comment is not null
                and not exists (select 1 from unsearched_text u where u.sender_id = p.sender_id and u.prompt_id = p.id)
            """)
            .Bind("sender", sender).EachAsync(
                row =>
                {
                    var (id, words) = (row.GetInt64(0), SearchTerms.Of(row.GetString(1), out _, out var isCut));
                    if (isCut) cut.Add(id);
                    else foreach (var word in words) should.Add(id, Encoding.UTF8.GetBytes(word));
                },
                stop);
        var stored = default(Sum);
        await session.Sql("select prompt_id, word from text_word where sender_id = @sender").Bind("sender", sender)
            .EachAsync(
                row =>
                {
                    if (!cut.Contains(row.GetInt64(0))) stored.Add(row.GetInt64(0), row.GetBytes(1));
                },
                stop);

        return stored == should
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"the search of sender {sender} has {stored.Words:N0} words that are not those of its texts, which have {should.Words:N0}");
    }

    private record struct Sum(long Words, ulong Hash)
    {
        public void Add(long prompt, ReadOnlySpan<byte> word)
        {
            // FNV-1a, begun with the text: http://www.isthe.com/chongo/tech/comp/fnv/
            var hash = (14_695_981_039_346_656_037 ^ (ulong)prompt) * 1_099_511_628_211;
            foreach (var unit in word) hash = (hash ^ unit) * 1_099_511_628_211;
            (Words, Hash) = (Words + 1, unchecked(Hash + hash));
        }
    }
}
