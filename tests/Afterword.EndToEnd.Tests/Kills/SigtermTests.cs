using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>A server that is asked to stop, by a service manager or by a new version of itself.</summary>
public abstract class SigtermTests
{
    private static int Stops => LongForm.IsOn ? 20 : 2;

    [Fact]
    public async Task A_server_that_is_asked_to_stop_under_load_answers_all_that_it_does()
    {
        var store = await NewStoreAsync();
        var data = await SampleData.SetUpAsync(store, senders: 16, members: 50, customers: 2_000);
        var ledger = new Ledger(data);
        var random = new Random(20);
        for (var stop = 1; stop <= Stops; stop++)
        {
            await using var server = await ServerProcess.StartAsync(store, "Feedback:EventsDelay=00:00:00", "Limits:AnswersPer15Minutes=1000000000");
            using var burst = new Burst(data, ledger, server, connections: 64, random.Next());
            await burst.AcknowledgeAsync(random.Next(100, 600));

            burst.Expect();
            Assert.Equal(0, await server.TerminateAsync());
            await burst.EndAsync();

            var image = await StoreImage.ReadAsync(store);
            Assert.Equal(0, burst.Unanswered);
            Assert.Equal(0, burst.BrokenOff);
            Assert.Equal(0, ledger.CountDoneInSilence(image));
            Assert.Empty(burst.Faults);
            Assert.Empty(Invariants.Check(image, ledger));
            Assert.DoesNotContain(server.Errors, line => line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal));
            ledger.Settle(image);
        }
    }

    private protected abstract Task<TestStore> NewStoreAsync();
}

[Collection(nameof(Loads))]
public sealed class SqliteSigtermTests : SigtermTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
}

[Collection(nameof(Loads))]
public sealed class PostgresSigtermTests : SigtermTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
