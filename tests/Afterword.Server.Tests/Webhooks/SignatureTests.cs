using System.Text;
using Afterword.Client.Webhooks;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Signatures by the Standard Webhooks specification. That real deliveries pass an implementation of others is tested end to end.</summary>
public sealed class SignatureTests
{
    private static readonly WebhookSecret s_published = RotateSecret.SignerOf(Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));

    [Fact]
    public void The_published_example_is_signed_as_published() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        SignatureOf([s_published], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"));

    [Fact]
    public void Two_secrets_give_two_signatures_with_a_space_between()
    {
        var other = RotateSecret.SignerOf(RotateSecret.New().Key);
        var both = SignatureOf([other, s_published], "1", 2, "{}");

        Assert.Equal($"{SignatureOf([other], "1", 2, "{}")} {SignatureOf([s_published], "1", 2, "{}")}", both);
    }

    [Theory]
    [InlineData("2", 2, "{}")]
    [InlineData("1", 3, "{}")]
    [InlineData("1", 2, "{} ")]
    public void Id_time_and_body_are_signed(string id, long timestamp, string body) => Assert.NotEqual(
        SignatureOf([s_published], "1", 2, "{}"), SignatureOf([s_published], id, timestamp, body));

    [Fact]
    public void A_new_secret_has_256_bits_and_the_prefix()
    {
        var (one, other) = (RotateSecret.New().ToString(), RotateSecret.New().ToString());

        Assert.NotEqual(one, other);
        Assert.StartsWith("whsec_", one, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(one["whsec_".Length..]).Length);
    }

    private static string SignatureOf(WebhookSecret[] secrets, string id, long timestamp, string body) =>
        WebhookSender.SignatureOf(secrets, id, DateTimeOffset.FromUnixTimeSeconds(timestamp), Encoding.UTF8.GetBytes(body));
}
