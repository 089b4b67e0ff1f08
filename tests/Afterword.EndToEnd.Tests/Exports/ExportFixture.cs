using System.Net;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>A store with two senders and as much feedback as a test wants, and both ways to get it out.</summary>
internal sealed class ExportFixture : IDisposable
{
    private const string Export = "/1.1/feedback/export.csv";

    // From 2022-01-01 on, a minute apart; snowflakes of the same timestamps. The last of a million has long expired, so no row changes
    // while a test reads it twice.
    private const long From = 1_640_995_200_000;

    private readonly TestFolder _folder = TestFolder.Create("export");

    private ExportFixture(TestStore store, SampleData data) => (Store, Data) = (store, data);

    public TestStore Store { get; }

    public SampleData Data { get; }

    public string[] Place => [$"--{Store.Place.Key.ToLowerInvariant()}", Store.Place.Value];

    public static async Task<ExportFixture> SetAsync(TestStore store, int rows)
    {
        var stage = new ExportFixture(store, await SampleData.SetUpAsync(store, senders: 2, members: 1, customers: 100));
        await stage.FillAsync(rows);
        return stage;
    }

    public Task<ServerProcess> StartServerAsync() => ServerProcess.StartAsync(Store, "Limits:ExportsPer15Minutes=1000000");

    public string Path(string name) => System.IO.Path.Combine(_folder.Path, name);

    public Task<Command> RunAsync(params string[] arguments) => Command.RunAsync(["export", .. arguments, .. Place, "--json"]);

    public async Task<byte[]> FetchAsync(ServerProcess server, string query)
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        var answer = await (await SignedRequest.MakeAsync(Data.Senders[0].Credentials, HttpMethod.Get, Target(query))).SendAsync(http, CancellationToken.None);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Body;
    }

    public async Task<HttpRequestMessage> MessageAsync(string query)
    {
        var signed = await SignedRequest.MakeAsync(Data.Senders[0].Credentials, HttpMethod.Get, Target(query));
        var message = new HttpRequestMessage(HttpMethod.Get, "http://feedback.test" + signed.Target);
        message.Headers.TryAddWithoutValidation("Authorization", signed.Authorization);
        return message;
    }

    private static string Target(string query) => $"{Export}?{query.Replace(" ", "%20", StringComparison.Ordinal)}";

    /// <summary>Feedback of both senders, every tenth a test, every second with a score, every fourth with a text.</summary>
    public async Task FillAsync(int rows, int first = 0)
    {
        foreach (var (sender, place) in Data.Senders.Select((sender, place) => (sender.Id, place)))
        {
            await Store.RunAsync(
                $"""
                insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, external_id,
                    created_at, updated_at, score, score_at, comment, comment_at, agent, tags)
                select @sender, ((at - 1288834974657) << 22) + @place * 2, 1 + i % 100, ((at - 1288834974657) << 22) + @place * 2 + 1, 1 + i % 2,
                    case when i % 10 = 7 then 1 else 0 end, 0, 'How was it?', 'https://furni.example/p', 'ticket_' || i, at, at,
                    case when i % 2 = 1 then i % 5 + 5 * (i % 2) * (i / 10 % 2) end, case when i % 2 = 1 then at + 5 end,
                    case when i % 4 = 1 then 'Line one' || @newline || 'said "' || i || '", é' end, case when i % 4 = 1 then at + 6 end,
                    'Agent ' || (i % 3), 'tag' || (i % 4)
                from (select @from + (n - 1 + @first) * 60000 as at, n - 1 + @first as i from {Store.Numbers}) as f
                """,
                ("sender", sender), ("place", (long)place), ("from", From), ("first", (long)first), ("count", rows), ("newline", "\n"));
            await Store.RunAsync(
                "insert into prompt_tag (sender_id, tag, prompt_id) select sender_id, tags, id from prompt where sender_id = @sender and created_at >= @from",
                ("sender", sender), ("from", From + (first * 60_000L)));
        }
    }

    public void Dispose() => _folder.Dispose();
}
