using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Tests.Connectors;

/// <summary>Signatures as each helpdesk's documentation says them, made here by hand.</summary>
public sealed class DeliverySignatureTests
{
    private const string Secret = "s3cret-of-the-helpdesk";
    private const string Uri = "https://feedback.example/in/token?x=1";
    private const string Body = """{"id":1,"text":"Zoë"}""";

    private static readonly DateTimeOffset s_now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [MemberData(nameof(Signed))]
    public void A_right_signature_holds_and_nothing_else_does(string kind, IReadOnlyDictionary<string, string> headers, string signature)
    {
        Assert.Equal(SignatureVerdict.Right, Check(kind, headers));
        Assert.Equal(SignatureVerdict.Wrong, Check(kind, headers, body: Body + " "));
        Assert.Equal(SignatureVerdict.Wrong, Check(kind, headers, secret: Secret + "x"));
        Assert.Equal(SignatureVerdict.Missing, Check(kind, headers.Where(header => header.Key != signature).ToDictionary(header => header.Key, header => header.Value)));
        foreach (var (name, value) in headers)
        {
            Assert.NotEqual(SignatureVerdict.Right, Check(kind, new Dictionary<string, string>(headers) { [name] = "" }));
            Assert.NotEqual(SignatureVerdict.Right, Check(kind, new Dictionary<string, string>(headers) { [name] = value[..^2] }));
            Assert.NotEqual(SignatureVerdict.Right, Check(kind, new Dictionary<string, string>(headers) { [name] = "\u00e9" + value }));
        }
    }

    [Theory]
    [InlineData("zendesk", "X-Zendesk-Webhook-Signature-Timestamp", "iso")]
    [InlineData("chatwoot", "X-Chatwoot-Timestamp", "s")]
    [InlineData("front", "X-Front-Request-Timestamp", "ms")]
    [InlineData("hubspot", "X-HubSpot-Request-Timestamp", "ms")]
    [InlineData("slack", "X-Slack-Request-Timestamp", "s")]
    [InlineData("generic", "X-Afterword-Timestamp", "s")]
    public void A_time_counts_for_five_minutes_on_either_side(string kind, string header, string unit)
    {
        foreach (var (off, verdict) in new[]
        {
            (TimeSpan.FromMinutes(5), SignatureVerdict.Right), (TimeSpan.FromMinutes(-5), SignatureVerdict.Right), (TimeSpan.FromSeconds(301), SignatureVerdict.OutOfTime), (TimeSpan.FromSeconds(-301), SignatureVerdict.OutOfTime),
        })
        {
            var scheme = (KeyedHash)Preset.Find(kind)!.Definition.Signatures[0];
            var headers = scheme.Sign(Request(new Dictionary<string, string>(), Body), Secret, s_now + off);
            Assert.Contains(header, headers.Keys, StringComparer.OrdinalIgnoreCase);
            Assert.Equal(verdict, scheme.Check(Request(headers, Body), Secret, s_now));
        }

        // Signed, and no time at all.
        foreach (var time in (string[])["now", "", "-1", "99999999999999999999", "0x10", "NaN"])
        {
            var (scheme, given) = ((KeyedHash)Preset.Find(kind)!.Definition.Signatures[0], new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { [header] = time });
            var untimed = scheme with { Time = null };
            foreach (var (name, value) in untimed.Sign(Request(given, Body), Secret, s_now)) given[name] = value;
            Assert.Equal(SignatureVerdict.OutOfTime, scheme.Check(Request(given, Body), Secret, s_now));
        }

        Assert.Equal(unit switch { "s" => TimeUnit.Seconds, "ms" => TimeUnit.Milliseconds, _ => TimeUnit.Iso }, ((KeyedHash)Preset.Find(kind)!.Definition.Signatures[0]).Time!.Unit);
    }

    [Fact]
    public void Basic_credentials_are_a_scheme_too()
    {
        var definition = DefinitionReader.Parse("""{"verify":{"scheme":"basic"},"closed_when":[{"path":"/a","exists":true}],"map":{"external_id":"/a"}}""", out _)!;
        var headers = new Dictionary<string, string> { ["Authorization"] = "basic " + Convert.ToBase64String("desk:pass"u8) };
        Assert.Equal(SignatureVerdict.Right, definition.Signatures[0].Check(Request(headers, Body), "desk:pass", s_now));
        Assert.Equal(SignatureVerdict.Wrong, definition.Signatures[0].Check(Request(headers, Body), "desk:past", s_now));
        Assert.Equal(SignatureVerdict.Missing, definition.Signatures[0].Check(Request(new Dictionary<string, string> { ["Authorization"] = "Bearer x" }, Body), "desk:pass", s_now));
    }

    public static TheoryData<string, Dictionary<string, string>, string> Signed()
    {
        var (seconds, millis, iso) = (s_now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), s_now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), "2026-01-05T09:00:00Z");
        return new()
        {
            { "zendesk", new() { ["X-Zendesk-Webhook-Signature-Timestamp"] = iso, ["X-Zendesk-Webhook-Signature"] = Base64(Sha256(iso + Body)) }, "X-Zendesk-Webhook-Signature" },
            { "chatwoot", new() { ["X-Chatwoot-Timestamp"] = seconds, ["X-Chatwoot-Signature"] = "sha256=" + Hex(Sha256($"{seconds}.{Body}")) }, "X-Chatwoot-Signature" },
            { "intercom", new() { ["X-Hub-Signature"] = "sha1=" + Hex(Sha1(Body)) }, "X-Hub-Signature" },
            { "front", new() { ["X-Front-Request-Timestamp"] = millis, ["X-Front-Signature"] = Base64(Sha256($"{millis}:{Body}")) }, "X-Front-Signature" },
            { "front", new() { ["X-Front-Signature"] = Base64(Sha1(Body)) }, "X-Front-Signature" },
            { "hubspot", new() { ["X-HubSpot-Request-Timestamp"] = millis, ["X-HubSpot-Signature-v3"] = Base64(Sha256($"POST{Uri}{Body}{millis}")) }, "X-HubSpot-Signature-v3" },
            { "zammad", new() { ["X-Hub-Signature"] = "sha1=" + Hex(Sha1(Body)) }, "X-Hub-Signature" },
            { "freescout", new() { ["X-FreeScout-Signature"] = Base64(Sha1(Body)) }, "X-FreeScout-Signature" },
            { "freescout", new() { ["X-HelpScout-Signature"] = Base64(Sha1(Body)) }, "X-HelpScout-Signature" },
            { "rocketchat", new() { ["X-RocketChat-Livechat-Token"] = Secret }, "X-RocketChat-Livechat-Token" },
            { "slack", new() { ["X-Slack-Request-Timestamp"] = seconds, ["X-Slack-Signature"] = "v0=" + Hex(Sha256($"v0:{seconds}:{Body}")) }, "X-Slack-Signature" },
            { "generic", new() { ["X-Afterword-Timestamp"] = seconds, ["X-Afterword-Signature"] = "sha256=" + Hex(Sha256($"{seconds}.{Body}")) }, "X-Afterword-Signature" },
        };
    }

    private static SignatureVerdict Check(string kind, IReadOnlyDictionary<string, string> headers, string body = Body, string secret = Secret) =>
        kind == "rocketchat" && body != Body
            ? SignatureVerdict.Wrong // the secret itself is the header: nothing is signed
            : Preset.Find(kind)!.Definition.Signatures.Max(scheme => scheme.Check(Request(headers, body), secret, s_now));

    private static IncomingRequest Request(IReadOnlyDictionary<string, string> headers, string body) =>
        new("POST", Uri, name => headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value, Encoding.UTF8.GetBytes(body));

#pragma warning disable CA5350 // what the helpdesks sign with
    private static byte[] Sha1(string text) => HMACSHA1.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350

    private static byte[] Sha256(string text) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes);
}
