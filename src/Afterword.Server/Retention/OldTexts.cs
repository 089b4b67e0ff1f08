using System.Diagnostics.CodeAnalysis;
using System.Text;
using Afterword.Server.Changes;
using Afterword.Server.Reports.Search;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>Comments that were written before a time, with their words in the search, and the notes on such answers.</summary>
/// <remarks>
/// It walks along the sender's changes, which are in the order of time: a comment has the stamp of the change that tells of it. Notes go
/// with the score that they are about, since they may quote what was written; those of later, when they are as old themselves.
/// </remarks>
internal sealed class OldTexts(Database db, SenderRetention kept, long before) : OldRows
{
    [StringSyntax("sql")]
    internal const string NextChanges =
        """
        select c.changed_at, c.id, c.prompt_id, c.kind, case when p.comment_at = c.changed_at and p.comment <> '' then p.comment end,
            case when p.score_at = c.changed_at then 1 else 0 end
        from change c join prompt p on p.sender_id = c.sender_id and p.id = c.prompt_id
        where c.sender_id = @sender and (c.changed_at, c.id) > (@at, @id) and c.changed_at < @before
        order by c.changed_at, c.id limit @most
        """;

    [StringSyntax("sql")]
    internal const string NotesOfAnswers = "select n.prompt_id, n.id from {rows} join follow_up_note n on n.sender_id = item.sender_id and n.prompt_id = item.prompt_id";

    /// <summary>Notes that were written when the texts of their answer were gone already. People write them by hand: there are few.</summary>
    [StringSyntax("sql")]
    internal const string LateNotes =
        """
        select n.prompt_id, n.id from follow_up_note n join prompt p on p.sender_id = n.sender_id and p.id = n.prompt_id
        where n.sender_id = @sender and (n.prompt_id, n.id) > (@prompt, @id) and n.at < @before and p.score_at < @done
        order by n.prompt_id, n.id limit @most
        """;

    [StringSyntax("sql")]
    internal const string WordsOfText = "select word from text_word where sender_id = @sender and prompt_id = @prompt";

    // What was told at once has one stamp: the score and the comment are two changes of it.
    private readonly HashSet<long> _ofStamp = [];
    private long _at = kept.UpTo.TextsAt;
    private long _id = kept.UpTo.TextsId;
    private bool _walked;
    private (long Prompt, long Id) _lateAfter;

    public override async Task<OldStep?> NextAsync(CancellationToken stop)
    {
        if (!_walked && await NextOfWalkAsync(stop) is { } step) return step;

        _walked = true;
        return await NextLateAsync(stop);
    }

    private async Task<OldStep?> NextOfWalkAsync(CancellationToken stop)
    {
        var (texts, scored) = (new List<SearchedText>(), new List<long>());
        var looked = await db.ReadAsync(
            session => session.Sql(NextChanges)
                .Bind("sender", kept.SenderId).Bind("at", _at).Bind("id", _id).Bind("before", before).Bind("most", StepLength)
                .EachAsync(
                    row =>
                    {
                        if (row.GetInt64(0) != _at) _ofStamp.Clear();
                        (_at, _id) = (row.GetInt64(0), row.GetInt64(1));
                        var prompt = row.GetInt64(2);
                        if ((ChangeKind)row.GetInt32(3) != ChangeKind.Updated || !_ofStamp.Add(prompt)) return;

                        if (row.TextOrNull(4) is { } text) texts.Add(new(kept.SenderId, prompt, text));
                        if (row.Flag(5)) scored.Add(prompt);
                    },
                    stop),
            stop);
        if (looked == 0) return null;

        Looked += looked;
        var words = AreCounted ? [] : await WordsAsync(texts, stop);
        var notes = await db.ReadAsync(session => NotesAsync(session, scored, stop), stop);
        var (at, id) = (_at, _id);
        return new(new(Comments: texts.Count, Notes: notes.Count), async (session, stop) =>
        {
            RemoveTexts(session, texts, words);
            RemoveNotes(session, notes);
            await session.Sql("update retention set texts_at = @at, texts_id = @id where sender_id = @sender").Bind("at", at).Bind("id", id).Bind("sender", kept.SenderId).RunAsync(stop);
            return new(Comments: texts.Count, Notes: notes.Count);
        });
    }

    private async Task<OldStep?> NextLateAsync(CancellationToken stop)
    {
        var notes = await db.ReadAsync(
            session => session.Sql(LateNotes)
                .Bind("sender", kept.SenderId).Bind("prompt", _lateAfter.Prompt).Bind("id", _lateAfter.Id).Bind("before", before).Bind("done", kept.UpTo.TextsAt).Bind("most", StepLength)
                .ListAsync(row => (Prompt: row.GetInt64(0), Id: row.GetInt64(1)), stop),
            stop);
        if (notes.Count == 0) return null;

        _lateAfter = notes[^1];
        Looked += notes.Count;
        return new(new(Notes: notes.Count), (session, _) =>
        {
            RemoveNotes(session, notes);
            return Task.FromResult(new RemovedCounts(Notes: notes.Count));
        });
    }

    private async Task<List<(long Prompt, long Id)>> NotesAsync(Session session, List<long> scored, CancellationToken stop)
    {
        var notes = new List<(long, long)>();
        await session.EachAsync(
            NotesOfAnswers, Rows.Of(scored).Long("sender_id", _ => kept.SenderId).Long("prompt_id", prompt => prompt), row => notes.Add((row.GetInt64(0), row.GetInt64(1))), stop);
        return notes;
    }

    /// <summary>The rows of the search that stand for texts.</summary>
    private async Task<IReadOnlyList<(long Prompt, byte[] Word)>> WordsAsync(IReadOnlyList<SearchedText> texts, CancellationToken stop)
    {
        var words = new List<(long Prompt, byte[] Word)>();
        foreach (var text in texts)
        {
            words.AddRange(SearchTerms.Of(text.Text, out _, out var isCut).Select(word => (text.PromptId, Encoding.UTF8.GetBytes(word))));

            // Releases before wrote all words of the longest texts. Where they are, only the whole index tells; hardly any text is so long.
            if (isCut) words.AddRange(await db.ReadAsync(
                session => session.Sql(WordsOfText).Bind("sender", kept.SenderId).Bind("prompt", text.PromptId).ListAsync(row => (text.PromptId, row.GetBytes(0)), stop), stop));
        }

        return words;
    }

    private void RemoveTexts(Session session, IReadOnlyList<SearchedText> texts, IReadOnlyList<(long Prompt, byte[] Word)> words)
    {
        session.Then(
            "update prompt set comment = '' from {rows} where prompt.sender_id = item.sender_id and prompt.id = item.id",
            Rows.Of(texts).Long("sender_id", text => text.SenderId).Long("id", text => text.PromptId));
        session.Then(
            "delete from text_word where (sender_id, word, prompt_id) in (select sender_id, word, prompt_id from {rows})",
            Rows.Of(words).Long("sender_id", _ => kept.SenderId).Bytes("word", one => one.Word).Long("prompt_id", one => one.Prompt));
        session.Then(
            "delete from unsearched_text where (sender_id, prompt_id) in (select sender_id, prompt_id from {rows})",
            Rows.Of(texts).Long("sender_id", text => text.SenderId).Long("prompt_id", text => text.PromptId));
    }

    private void RemoveNotes(Session session, IReadOnlyList<(long Prompt, long Id)> notes) => session.Then(
        "delete from follow_up_note where (sender_id, prompt_id, id) in (select sender_id, prompt_id, id from {rows})",
        Rows.Of(notes).Long("sender_id", _ => kept.SenderId).Long("prompt_id", note => note.Prompt).Long("id", note => note.Id));
}
