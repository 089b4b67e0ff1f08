using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Afterword.Client.Webhooks;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>Against the reference implementation of Standard Webhooks, the npm package of that name, run by node.</summary>
public sealed class WebhookReferenceTests : IAsyncLifetime
{
    private const string Now = "2016-01-04T19:45:37Z";

    private static readonly DateTimeOffset s_now = DateTimeOffset.Parse(Now, CultureInfo.InvariantCulture);

    private RunningProgram _reference = null!;

    public ValueTask InitializeAsync()
    {
        var folder = typeof(WebhookReferenceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "NodeFolder").Value!;
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules")), $"Its packages are missing. Run ./test, or: npm ci --prefix {folder}");
        _reference = new RunningProgram(folder, "node", ["reference.mjs"]);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Both_sign_alike()
    {
        foreach (var delivery in Deliveries(200))
        {
            var signed = await AskAsync("sign", delivery);
            Assert.Equal(delivery.Signature, signed);
            Assert.Equal(signed, WebhookSecret.Parse(Delivery.Secret).Sign(delivery.Id!, Instant(delivery.Timestamp!), delivery.Body));
        }
    }

    [Fact]
    public async Task What_one_signs_the_other_accepts()
    {
        foreach (var delivery in Deliveries(200))
        {
            var signed = delivery with { Signature = await AskAsync("sign", delivery) };
            Assert.IsType<WebhookOutcome.Accepted>(Verify(signed));
            Assert.Equal("accepted", await AskAsync("verify", delivery));
        }
    }

    [Fact]
    public async Task What_was_tampered_with_neither_accepts()
    {
        foreach (var good in Deliveries(50))
        {
            Delivery[] tampered =
            [
                good with { Id = good.Id + "0" },
                good with { Timestamp = (long.Parse(good.Timestamp!, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture) },
                good with { Body = [.. good.Body[..^1], (byte)' ', (byte)'}'] },
                good with { Signature = "v1," + Convert.ToBase64String(new byte[32]) },
                good with { Signature = "v2" + good.Signature![2..] },
                good with { Signature = good.Signature![..^4] },
                good with { Signature = Delivery.Sign(good.Id!, good.Timestamp!, good.Body, Delivery.OtherSecret) },
                good with { Signature = "" },
                Delivery.Of(s_now.AddSeconds(-301), good.Id!, good.Body),
                Delivery.Of(s_now.AddSeconds(301), good.Id!, good.Body),
            ];
            foreach (var delivery in tampered)
            {
                Assert.IsType<WebhookOutcome.Refused>(Verify(delivery));
                Assert.Equal("refused", await AskAsync("verify", delivery));
            }
        }
    }

    [Fact]
    public async Task Both_end_their_tolerance_at_the_same_second()
    {
        foreach (var seconds in new[] { -300, 300 })
        {
            var delivery = Delivery.Of(s_now.AddSeconds(seconds));
            Assert.IsType<WebhookOutcome.Accepted>(Verify(delivery));
            Assert.Equal("accepted", await AskAsync("verify", delivery));
        }
    }

    public ValueTask DisposeAsync() => _reference?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Events with every kind of text in them, sent within the tolerance.</summary>
    private static IEnumerable<Delivery> Deliveries(int count)
    {
        var random = new Random(1);
        for (var i = 0; i < count; i++)
        {
            var change = JsonNode.Parse(Delivery.Event)!;
            change["feedback"]!["external_id"] = random.Text(40);
            yield return Delivery.Of(
                s_now.AddSeconds(random.Next(-300, 300)), random.Next().ToString(CultureInfo.InvariantCulture), Encoding.UTF8.GetBytes(change.ToJsonString()));
        }
    }

    private static WebhookOutcome Verify(Delivery delivery) =>
        new WebhookVerifier(WebhookSecret.Parse(Delivery.Secret), clock: new ManualClock(Now)).Verify(delivery.Header, delivery.Body);

    private static DateTimeOffset Instant(string timestamp) => DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp, CultureInfo.InvariantCulture));

    private async Task<string> AskAsync(string what, Delivery delivery)
    {
        var question = new JsonObject
        {
            ["do"] = what, ["secret"] = Delivery.Secret, ["id"] = delivery.Id, ["timestamp"] = delivery.Timestamp, ["signature"] = delivery.Signature,
            ["body"] = Encoding.UTF8.GetString(delivery.Body), ["now"] = s_now.ToUnixTimeSeconds(),
        };
        return JsonNode.Parse(await _reference.AskAsync(question.ToJsonString()))!.GetValue<string>();
    }
}
