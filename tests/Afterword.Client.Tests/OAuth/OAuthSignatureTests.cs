using System.Text;
using Afterword.Client.OAuth;

namespace Afterword.Client.Tests.OAuth;

/// <summary>The worked examples that others have published, letter by letter.</summary>
public sealed class OAuthSignatureTests
{
    private const string PhotosKey = "dpf43f3p2l4k3l03";
    private const string PhotosSecret = "kd94hf93k423kf44";

    [Fact]
    public void The_photo_printer_asks_for_temporary_credentials_as_in_RFC_5849_section_1_2() =>
        Assert.Equal("74KNZJeDHnMBp0EMJ9ZHt/XKycU=", OAuthSignature.Compute(
            "POST",
            new Uri("https://photos.example.net/initiate"),
            [
                new("oauth_consumer_key", PhotosKey),
                new("oauth_signature_method", "HMAC-SHA1"),
                new("oauth_timestamp", "137131200"),
                new("oauth_nonce", "wIjqoS"),
                new("oauth_callback", "http://printer.example.com/ready"),
            ],
            PhotosSecret,
            ""));

    [Fact]
    public void The_photo_printer_asks_for_a_token_as_in_RFC_5849_section_1_2() =>
        Assert.Equal("gKgrFCywp7rO0OXSjdot/IHF7IU=", OAuthSignature.Compute(
            "POST",
            new Uri("https://photos.example.net/token"),
            [
                new("oauth_consumer_key", PhotosKey),
                new("oauth_token", "hh5s93j4hdidpola"),
                new("oauth_signature_method", "HMAC-SHA1"),
                new("oauth_timestamp", "137131201"),
                new("oauth_nonce", "walatlh"),
                new("oauth_verifier", "hfdp7dh39dks9884"),
            ],
            PhotosSecret,
            "hdhd0244k9j7ao03"));

    [Fact]
    public void The_photo_printer_fetches_the_photo_as_in_RFC_5849_section_1_2() =>
        Assert.Equal("MdpQcU8iPSUjWoN/UDMsK2sui9I=", OAuthSignature.Compute(
            "GET",
            new Uri("http://photos.example.net/photos?file=vacation.jpg&size=original"),
            [
                new("oauth_consumer_key", PhotosKey),
                new("oauth_token", "nnch734d00sl2jdk"),
                new("oauth_signature_method", "HMAC-SHA1"),
                new("oauth_timestamp", "137131202"),
                new("oauth_nonce", "chapoH"),
            ],
            PhotosSecret,
            "pfkkdhi9sl3r4s00"));

    [Fact]
    public void The_base_string_is_that_of_RFC_5849_section_3_4_1_1()
    {
        var text = Section3411();
        Assert.Equal(
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540"
            + "%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method"
            + "%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7",
            Encoding.ASCII.GetString(text.Text));
    }

    [Fact]
    public void The_signature_of_section_3_4_1_1_is_the_corrected_one()
    {
        // The RFC prints bYT5CMsGcbgUdFHObYMEfcx6bsw=, which no key of the document gives.
        var text = Section3411();
        Assert.True(text.Verify(SignatureMethod.HmacSha1, "j49sk3j29djd", "dh893hdasih9", "r6/TJjbCOr97/+UU0NsvSne7s5g="u8));
        Assert.False(text.Verify(SignatureMethod.HmacSha1, "j49sk3j29djd", "dh893hdasih9", "bYT5CMsGcbgUdFHObYMEfcx6bsw="u8));
    }

    [Fact]
    public void The_status_of_Twitters_documentation_is_signed_as_printed_there() =>
        Assert.Equal("hCtSmYh+iHYCEqBWrE7C7hYmtUk=", OAuthSignature.Compute(
            "post",
            new Uri("https://api.twitter.com/1.1/statuses/update.json?include_entities=true"),
            [
                new("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
                new("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
                new("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
                new("oauth_signature_method", "HMAC-SHA1"),
                new("oauth_timestamp", "1318622958"),
                new("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
                new("oauth_version", "1.0"),
            ],
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"));

    // Read as a server reads it: header, query and body as they were on the wire.
    private static SignatureBase Section3411()
    {
        var sent = new ParameterList();
        Assert.True(AuthorizationHeader.TryParse(
            """
            OAuth realm="Example",
                  oauth_consumer_key="9djdj82h48djs9d2",
                  oauth_token="kkk9d7dh3k39sjv7",
                  oauth_signature_method="HMAC-SHA1",
                  oauth_timestamp="137131201",
                  oauth_nonce="7d8f3e4a",
                  oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"
            """,
            sent));
        sent.AddQuery("b5=%3D%253D&a3=a&c%40=&a2=r%20b");
        sent.AddForm("c2&a3=2+q"u8);

        var text = new SignatureBase();
        text.Add(sent);
        text.Complete("POST", new BaseAddress("http", "example.com", "/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"));
        return text;
    }
}
