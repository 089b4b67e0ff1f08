using System.Globalization;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>A customer opens a card, and chooses a score: the second writes, and each card takes it once.</summary>
internal static class Cards
{
    private const int Connections = 64;
    private const int Senders = 20;

    public static async Task RunAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await RunAsync(bench, Senders, async deck =>
        {
            tell(Result.Of("card page GET, SQLite", await deck.OpenAsync(), "bare endpoint", 0.5));
            tell(Result.Of($"score POST, SQLite, {Senders} senders at once", await deck.ScoreAsync(), "bare endpoint", null));
        });

        // As the create calls of its neighbour row: the log of changes and the low scores then grow in one place, not in twenty.
        await RunAsync(bench, 1, async deck => tell(Result.Of("score POST, SQLite, one sender", await deck.ScoreAsync(), "bare endpoint", 0.25)));
    }

    private static async Task RunAsync(BenchEnvironment bench, int senders, Func<Deck, Task> measure)
    {
        var benchServer = BenchServer.Sqlite(bench.NewFolder("store"));
        var cards = bench.IsQuick ? 400_000 : 1_200_000;
        string[] paths;
        await using (var store = await benchServer.OpenAsync())
        {
            var history = new History(store, await SampleUsers.CreateAsync(store, senders), cards, days: 20);
            await history.WriteAsync();
            paths = await history.OpenCardsAsync(cards);
        }

        await using var server = await bench.StartServerAsync(benchServer);
        var page = await Exchange.SendAsync(server.Address, new RequestWriter(server.Address.ToString()).Open(paths[0]));
        await using var bare = await bench.StartBareAsync(("card.html", page.Body));
        await measure(new(bench, server, bare, paths));
    }

    /// <summary>Cards nobody has answered yet, in a scattered order, with a server that has them and the bare endpoint.</summary>
    private sealed class Deck(BenchEnvironment bench, ChildProcess server, ChildProcess bare, string[] paths)
    {
        private readonly RequestWriter _writer = new(server.Address.ToString());
        private int _next;

        public Task<Duel> OpenAsync() => RunAsync(20_000, () => i => _writer.Open(paths[Scatter(i)]));

        // Every run goes on where the last one stopped; what a file had left over is not used.
        public Task<Duel> ScoreAsync() => RunAsync(6_000, () =>
        {
            var first = _next;
            return i =>
            {
                var place = first + i;
                InterlockedMax(ref _next, place + 1);
                if (place >= paths.Length) throw new InvalidOperationException("There are not enough cards for so many scores.");

                var card = Scatter(place);
                return _writer.Submit(paths[card], ("language", "en"), ("score", (card % 11).ToString(CultureInfo.InvariantCulture)));
            };
        });

        private Task<Duel> RunAsync(int expected, Func<Func<int, byte[]>> begin)
        {
            var real = new Once(bench, server, Connections, expected, begin);
            return Duel.RunAsync(bench, real, new Again(bare, Connections, real));
        }

        private long Scatter(int i) => i * 7919L % paths.Length;
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value; seen = Volatile.Read(ref target)) Interlocked.CompareExchange(ref target, value, seen);
    }
}
