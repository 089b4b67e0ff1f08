using Afterword.Client.Wire;

namespace Afterword.Client;

/// <content>What answers come to.</content>
public sealed partial class FeedbackClient
{
    /// <summary>Reads the sender's metrics of a period, with their intervals and their change since the period before.</summary>
    /// <param name="filter">Of which answers; by default the last 30 days.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <exception cref="FeedbackApiException">The server refused; 503 while it counts, e.g. after its time zone was changed.</exception>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<MetricsJson> MetricsAsync(MetricsFilter? filter = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address("metrics.json", (filter ?? new()).ToQuery()));
        return await SendAsync(request, WireJson.Default.MetricsJson, cancellationToken).ConfigureAwait(false);
    }
}
