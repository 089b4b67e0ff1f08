using System.Security.Cryptography;
using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

public sealed class SignatureBaseTests
{
    [Fact]
    public void The_order_in_which_parameters_come_does_not_matter() => Randomly.Check(random =>
    {
        var parameters = random.Parameters(40);
        var expected = TextOf(parameters);

        random.Shuffle(parameters);
        Assert.Equal(expected, TextOf(parameters));
    });

    [Fact]
    public void The_base_string_agrees_with_the_RFC_done_slowly() => Randomly.Check(random =>
    {
        var parameters = random.Parameters(20);

        // Encode, sort by name and then value, join, encode: section 3.4.1.3.2 in its own words.
        var pairs = parameters
            .Select(p => (Name: Uri.EscapeDataString(p.Key), Value: Uri.EscapeDataString(p.Value)))
            .OrderBy(p => p.Name, StringComparer.Ordinal)
            .ThenBy(p => p.Value, StringComparer.Ordinal)
            .Select(p => $"{p.Name}={p.Value}");

        var expected = $"POST&http%3A%2F%2Fexample.com%2F&{Uri.EscapeDataString(string.Join('&', pairs))}";
        Assert.Equal(expected, TextOf(parameters));
    });

    [Fact]
    public void A_name_sorts_before_every_longer_one_that_begins_with_it() =>
        Assert.EndsWith(
            "&a%3D2%26a-b%3D1%26abcdefgh%3D1%26abcdefgh%3D2%26abcdefghi%3D0",
            TextOf([new("abcdefgh", "2"), new("abcdefghi", "0"), new("a-b", "1"), new("abcdefgh", "1"), new("a", "2")]),
            StringComparison.Ordinal);

    [Fact]
    public void The_signature_itself_is_not_signed() =>
        Assert.Equal(TextOf([new("a", "1")]), TextOf([new("a", "1"), new("oauth_signature", "x")]));

    [Fact]
    public void A_request_without_parameters_has_an_empty_third_part() =>
        Assert.Equal("POST&http%3A%2F%2Fexample.com%2F&", TextOf([]));

    [Fact]
    public void Both_methods_verify_their_own_signature_and_no_other() => Randomly.Check(random =>
    {
        var text = new SignatureBase();
        foreach (var (name, value) in random.Parameters(10)) text.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        text.Complete("GET", new BaseAddress("https", "example.com", "/"));

        var method = random.Next(2) == 0 ? SignatureMethod.HmacSha1 : SignatureMethod.HmacSha256;
        var (consumerSecret, tokenSecret) = (random.Text(20), random.Text(20));
        var signature = new byte[SignatureMethods.SizeOf(method)];
        Assert.Equal(signature.Length, text.Sign(method, consumerSecret, tokenSecret, signature));

        var given = Encoding.ASCII.GetBytes(Convert.ToBase64String(signature));
        Assert.True(text.Verify(method, consumerSecret, tokenSecret, given));
        Assert.False(text.Verify(method, consumerSecret + "x", tokenSecret, given));
        Assert.False(text.Verify(1 - method, consumerSecret, tokenSecret, given));

        signature[random.Next(signature.Length)] ^= 1;
        Assert.False(text.Verify(method, consumerSecret, tokenSecret, Encoding.ASCII.GetBytes(Convert.ToBase64String(signature))));
    });

    [Fact]
    public void The_key_is_both_secrets_encoded()
    {
        var text = new SignatureBase();
        text.Complete("GET", new BaseAddress("https", "example.com", "/"));
        var signature = new byte[32];
        text.Sign(SignatureMethod.HmacSha256, "a&b", "c d", signature);

        Assert.Equal(HMACSHA256.HashData("a%26b&c%20d"u8, text.Text), signature);
    }

    [Theory]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("not base64")]
    [InlineData("****************************")]
    [InlineData("                            ")]
    [InlineData("74KNZJeDHnMBp0EMJ9ZHt/XKycU")]
    [InlineData(" 74KNZJeDHnMBp0EMJ9ZHt/XKyc=")]
    [InlineData("74KNZJeDHnMBp0EMJ9ZHt/XKycU==")]
    [InlineData("74KNZJeDHnMBp0EMJ9ZHt/XKycUAAAA=")]
    [InlineData("ÿÿÿÿÿÿÿÿÿÿÿÿÿÿ")]
    public void A_signature_that_is_not_base64_of_the_right_length_is_wrong(string given)
    {
        var text = new SignatureBase();
        text.Complete("GET", new BaseAddress("https", "example.com", "/"));
        Assert.False(text.Verify(SignatureMethod.HmacSha1, "a", "b", Encoding.UTF8.GetBytes(given)));
        Assert.False(text.Verify(SignatureMethod.HmacSha256, "a", "b", Encoding.UTF8.GetBytes(given)));
    }

    [Fact]
    public void It_serves_one_request_after_another()
    {
        var text = new SignatureBase();
        for (var round = 0; round < 3; round++)
        {
            text.Reset();
            text.Add("big"u8, new byte[round * 30_000]);
            for (var i = 0; i < round * 2_000; i++) text.Add("a"u8, "b"u8);
            text.Complete("GET", new BaseAddress("https", "example.com", "/"));

            text.Reset();
            text.Add("a"u8, "1"u8);
            Assert.Equal(
                "GET&https%3A%2F%2Fexample.com%2F&a%3D1",
                Encoding.ASCII.GetString(text.Complete("GET", new BaseAddress("https", "example.com", "/"))));
        }
    }

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        var text = new SignatureBase();
        Assert.Throws<InvalidOperationException>(() => text.Sign(SignatureMethod.HmacSha1, "a", "b", new byte[20]));

        text.Complete("GET", new BaseAddress("https", "example.com", "/"));
        Assert.Throws<InvalidOperationException>(() => text.Add("a"u8, "b"u8));
        Assert.Throws<InvalidOperationException>(() => _ = text.Complete("GET", new BaseAddress("https", "example.com", "/")).Length);
    }

    [Fact]
    public void A_request_on_a_used_instance_allocates_nothing()
    {
        var list = new ParameterList();
        var text = new SignatureBase();
        Verify(list, text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Verify(list, text);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("HMAC-SHA1", SignatureMethod.HmacSha1)]
    [InlineData("HMAC-SHA256", SignatureMethod.HmacSha256)]
    public void A_method_has_its_registered_name(string name, SignatureMethod method)
    {
        Assert.True(SignatureMethods.TryParse(Encoding.UTF8.GetBytes(name), out var read));
        Assert.Equal(method, read);
        Assert.Equal(name, SignatureMethods.NameOf(method));
    }

    [Theory]
    [InlineData("PLAINTEXT")]
    [InlineData("RSA-SHA1")]
    [InlineData("hmac-sha1")]
    [InlineData("")]
    public void Other_methods_are_not_supported(string name) =>
        Assert.False(SignatureMethods.TryParse(Encoding.UTF8.GetBytes(name), out _));

    private static void Verify(ParameterList list, SignatureBase text)
    {
        list.Reset();
        text.Reset();
        AuthorizationHeader.TryParse("OAuth oauth_consumer_key=\"k\", oauth_nonce=\"n%20\", oauth_signature=\"x\", oauth_token=\"t\"", list);
        list.AddForm("type=nps&message=Thanks+for+your+patience%21&to_user_id=343434343434"u8);
        text.Add(list);
        text.Complete("POST", new BaseAddress("https", "example.com:443", "/1.1/feedback/create.json"));
        text.Verify(SignatureMethod.HmacSha1, "secret", "other", list.ValueAt(list.IndexOf("oauth_signature"u8)));
    }

    private static string TextOf(KeyValuePair<string, string>[] parameters) =>
        Encoding.ASCII.GetString(OAuthSignature.Base("POST", new Uri("http://example.com/"), parameters).Text);
}
