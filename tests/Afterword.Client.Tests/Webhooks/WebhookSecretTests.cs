using Afterword.Client.Webhooks;

namespace Afterword.Client.Tests.Webhooks;

public sealed class WebhookSecretTests
{
    [Fact]
    public void The_published_vector_is_signed_as_published() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").Sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), """{"test": 2432232314}"""u8));

    [Theory]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData(" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")]
    public void The_prefix_may_be_missing_and_white_space_around_is_ignored(string text) =>
        Assert.Equal(
            WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").Sign("i", DateTimeOffset.UnixEpoch, []),
            WebhookSecret.Parse(text).Sign("i", DateTimeOffset.UnixEpoch, []));

    [Theory]
    [InlineData(24)]
    [InlineData(32)]
    [InlineData(64)]
    public void A_secret_has_24_to_64_bytes(int length) =>
        Assert.True(WebhookSecret.TryParse("whsec_" + Convert.ToBase64String(new byte[length]), out _, out _));

    [Theory]
    [InlineData(null, "The webhook secret is empty.")]
    [InlineData(" ", "The webhook secret is empty.")]
    [InlineData("whsec_", "The webhook secret is empty.")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "The webhook secret is not whsec_ followed by base64. Was it cut short?")]
    [InlineData("whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "The webhook secret is not whsec_ followed by base64. Was it cut short?")]
    [InlineData("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "The webhook secret is not whsec_ followed by base64. Was it cut short?")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", "The webhook secret has 22 bytes; it must have 24 to 64.")]
    public void What_is_no_secret_is_refused_with_a_reason_that_does_not_repeat_it(string? text, string problem)
    {
        Assert.False(WebhookSecret.TryParse(text, out var secret, out var said));
        Assert.Null(secret);
        Assert.Equal(problem, said);
        Assert.Equal(problem, Assert.Throws<FormatException>(() => WebhookSecret.Parse(text)).Message);
    }

    [Fact]
    public void More_than_64_bytes_are_refused() =>
        Assert.Equal(
            "The webhook secret has 65 bytes; it must have 24 to 64.",
            Assert.Throws<FormatException>(() => WebhookSecret.Parse("whsec_" + Convert.ToBase64String(new byte[65]))).Message);

    [Fact]
    public void A_secret_prints_nothing_of_itself() => Assert.Equal("whsec_…", WebhookSecret.Parse(Delivery.Secret).ToString());
}
