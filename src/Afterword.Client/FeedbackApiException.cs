using System.Net;
using Afterword.Client.Wire;

namespace Afterword.Client;

/// <summary>The server answered, and the answer is a refusal or not one of this API.</summary>
/// <remarks>The message is that of all errors. A server that cannot be reached is an <see cref="HttpRequestException"/>.</remarks>
public sealed class FeedbackApiException : Exception
{
    internal FeedbackApiException(
        HttpStatusCode status, IReadOnlyList<ErrorJson> errors, DateTimeOffset? retryAt, string? transactionId,
        string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Status = status;
        Errors = errors;
        RetryAt = retryAt;
        TransactionId = transactionId;
    }

    /// <summary>The HTTP status of the answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The code of the first error, e.g. 88 for a reached limit; 0 if the answer has none.</summary>
    public int Code => Errors is [var first, ..] ? first.Code : 0;

    /// <summary>Every error of the answer, in its order; empty if it was none of this API's, such as a proxy's page.</summary>
    public IReadOnlyList<ErrorJson> Errors { get; }

    /// <summary>
    /// When a repetition may succeed, by the client's clock: <c>Retry-After</c>, or for a reached limit
    /// <c>x-rate-limit-reset</c>. <see langword="null"/> if the server names no time.
    /// </summary>
    public DateTimeOffset? RetryAt { get; }

    /// <summary>What the operator looks for in the logs of a server's fault; <see langword="null"/> if there is none.</summary>
    public string? TransactionId { get; }
}
