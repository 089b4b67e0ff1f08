using System.Text.Json;
using Afterword.Support;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>The order in which the events of one feedback came.</summary>
internal static class Order
{
    /// <summary>0 for the creation, 1 for the first answer, 2 for the second: read off the event itself.</summary>
    public static int[] Of(IEnumerable<Received> requests) => [.. requests.Select(Place)];

    public static int Place(Received got)
    {
        if (!got.Json.GetProperty("feedback").TryGetProperty("response", out var response)) return 0;
        return response.TryGetProperty("score", out JsonElement _) && response.TryGetProperty("text", out _) ? 2 : 1;
    }
}
