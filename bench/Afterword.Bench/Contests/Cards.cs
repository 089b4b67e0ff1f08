using System.Globalization;
using Afterword.Bench.Load;
using Afterword.Bench.Report;
using Afterword.Bench.Stage;

namespace Afterword.Bench.Contests;

/// <summary>A customer opens a card, and chooses a score: the second writes, and each card takes it once.</summary>
internal static class Cards
{
    private const int Connections = 64;
    private const int Senders = 20;

    public static async Task RunAsync(Ground ground, Action<Figure> tell)
    {
        var site = Site.Sqlite(ground.NewFolder("store"));
        var cards = ground.IsQuick ? 300_000 : 800_000;
        string[] paths;
        await using (var store = await site.OpenAsync())
        {
            var history = new History(store, await Cast.CreateAsync(store, Senders), cards, days: 20);
            await history.WriteAsync();
            paths = await history.OpenCardsAsync(cards);
        }

        await using var server = await ground.StartServerAsync(site);
        var writer = new RequestWriter(server.Address.ToString());
        byte[] Open(int i) => writer.Open(paths[Scatter(i, cards)]);
        byte[] Score(int i) => writer.Submit(paths[i], ("language", "en"), ("score", (i % 11).ToString(CultureInfo.InvariantCulture)));

        var page = await Exchange.SendAsync(server.Address, Open(0));
        await using var bare = await ground.StartBareAsync(("card.html", page.Body));

        var opened = new Once(ground, server, Connections, 20_000, () => Open);
        tell(Figure.Of("card page GET, SQLite", await Duel.RunAsync(ground, opened, new Again(bare, Connections, opened)), "bare endpoint", 0.5));

        // Every run goes on where the last one stopped; what a file had left over is not used.
        var first = 0;
        var next = 0;
        Func<int, byte[]> Begin()
        {
            first = next;
            return i =>
            {
                var place = first + i;
                InterlockedMax(ref next, place + 1);
                return place < cards ? Score((int)Scatter(place, cards)) : throw new InvalidOperationException("There are not enough cards for so many scores.");
            };
        }

        var scored = new Once(ground, server, Connections, 6_000, Begin);
        tell(Figure.Of("score POST, SQLite", await Duel.RunAsync(ground, scored, new Again(bare, Connections, scored)), "bare endpoint", 0.25));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value; seen = Volatile.Read(ref target)) Interlocked.CompareExchange(ref target, value, seen);
    }

    private static long Scatter(int i, int range) => i * 7919L % range;
}
