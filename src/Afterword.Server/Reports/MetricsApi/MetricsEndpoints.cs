using Afterword.Client.Wire;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Reports.MetricsApi;

/// <summary>The Overview for a sender's programs.</summary>
internal static class MetricsEndpoints
{
    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/1.1/feedback/metrics.json", Metrics)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Metrics)).Describe(MetricsReference.Read);

    private static async Task Metrics(HttpContext http, SignedCall call, Store store, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var (query, breakdown) = (OverviewQuery.Parse(read), OverviewQuery.ParseSlice(read, "breakdown"));
        read.RefuseUnknown();
        if (await http.RefusedAsync(read, call, clock)) return;

        if (await Overview.ReadAsync(store.Main, call.Caller.UserId, query, clock.GetUtcNow(), http.RequestAborted) is { } overview)
        {
            await http.AnswerAsync(200, MetricsWire.Of(overview, breakdown), WireJson.Default.MetricsJson);
            return;
        }

        // It is counted anew, which takes a moment for most senders, and some minutes for millions of requests.
        await http.RefuseAsync(ApiError.Overloaded);
    }
}
