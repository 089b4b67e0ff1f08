using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Afterword.Client.Wire;

namespace Afterword.Client;

/// <summary>Turns HTTP answers into values of the wire, or into the exception that says what is wrong.</summary>
internal static class Answers
{
    /// <exception cref="FeedbackApiException">The body is not the value that was asked for.</exception>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using var closing = body.ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("The answer is null.");
        }
        catch (JsonException e)
        {
            throw Foreign(answer, e);
        }
    }

    /// <summary>The answer, which is the caller's to dispose of.</summary>
    /// <exception cref="FeedbackApiException">It is a refusal.</exception>
    public static async Task<HttpResponseMessage> SuccessAsync(
        HttpResponseMessage answer, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode) return answer;

        using (answer)
        {
            throw await RefusalAsync(answer, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What to throw for a success that is not one of this API, such as a proxy's page.</summary>
    public static FeedbackApiException Foreign(HttpResponseMessage answer, Exception? cause = null) =>
        new(answer.StatusCode, [], null, First(answer, "x-transaction-id"), "The server's answer is not one of this API.", cause);

    private static async Task<FeedbackApiException> RefusalAsync(
        HttpResponseMessage answer, TimeProvider clock, CancellationToken cancellationToken)
    {
        var errors = await ErrorsAsync(answer, cancellationToken).ConfigureAwait(false);
        var message = errors.Count > 0
            ? string.Join(" ", errors.Select(error => error.Message))
            : string.Create(CultureInfo.InvariantCulture, $"The server answered with status {(int)answer.StatusCode} and no reason.");

        return new(answer.StatusCode, errors, RetryAt(answer, clock), First(answer, "x-transaction-id"), message);
    }

    private static async Task<IReadOnlyList<ErrorJson>> ErrorsAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using var closing = body.ConfigureAwait(false);
            var read = await JsonSerializer.DeserializeAsync(body, WireJson.Default.ErrorsJson, cancellationToken).ConfigureAwait(false);
            return read?.Errors ?? [];
        }
        catch (JsonException)
        {
            // A proxy between us and the server answers with a page of its own; the status still says what happened.
            return [];
        }
    }

    private static DateTimeOffset? RetryAt(HttpResponseMessage answer, TimeProvider clock)
    {
        // A duration first: it holds even if the two clocks disagree.
        if (answer.Headers.RetryAfter?.Delta is { } wait) return After(clock.GetUtcNow(), wait);
        if (answer.Headers.RetryAfter?.Date is { } date) return date;

        var isLimit = answer.StatusCode is HttpStatusCode.TooManyRequests;
        var isTime = long.TryParse(First(answer, "x-rate-limit-reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset);
        return isLimit && isTime && reset <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(reset)
            : null;
    }

    private static DateTimeOffset After(DateTimeOffset now, TimeSpan wait) =>
        wait > DateTimeOffset.MaxValue - now ? DateTimeOffset.MaxValue : now + wait;

    private static string? First(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) ? values.FirstOrDefault() : null;
}
