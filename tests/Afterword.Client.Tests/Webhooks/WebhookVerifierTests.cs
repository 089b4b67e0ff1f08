using System.Globalization;
using System.Text;
using System.Text.Json;
using Afterword.Client.Webhooks;
using Afterword.Client.Wire;

namespace Afterword.Client.Tests.Webhooks;

public sealed class WebhookVerifierTests
{
    private static readonly WebhookSecret s_secret = WebhookSecret.Parse(Delivery.Secret);
    private static readonly WebhookSecret s_other = WebhookSecret.Parse(Delivery.OtherSecret);

    private readonly ManualClock _clock = new("2016-01-04T19:45:37.900Z");

    private Delivery Good => Delivery.Of(_clock.GetUtcNow());

    [Fact]
    public void A_signed_event_is_read_with_its_id()
    {
        var webhook = Accepted(Good);
        Assert.Equal("684095374270562306", webhook.Id);
        Assert.Equal(DateTimeOffset.Parse("2016-01-04T19:45:37Z", CultureInfo.InvariantCulture), webhook.SentAt);
        Assert.Equal(Delivery.Event, JsonSerializer.SerializeToUtf8Bytes(webhook.Event, WireJson.Default.FeedbackEventJson));
    }

    [Fact]
    public void The_published_vector_is_signed_right_and_is_no_event()
    {
        // The vector's body is not one of ours. That it gets as far as this says that its signature was accepted.
        var vector = new Delivery(
            "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", """{"test": 2432232314}"""u8.ToArray());
        var verifier = new WebhookVerifier(s_secret, clock: new ManualClock("2021-02-25T15:02:10Z"));
        Assert.Equal(WebhookRefusal.NotAnEvent, Refused(vector, verifier));
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(vector with { Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd" }, verifier));
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(vector with { Signature = "v1," }, verifier));
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(vector with { Signature = "v1,g0hM9" }, verifier));
        Assert.Equal(WebhookRefusal.InvalidTimestamp, Refused(vector with { Timestamp = "hello" }, verifier));
    }

    [Theory]
    [InlineData("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= {0} v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=")]
    [InlineData("v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== {0}")]
    [InlineData("{0} nonsense")]
    [InlineData("  {0} ")]
    public void One_good_signature_among_others_is_enough(string signatures) =>
        Accepted(Good with { Signature = string.Format(CultureInfo.InvariantCulture, signatures, Good.Signature) });

    [Theory]
    [InlineData("v2")]
    [InlineData("v1a")]
    [InlineData("V1")]
    [InlineData("v01")]
    [InlineData("")]
    public void A_signature_of_an_unknown_version_is_passed_over(string version) =>
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Good with { Signature = version + Good.Signature![2..] }));

    [Fact]
    public void While_secrets_change_both_are_good()
    {
        var rotating = new WebhookVerifier(s_other, s_secret, _clock);
        Accepted(Good, rotating);
        Accepted(Delivery.Of(_clock.GetUtcNow(), secret: Delivery.OtherSecret), rotating);

        var both = Good with { Signature = $"{Delivery.Of(_clock.GetUtcNow(), secret: Delivery.OtherSecret).Signature} {Good.Signature}" };
        Accepted(both, new WebhookVerifier(s_secret, clock: _clock));
        Accepted(both, new WebhookVerifier(s_other, clock: _clock));
    }

    [Fact]
    public void Another_secret_is_refused() =>
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Delivery.Of(_clock.GetUtcNow(), secret: Delivery.OtherSecret)));

    [Theory]
    [InlineData(-300, null)]
    [InlineData(300, null)]
    [InlineData(-301, WebhookRefusal.TooOld)]
    [InlineData(301, WebhookRefusal.TooNew)]
    public void Five_minutes_either_way_are_tolerated_and_not_a_second_more(int seconds, WebhookRefusal? reason)
    {
        var delivery = Delivery.Of(_clock.GetUtcNow().AddSeconds(seconds));
        if (reason is null) Accepted(delivery);
        else Assert.Equal(reason, Refused(delivery));
    }

    [Fact]
    public void An_hour_later_the_same_request_is_too_old()
    {
        Accepted(Good);
        Assert.Equal(WebhookRefusal.TooOld, Refused(Good, new WebhookVerifier(s_secret, clock: new ManualClock("2016-01-04T20:45:37Z"))));
    }

    [Theory]
    [InlineData("webhook-id")]
    [InlineData("webhook-timestamp")]
    [InlineData("webhook-signature")]
    public void A_missing_or_empty_header_is_named(string name)
    {
        foreach (var value in new[] { null, "" })
        {
            var outcome = Verifier().Verify(asked => asked == name ? value : Good.Header(asked), Good.Body);
            Assert.Equal(new WebhookOutcome.Refused(WebhookRefusal.MissingHeader, $"The header {name} is missing."), outcome);
        }
    }

    [Theory]
    [InlineData("+1451936737")]
    [InlineData("-1451936737")]
    [InlineData(" 1451936737")]
    [InlineData("1451936737.0")]
    [InlineData("1,451,936,737")]
    [InlineData("0x568acb61")]
    [InlineData("١٤٥١٩٣٦٧٣٧")]
    [InlineData("9223372036854775808")]
    [InlineData("Mon Jan 04 19:45:37 +0000 2016")]
    public void A_timestamp_is_digits_alone(string timestamp) =>
        Assert.Equal(WebhookRefusal.InvalidTimestamp, Refused(Signed(timestamp)));

    [Theory]
    [InlineData("9223372036854775807", WebhookRefusal.TooNew)]
    [InlineData("253402300800", WebhookRefusal.TooNew)]
    [InlineData("0", WebhookRefusal.TooOld)]
    [InlineData("1451936737000", WebhookRefusal.TooNew)]
    public void The_ends_of_time_are_refused_and_break_nothing(string timestamp, WebhookRefusal reason) =>
        Assert.Equal(reason, Refused(Signed(timestamp)));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"feedback.created\"")]
    [InlineData("event_type=feedback.created")]
    [InlineData("""{"event_type":"feedback.created","created_at":"Mon Jan 04 19:45:37 +0000 2016","feedback":null}""")]
    [InlineData("""{"event_type":"feedback.created","created_at":"Mon Jan 04 19:45:37 +0000 2016"}""")]
    [InlineData("""{"event_type":"\ud800"}""")]
    public void A_signed_body_that_is_no_event_is_refused(string body) =>
        Assert.Equal(WebhookRefusal.NotAnEvent, Refused(Delivery.Of(_clock.GetUtcNow(), body: Encoding.UTF8.GetBytes(body))));

    [Fact]
    public void A_signed_body_with_bytes_before_behind_or_beside_UTF_8_is_refused()
    {
        byte[][] bodies =
        [
            [0xEF, 0xBB, 0xBF, .. Delivery.Event],
            [.. Delivery.Event, (byte)'x'],
            [.. Delivery.Event, .. Delivery.Event],
            Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(Delivery.Event)),
            [.. Delivery.Event.Select(b => b == 'M' ? (byte)0xFF : b)],
        ];
        foreach (var body in bodies) Assert.Equal(WebhookRefusal.NotAnEvent, Refused(Delivery.Of(_clock.GetUtcNow(), body: body)));
    }

    [Fact]
    public void The_signature_is_over_bytes_and_not_over_their_meaning()
    {
        byte[] spaced = [(byte)' ', .. Delivery.Event];
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Good with { Body = spaced }));
        Accepted(Delivery.Of(_clock.GetUtcNow(), body: spaced));
    }

    [Fact]
    public void Base64_is_not_read_in_another_spelling()
    {
        // The last letter before "=" holds two bits that no byte uses, so three other letters decode to the same bytes.
        var signature = Good.Signature!;
        const string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        var last = letters.IndexOf(signature[^2], StringComparison.Ordinal);
        for (var other = last / 4 * 4; other < (last / 4 * 4) + 4; other++)
        {
            if (other == last) continue;

            var spelling = $"{signature[..^2]}{letters[other]}=";
            Assert.Equal(Convert.FromBase64String(signature[3..]), Convert.FromBase64String(spelling[3..]));
            Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Good with { Signature = spelling }));
        }

        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Good with { Signature = signature.TrimEnd('=') }));
        Assert.Equal(WebhookRefusal.NoMatchingSignature, Refused(Good with { Signature = signature + "\t" }));
    }

    [Fact]
    public void The_signed_text_cut_at_other_places_is_no_event()
    {
        // An id with dots in it is the sender's mistake. It must not let a third party move the borders.
        var delivery = Delivery.Of(_clock.GetUtcNow(), id: "7.1451936737");
        var text = $"{delivery.Id}.{delivery.Timestamp}.{Encoding.UTF8.GetString(delivery.Body)}".Split('.');
        var accepted = 0;
        for (var first = 1; first < text.Length - 1; first++)
        {
            for (var second = first + 1; second < text.Length; second++)
            {
                var moved = delivery with
                {
                    Id = string.Join('.', text[..first]), Timestamp = string.Join('.', text[first..second]),
                    Body = Encoding.UTF8.GetBytes(string.Join('.', text[second..])),
                };
                if (Verifier().Verify(moved.Header, moved.Body) is WebhookOutcome.Accepted { Webhook.Id: "7.1451936737" }) accepted++;
                else Assert.True(Refused(moved) is WebhookRefusal.InvalidTimestamp or WebhookRefusal.NotAnEvent);
            }
        }

        Assert.Equal(1, accepted);
    }

    [Fact]
    public void Whatever_is_changed_is_refused() =>
        Randomly.Check(
            random =>
            {
                var good = Good;
                var changed = random.Next(4) switch
                {
                    0 => good with { Id = Changed(random, good.Id!) },
                    1 => good with { Timestamp = Changed(random, good.Timestamp!) },
                    2 => good with { Signature = Changed(random, good.Signature!) },
                    _ => good with { Body = Changed(random, good.Body) },
                };

                // What a change leaves as it was, such as a space behind the signature, is not one.
                var isSame = changed.Id == good.Id && changed.Timestamp == good.Timestamp && changed.Body.SequenceEqual(good.Body)
                    && changed.Signature!.Split(' ').Contains(good.Signature);
                Assert.Equal(isSame, Verifier().Verify(changed.Header, changed.Body) is WebhookOutcome.Accepted);
            },
            times: 20_000);

    [Fact]
    public void What_a_stranger_makes_up_is_refused_and_throws_nothing() =>
        Randomly.Check(
            random =>
            {
                var made = new Delivery(
                    random.Text(20), random.Next(3) == 0 ? random.Text(12) : Good.Timestamp, random.Text(60), random.Next(2) == 0 ? Good.Body : random.Bytes(200));
                Assert.IsType<WebhookOutcome.Refused>(Verifier().Verify(made.Header, made.Body));
            },
            times: 5_000);

    [Fact]
    public void Any_signed_bytes_are_read_or_refused_and_throw_nothing() =>
        Randomly.Check(
            random =>
            {
                var body = random.Next(2) == 0 ? random.Bytes(200) : Changed(random, Delivery.Event);
                var outcome = Verify(Delivery.Of(_clock.GetUtcNow(), body: body));
                Assert.True(outcome is WebhookOutcome.Accepted or WebhookOutcome.Refused { Reason: WebhookRefusal.NotAnEvent }, outcome.ToString());
            },
            times: 5_000);

    [Fact]
    public void A_plain_client_needs_nothing_of_ASP_NET() =>
        Assert.DoesNotContain(
            typeof(WebhookVerifier).Assembly.GetReferencedAssemblies(),
            reference => !reference.Name!.StartsWith("System.", StringComparison.Ordinal) && reference.Name != "Microsoft.Win32.Primitives");

    private static string Changed(Random random, string text) =>
        Encoding.Latin1.GetString(Changed(random, Encoding.Latin1.GetBytes(text)));

    private static byte[] Changed(Random random, byte[] bytes)
    {
        var at = random.Next(bytes.Length);
        return random.Next(5) switch
        {
            0 => [.. bytes[..at], (byte)(bytes[at] ^ (1 << random.Next(8))), .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], .. bytes[(at + 1)..]],
            2 => [.. bytes[..at], (byte)" ,.=0Aa{}"[random.Next(9)], .. bytes[at..]],
            3 => bytes[..at],
            _ => [.. bytes, .. bytes[at..]],
        };
    }

    private static Delivery Signed(string timestamp) =>
        new("7", timestamp, Delivery.Sign("7", timestamp, Delivery.Event, Delivery.Secret), Delivery.Event);

    private WebhookVerifier Verifier() => new(s_secret, clock: _clock);

    private WebhookOutcome Verify(Delivery delivery, WebhookVerifier? verifier = null) =>
        (verifier ?? Verifier()).Verify(delivery.Header, delivery.Body);

    private FeedbackWebhook Accepted(Delivery delivery, WebhookVerifier? verifier = null) =>
        Assert.IsType<WebhookOutcome.Accepted>(Verify(delivery, verifier)).Webhook;

    private WebhookRefusal Refused(Delivery delivery, WebhookVerifier? verifier = null) =>
        Assert.IsType<WebhookOutcome.Refused>(Verify(delivery, verifier)).Reason;
}
