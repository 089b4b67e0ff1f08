namespace Afterword.Server.Webhooks;

/// <summary>What became of one request to an endpoint.</summary>
/// <param name="StartedAt">Unix milliseconds.</param>
/// <param name="Took">Milliseconds.</param>
/// <param name="Status">The status that came, or null.</param>
/// <param name="Error">Why no status came, or null.</param>
/// <param name="Answer">The beginning of the answer's body; empty when there was none.</param>
/// <param name="RetryAfter">How long the endpoint asked to be left alone.</param>
/// <param name="Unreached">No connection came about, so that nothing was sent.</param>
internal sealed record DeliveryAttempt(long StartedAt, long Took, int? Status, string? Error, byte[] Answer, TimeSpan? RetryAfter = null, bool Unreached = false)
{
    private const int Gone = 410;

    /// <summary>For how long the other side takes nothing more, by what it says of its limits; null when it says nothing of that kind.</summary>
    public TimeSpan? LimitedFor { get; init; }

    /// <summary>The endpoint took it over: any 2xx.</summary>
    public bool Succeeded => Status is >= 200 and < 300;

    /// <summary>Taken over without a word: there is nothing to show of it but when, how fast and with which status.</summary>
    public bool IsPlain => Succeeded && Answer.Length == 0;

    /// <summary>What came, in words.</summary>
    public string Reason => Status is { } status ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"it answered {status}") : Error ?? "no answer came";

    /// <summary>The endpoint wants no more of them, ever.</summary>
    public bool IsGone => Status == Gone;
}
