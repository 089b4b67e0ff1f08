using System.Net;
using System.Text;
using System.Text.Json;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Webhooks;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Channels;

/// <summary>What operators write of a sender's helpdesks and user of X, and what those answer.</summary>
public sealed class ChannelInputTests
{
    private static readonly WebhookSettings s_settings = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([]).Build()).Settings!.Webhooks;
    private static readonly EgressGuard s_guard = new(s_settings, (_, _) => Task.FromResult(Array.Empty<IPAddress>()));

    [Theory]
    [InlineData("chatwoot", "https://desk.example.com", "7", "t0ken", null)]
    [InlineData("zammad", "https://example.com/desk", null, "t0ken", null)]
    [InlineData("intercom", null, "814860", "dG9rZW4=", null)]
    [InlineData("zendesk", "https://furni.zendesk.com", "ana@furni.example", "t0ken", null)]
    [InlineData("chatwoot", null, "7", "t0ken", "--url is missing")]
    [InlineData("chatwoot", "http://desk.example.com", "7", "t0ken", "an https address")]
    [InlineData("chatwoot", "https://127.0.0.1", "7", "t0ken", "a public address")]
    [InlineData("chatwoot", "https://desk.example.com/?a=b", "7", "t0ken", "without a question mark")]
    [InlineData("chatwoot", "https://desk.example.com", null, "t0ken", "--account is missing")]
    [InlineData("chatwoot", "https://desk.example.com", "7/../8", "t0ken", "the number of the account")]
    [InlineData("zendesk", "https://furni.zendesk.com", "ana", "t0ken", "email address")]
    [InlineData("zammad", "https://example.com", "7", "t0ken", "not needed")]
    [InlineData("zammad", "https://example.com", null, "", "one line")]
    [InlineData("zammad", "https://example.com", null, "one\r\nX-Two: 2", "one line")]
    public void A_helpdesk_is_checked_as_a_whole(string kind, string? url, string? account, string token, string? wrong)
    {
        var (helpdesk, said) = Helpdesk.Read(HelpdeskKinds.Find(kind)!.Value, url, account, token, s_settings, s_guard);

        if (wrong is not null) Assert.Contains(wrong, said, StringComparison.Ordinal);
        else Assert.EndsWith("/", helpdesk!.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", $"{helpdesk}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_no_markup_at_Intercom()
    {
        var desk = new Helpdesk(HelpdeskKind.Intercom, new Uri(Helpdesk.Intercom), "7", "t0ken");
        using var call = HelpdeskApi.Post(desk, "482", new("Hi <a href=x>Mia</a> & Co", "How was it?", null));
        Assert.Equal("Hi ‹a href=x›Mia‹/a› & Co", JsonDocument.Parse(await call.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("body").GetString());
    }

    [Fact]
    public void The_keys_of_X_are_read_as_X_names_them_and_none_is_repeated_in_what_is_wrong()
    {
        var (keys, _) = XAccount.ReadKeys("# of furni\r\napi_key = a\r\napi_key_secret=b==\naccess_token=c\n\naccess_token_secret=d\n");
        Assert.Equal(("a", "b==", "c", "d"), (keys!.ConsumerKey, keys.ConsumerSecret, keys.Token, keys.TokenSecret));

        foreach (var text in (string[])["", "api_key=a\napi_key_secret=b\naccess_token=SECRET", "api_key=SECRET\napi_key=SECRET", "SECRET", "api_key=a\napi_key_secret=b\naccess_token=c\naccess_token_secret=SE CRET"])
        {
            var (none, wrong) = XAccount.ReadKeys(text);
            Assert.Null(none);
            Assert.DoesNotContain("CRET", wrong, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("x", null, "the channel x needs an X user id")]
    [InlineData("x", "furni", "it must be digits")]
    [InlineData("x", "0", "it must be digits")]
    [InlineData("conversation", "99999999999999999999", "it must be digits")]
    public void Who_is_reached_at_X_is_a_user_there(string channel, string? id, string wrong) => Assert.Contains(wrong, ChannelAvailability.Read(channel, null, id).Wrong, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"error":"Not authorized"}""", "Not authorized")]
    [InlineData("""{"type":"error.list","request_id":"r","errors":[{"code":"not_found","message":"Resource Not Found"}]}""", "Resource Not Found")]
    [InlineData("""{"title":"Forbidden","detail":"Forbidden","status":403}""", "Forbidden")]
    [InlineData("""{"error":"two\u001b[2J\u0000lines\n"}""", "two [2J lines")]
    [InlineData("""{"error":"half \ud800"}""", "")]
    [InlineData("""[[[[[[[[[{"error":"deep"}]]]]]]]]]""", "")]
    [InlineData("<html>502</html>", "")]
    [InlineData("", "")]
    public void An_error_is_told_in_one_line(string answer, string words) => Assert.Equal(words, ApiResponses.WordsOf(Encoding.UTF8.GetBytes(answer)));

    [Fact]
    public void An_error_is_told_in_a_line_that_is_not_long() => Assert.Equal(300, ApiResponses.WordsOf(Encoding.UTF8.GetBytes($$"""{"error":"{{new string('e', 5000)}}"}""")).Length);
}
