using System.Diagnostics;
using Afterword.Server.Changes;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Webhooks;

/// <summary>What every worker works with.</summary>
internal sealed record EndpointWorkerContext(
    Store Store, Leases Leases, Settlements Settlements, RetryNow RetryNow, WebhookSender Sender, OutgoingConnections Connections, RetrySchedule Schedule, Settings Settings,
    TimeProvider Clock, ILogger<WebhookWorker> Log)
{
    // While the store does not answer, it is asked again this often.
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);

    /// <summary>A change as an endpoint gets it.</summary>
    public byte[] BodyOf(WebhookTarget target, OutboxEntry told) => told.BodyFor(target.Room, Settings.PublicBase);

    /// <summary>Begins the span of an attempt: the first delivery of a request goes on in the trace of the call that made it, where that is known.</summary>
    public Activity? Trace(Delivery delivery) => Tracing.Source.HasListeners()
        ? Tracing.Source.StartActivity("webhook.deliver", ActivityKind.Producer, delivery.Event.Change.Kind == ChangeKind.Created ? Store.Traces.Of(delivery.PromptId) : default)
        : null;

    /// <summary>Reads or writes, again and again while the store does not answer: a worker that ended would lose what it has not noted yet.</summary>
    public async Task<T> UntilStoredAsync<T>(Func<Task<T>> work, CancellationToken abort)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (Exception error) when (Store.Faults.Tell(error))
            {
                // If it takes so long that the lease runs out, the fence will refuse it, and someone else delivers once more.
                await Task.Delay(s_again, abort);
            }
        }
    }
}
