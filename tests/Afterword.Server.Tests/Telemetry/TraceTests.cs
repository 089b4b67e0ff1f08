using System.Diagnostics;
using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Tests.Abuse;
using Afterword.Server.Tests.Automation;
using Afterword.Server.Tests.Channels;
using Afterword.Server.Tests.Connectors;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace Afterword.Server.Tests.Telemetry;

/// <summary>What a request's trace shows.</summary>
[Collection(nameof(Alone))]
public abstract class TraceTests(Engine engine) : IAsyncLifetime
{
    private readonly List<Activity> _spans = [];
    private Receiver _collector = null!;
    private Receiver _receiver = null!;
    private FeedbackFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        (_collector, _receiver) = (await Receiver.StartAsync(), await Receiver.StartAsync());
        var server = await TestServer.StartAsync(
            engine, services => services.ConfigureOpenTelemetryTracerProvider(traces => traces.AddInMemoryExporter(_spans)), "Telemetry:TraceShare=1", $"Telemetry:Otlp={_collector.Url.GetLeftPart(UriPartial.Authority)}",
            "Telemetry:OtlpProtocol=http", "Webhooks:AllowPlainHttp=true", "Webhooks:AllowPrivateAddresses=true", "Webhooks:PollEvery=00:00:00.05", "Limits:RecipientInterval=00:00:00");
        _fixture = await FeedbackFixture.OnAsync(server);
        server.Get<WebhookWorker>().Linger = TimeSpan.Zero;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
        await _collector.DisposeAsync();
    }

    [Fact]
    public async Task A_create_shows_verification_queue_batch_commit_and_delivery_in_one_trace_without_a_value_of_its_path()
    {
        await _fixture.Server.Get<Endpoints>().AddAsync(_fixture.Furni.Id, new Uri(_receiver.Url, "/PLANTEDPATH"), null, Approval.NeededIfOwned, default);
        await _fixture.AskAsync("csat", ("include_card", "true"), ("external_id", "PLANTEDREFERENCE"));
        await _fixture.Server.Get<WebhookWorker>().DrainAsync(TestContext.Current.CancellationToken);
        (await _fixture.Server.SendAsync(null, HttpMethod.Get, "/f/PLANTEDLINK?planted=PLANTEDQUERY", null, request => request.Headers.UserAgent.ParseAdd("PLANTEDBROWSER/1"))).Is(404);
        await _fixture.Server.Server.DisposeAsync();

        var request = Assert.Single(_spans, span => span.DisplayName == "POST /1.1/feedback/create.json");
        var trace = _spans.Where(span => span.TraceId == request.TraceId && span.Source.Name is not "Npgsql").ToArray();
        Assert.Equal(
            ["verify", "webhook.deliver", "write.batch", "write.batch", "write.commit", "write.commit", "write.queue", "write.queue"],
            trace.Where(span => span != request).Select(span => span.OperationName).Order(StringComparer.Ordinal));

        var verify = Assert.Single(trace, span => span.OperationName == "verify");
        Assert.Equal(request.SpanId, verify.ParentSpanId);

        // The nonce is written while the request is verified, the request afterwards.
        foreach (var caller in (Activity[])[verify, request])
        {
            var batch = Assert.Single(trace, span => span.OperationName == "write.batch" && span.ParentSpanId == caller.SpanId);
            var queue = Assert.Single(trace, span => span.OperationName == "write.queue" && span.ParentSpanId == caller.SpanId);
            Assert.Equal(batch.SpanId, Assert.Single(queue.Links).Context.SpanId);
            Assert.Equal(caller.SpanId, Assert.Single(batch.Links).Context.SpanId);
            Assert.Equal(batch.SpanId, Assert.Single(trace, span => span.OperationName == "write.commit" && span.ParentSpanId == batch.SpanId).ParentSpanId);
        }

        Assert.Equal(request.SpanId, Assert.Single(trace, span => span.OperationName == "webhook.deliver").ParentSpanId);
        Assert.All(_spans, span => Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains("PLANTED", StringComparison.OrdinalIgnoreCase)));

        // Nothing of it on the wire either, and nothing for the receiver of the webhook.
        Assert.Contains(_collector.All, sent => sent.Path == "/v1/traces" && Encoding.UTF8.GetString(sent.Body).Contains("write.batch", StringComparison.Ordinal));
        Assert.Contains(_collector.All, sent => sent.Path == "/v1/metrics" && Encoding.UTF8.GetString(sent.Body).Contains("afterword.creates", StringComparison.Ordinal));
        Assert.All(_collector.All, sent => Assert.DoesNotContain("PLANTED", Encoding.UTF8.GetString(sent.Body), StringComparison.OrdinalIgnoreCase));
        Assert.Single(_receiver.All);
    }

    [Fact]
    public async Task A_collector_hears_neither_the_address_of_a_connector_nor_its_secret_nor_what_came_nor_a_helpdesks_token_and_words()
    {
        await using var desk = await HelpdeskServer.StartAsync();
        var world = new ConnectorFixture(new RulesFixture(_fixture));
        await world.Rules.RuleAsync(RulesFixture.Everybody());
        await world.Server.Get<SenderHelpdesks>().SetAsync(world.Furni, desk.Of(HelpdeskKind.Chatwoot, "PLANTEDTOKEN"), default);
        desk.Instead = async (http, _) =>
        {
            http.Response.StatusCode = 500;
            await http.Response.WriteAsync("""{"error":"PLANTEDWORDS"}""");
            return true;
        };
        var connector = await world.AddAsync("chatwoot");
        var body = Recorded.Chatwoot.Replace("SECRETTEXT", "PLANTEDTEXT", StringComparison.Ordinal).Replace("mia@", "PLANTED@", StringComparison.Ordinal).Replace("Ana", "PLANTEDAGENT", StringComparison.Ordinal);
        (await world.SendAsync(connector, Encoding.UTF8.GetBytes(body), "PLANTEDWRONG")).Is(401);
        Assert.Equal("scheduled", (await world.SendAsync(connector, body)).Told);
        await world.Rules.DrainAsync();
        await world.Server.Get<ChannelWorker>().DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal("PLANTEDTOKEN", Assert.Single(desk.Writes).AccessToken);
        await world.Server.Server.DisposeAsync();

        // The route alone tells where it came to.
        Assert.Equal(2, _spans.Count(span => span.DisplayName == "POST /in/{token}"));
        var sent = Assert.Single(_spans, span => span.OperationName == "channel.send");
        Assert.Equal("conversation", sent.GetTagItem("afterword.channel"));
        string[] planted = ["PLANTED", connector.Path[4..]];
        Assert.All(_spans, span => Assert.DoesNotContain(span.TagObjects, tag => planted.Any(text => $"{tag.Value}".Contains(text, StringComparison.OrdinalIgnoreCase))));
        Assert.Contains(_collector.All, one => one.Path == "/v1/metrics" && Encoding.UTF8.GetString(one.Body).Contains("afterword.dispatches", StringComparison.Ordinal));
        Assert.All(_collector.All, one => Assert.All(planted, text => Assert.DoesNotContain(text, Encoding.UTF8.GetString(one.Body), StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task A_batch_of_many_requests_is_linked_with_each()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _fixture.AskAsync()));
        await _fixture.Server.Server.DisposeAsync();

        // However they were put together: each request has led to a batch that names it.
        var requests = _spans.Where(span => span.DisplayName == "POST /1.1/feedback/create.json").ToArray();
        Assert.Equal(8, requests.Length);
        foreach (var request in requests)
        {
            var queue = Assert.Single(_spans, span => span.OperationName == "write.queue" && span.ParentSpanId == request.SpanId);
            var batch = Assert.Single(_spans, span => span.OperationName == "write.batch" && span.SpanId == Assert.Single(queue.Links).Context.SpanId);
            Assert.Contains(batch.Links, link => link.Context.SpanId == request.SpanId);
        }
    }
}

public sealed class SqliteTraceTests() : TraceTests(Engine.Sqlite);

public sealed class PostgresTraceTests() : TraceTests(Engine.Postgres);
