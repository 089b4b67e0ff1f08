using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.Search;

/// <summary>A text whose words are to be written.</summary>
internal sealed record SearchedText(long SenderId, long PromptId, string Text);

/// <summary>The words of the texts, written in the transaction that writes the text.</summary>
internal static class SearchIndex
{
    public static void Write(Session session, IReadOnlyList<SearchedText> texts)
    {
        if (texts.Count == 0) return;

        session.Then(
            "insert into text_word (sender_id, word, prompt_id) select sender_id, word, prompt_id from {rows} where true on conflict (sender_id, word, prompt_id) do nothing",
            Rows.Of(WordsOf(texts)).Long("sender_id", one => one.Text.SenderId).Bytes("word", one => one.Word).Long("prompt_id", one => one.Text.PromptId));
    }

    /// <summary>The rows that stand for texts.</summary>
    public static IReadOnlyList<(SearchedText Text, byte[] Word)> WordsOf(IEnumerable<SearchedText> texts) =>
        [.. texts.SelectMany(text => SearchTerms.Of(text.Text), (text, word) => (text, Encoding.UTF8.GetBytes(word)))];
}

/// <summary>Writes the words of the texts that were there before there was a search: some hundred at a time, beside whatever else is written.</summary>
/// <remarks>A chunk is a transaction that takes its texts off the list. Two nodes may do the same ones: the words are the same.</remarks>
internal sealed class BackfillSearch(Store store)
{
    private const long Chunk = 200;

    /// <summary>Whether texts are still missing, so that a page can say that not everything is found yet.</summary>
    public Task<bool> IsBehindAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select prompt_id from unsearched_text where sender_id = @sender limit 1").Bind("sender", sender).FirstAsync(_ => true, stop), stop);

    /// <summary>Gives how many texts were done.</summary>
    public async Task<long> RunAsync(CancellationToken stop)
    {
        for (var done = 0L; ;)
        {
            var chunk = await store.Main.WriteAsync(session => StepAsync(session, stop), stop);
            if (chunk == 0) return done;
            done += chunk;
        }
    }

    private static async Task<int> StepAsync(Session session, CancellationToken stop)
    {
        var texts = await session.Sql(
            """
            select p.sender_id, p.id, p.comment from unsearched_text u join prompt p on p.sender_id = u.sender_id and p.id = u.prompt_id
            where p.comment is not null order by u.sender_id, u.prompt_id limit @chunk
            """)
            .Bind("chunk", Chunk).ListAsync(row => new SearchedText(row.GetInt64(0), row.GetInt64(1), row.GetString(2)), stop);
        SearchIndex.Write(session, texts);
        session.Then(
            "delete from unsearched_text where (sender_id, prompt_id) in (select sender_id, prompt_id from {rows})",
            Rows.Of(texts).Long("sender_id", text => text.SenderId).Long("prompt_id", text => text.PromptId));
        return texts.Count;
    }
}

/// <summary>Fills the search once, when the server starts.</summary>
internal sealed partial class SearchIndexWorker(Store store, BackfillSearch fill, TimeProvider clock, ILogger<SearchIndexWorker> log) : BackgroundService
{
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!await FillAsync(stoppingToken)) await Task.Delay(s_again, clock, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The server stops; the next start goes on.
        }
    }

    private async Task<bool> FillAsync(CancellationToken stop)
    {
        try
        {
            if (await fill.RunAsync(stop) is > 0 and var texts) Filled(log, texts);
            return true;
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!store.Faults.Tell(error)) FillFailed(log, error);
            return false;
        }
    }

    [LoggerMessage(EventId = 5104, Level = LogLevel.Information, Message = "{Texts} texts from before can be searched now.")]
    private static partial void Filled(ILogger log, long texts);

    [LoggerMessage(EventId = 5105, Level = LogLevel.Error, Message = "Texts from before could not be made searchable; it goes on in a minute.")]
    private static partial void FillFailed(ILogger log, Exception error);
}
