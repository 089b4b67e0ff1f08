namespace Afterword.Server.Channels;

/// <summary>What sending says. Ids and codes: what the other side answered may hold an address, and is kept in the store.</summary>
internal static partial class ChannelWorkerLog
{
    [LoggerMessage(EventId = 3201, Level = LogLevel.Error, Message = "A look for requests to send failed; the next one comes soon.")]
    public static partial void RoundFailed(ILogger log, Exception error);

    [LoggerMessage(EventId = 3202, Level = LogLevel.Error, Message = "Sending request {Prompt} by {Channel} broke off by our fault; it is tried again when its lease is over.")]
    public static partial void AttemptBroke(ILogger log, Exception error, long prompt, string channel);

    [LoggerMessage(EventId = 3203, Level = LogLevel.Warning, Message = "Attempt {Attempt} to send request {Prompt} by {Channel} came to {Outcome}, status {Status}; the next one is in {Wait}.")]
    public static partial void AttemptFailed(ILogger log, long prompt, string channel, long attempt, AttemptOutcome outcome, int? status, TimeSpan wait);

    [LoggerMessage(EventId = 3204, Level = LogLevel.Warning, Message = "Request {Prompt} by {Channel} is dead after {Attempts} attempts, status {Status}.")]
    public static partial void Died(ILogger log, long prompt, string channel, long attempts, int? status);

    [LoggerMessage(EventId = 3205, Level = LogLevel.Warning, Message = "What became of an attempt to send request {Prompt} by {Channel} was not noted: another node had taken over, which sends it once more.")]
    public static partial void WordRefused(ILogger log, long prompt, string channel);
}
