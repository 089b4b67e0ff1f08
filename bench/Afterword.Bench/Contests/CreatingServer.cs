using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;

namespace Afterword.Bench.Contests;

/// <summary>A server with a store of its own that is sent signed create calls of many senders in turn.</summary>
internal sealed class CreatingServer(ChildProcess server, Contender contender) : IAsyncDisposable
{
    public const int Connections = 64;
    public const int Senders = 50;

    public Contender Contender => contender;

    /// <param name="bench">Starts it.</param>
    /// <param name="benchServer">Its store and settings.</param>
    /// <param name="program">Another build than the one that is measured; null for that. It must be able to serve beside this one: the store has this build's schema.</param>
    public static async Task<CreatingServer> StartAsync(BenchEnvironment bench, BenchServer benchServer, string? program = null)
    {
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync()) users = await SampleUsers.CreateAsync(store, Senders);

        var server = await bench.StartServerAsync(benchServer, program);
        return new(server, new Once(bench, server, Connections, 5_000, new CreateRequests(new RequestWriter(server.Address.ToString()), users, together: Senders).Begin));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
