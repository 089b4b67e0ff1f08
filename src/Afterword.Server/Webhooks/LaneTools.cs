using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>What every lane works with.</summary>
internal sealed record LaneTools(
    Store Store, Leases Leases, Settlements Settlements, RetryNow RetryNow, WebhookSender Sender, OutgoingConnections Connections, RetrySchedule Schedule, Settings Settings,
    TimeProvider Clock, ILogger<Dispatcher> Log)
{
    // While the store does not answer, a write is tried again this often.
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);

    /// <summary>Writes what must not get lost, and tries again while the store does not answer.</summary>
    public async Task<T> UntilStoredAsync<T>(Func<Task<T>> write, CancellationToken abort)
    {
        while (true)
        {
            try
            {
                return await write();
            }
            catch (Exception error) when (Store.Faults.Tell(error))
            {
                // If it takes so long that the lease runs out, the fence will refuse it, and somebody else delivers once more.
                await Task.Delay(s_again, abort);
            }
        }
    }
}
