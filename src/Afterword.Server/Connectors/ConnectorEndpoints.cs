using System.Buffers;
using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Reference;
using Microsoft.AspNetCore.Http.Extensions;

namespace Afterword.Server.Connectors;

/// <summary>The addresses of connectors. Helpdesks switch off what answers 4xx: whatever is decided, a delivery that is signed rightly gets 200.</summary>
internal static class ConnectorEndpoints
{
    /// <summary>The most bytes of a delivery.</summary>
    public const int MostBytes = 1024 * 1024;

    // No helpdesk waits longer for an answer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    public static void MapConnectorAddresses(this IEndpointRouteBuilder routes)
    {
        routes.MapGet($"{ConnectorAddress.PathPrefix}{{token}}", Look).Describe(ConnectorReference.Look);
        routes.MapPost($"{ConnectorAddress.PathPrefix}{{token}}", Take).WithMetadata(new BodyLimit(MostBytes)).Describe(ConnectorReference.Take);
    }

    private static async Task Look(HttpContext http, string token, ConnectorGate gate, FindConnector find)
    {
        if (await ConnectorAsync(http, token, gate, find) is not null) await http.AnswerAsync(200, new(Ready: true), ConnectorsJson.Default.ConnectorReadyJson);
    }

    private static async Task Take(HttpContext http, string token, ConnectorGate gate, FindConnector find, ReceiveDelivery receive, Settings settings, TimeProvider clock)
    {
        if (await ConnectorAsync(http, token, gate, find) is not { } connector) return;

        var (body, problem) = await ReadAsync(http, clock);
        if (body is null)
        {
            await RefuseAsync(http, problem, problem == 413 ? "At most 1 MiB." : "The body did not come in time.");
            return;
        }

        var request = new IncomingRequest(http.Request.Method, UriOf(http, settings), name => http.Request.Headers[name] is [{ } only] ? only : null, body.Value);
        switch (await receive.RunAsync(connector, request, http.OwnBase(settings), test: false, http.RequestAborted))
        {
            case ReceiveOutcome.Challenged(var challenge):
                await http.AnswerAsync(200, new(challenge), ConnectorsJson.Default.ChallengeJson);
                break;
            case ReceiveOutcome.Refused(var why):
                if (gate.IsNoted(connector.Key)) await find.NoteRefusedAsync(connector.Key, why, http.RequestAborted);
                await RefuseAsync(http, 401, why);
                break;
            case ReceiveOutcome.TooMany:
                await RefuseAsync(http, 413, string.Create(CultureInfo.InvariantCulture, $"At most {ReceiveDelivery.MostEvents} events in a list."));
                break;
            case ReceiveOutcome.Decided(var events):
                await http.AnswerAsync(200, DeliveryDecisionJson.Of(events), ConnectorsJson.Default.DeliveryDecisionJson);
                break;
        }
    }

    /// <summary>Finds the connector before anything of the body is read; null after a refusal.</summary>
    private static async Task<Connector?> ConnectorAsync(HttpContext http, string token, ConnectorGate gate, FindConnector find)
    {
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        if (!gate.TryPass(token, http.Connection.RemoteIpAddress))
        {
            http.Response.Headers.RetryAfter = gate.SecondsToWait.ToString(CultureInfo.InvariantCulture);
            await RefuseAsync(http, 429, "Too many requests.");
            return null;
        }

        // Unknown, mistyped and removed ones look the same.
        var connector = ConnectorAddress.TryParse(token, out var address) ? await find.ByAddressAsync(address, http.RequestAborted) : null;
        if (connector is null)
        {
            gate.CountGuess(http.Connection.RemoteIpAddress);
            await RefuseAsync(http, 404, "There is no such connector.");
        }

        return connector;
    }

    /// <summary>Reads the body; what is beyond the limit is read and thrown away by the server, so that the answer is seen.</summary>
    private static async Task<(ReadOnlyMemory<byte>? Body, int Problem)> ReadAsync(HttpContext http, TimeProvider clock)
    {
        if (http.Request.ContentLength > MostBytes) return (null, 413);

        using var patience = new CancellationTokenSource(s_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, http.RequestAborted);
        var body = new ArrayBufferWriter<byte>((int)Math.Max(http.Request.ContentLength ?? 0, 1024));
        try
        {
            while (true)
            {
                var read = await http.Request.Body.ReadAsync(body.GetMemory(1024), either.Token);
                if (read == 0) return (body.WrittenMemory, 0);

                body.Advance(read);
                if (body.WrittenCount > MostBytes) return (null, 413);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            return (null, 408);
        }
    }

    // As the other side knows the address: it signs that.
    private static string UriOf(HttpContext http, Settings settings) => $"{http.PublicBase(settings)}{UriHelper.BuildRelative(http.Request.PathBase, http.Request.Path, http.Request.QueryString)}";

    private static Task RefuseAsync(HttpContext http, int status, string error) => http.AnswerAsync(status, new(error), ConnectorsJson.Default.DeliveryRefusedJson);
}
