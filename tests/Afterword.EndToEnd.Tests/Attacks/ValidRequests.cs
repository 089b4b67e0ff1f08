using System.Globalization;
using System.Net;
using Afterword.Client.OAuth;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>One signed request of every kind, each of which the server would accept.</summary>
internal sealed class ValidRequests(SampleData data, ServerProcess server)
{
    private string _id = "";
    private int _made;

    /// <summary>Asks the member once, so that there is something to show and to answer.</summary>
    public async Task PrepareAsync()
    {
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        var answer = await (await CreateAsync()).SendAsync(http, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        _id = answer.Feedback.Id;
    }

    public async Task<WireRequest[]> MakeAsync()
    {
        var sender = data.Senders[0].Credentials;
        var app = new OAuthCredentials(sender.ConsumerKey, sender.ConsumerSecret);
        return
        [
            WireRequest.Of(await SignedRequest.MakeAsync(sender, HttpMethod.Get, $"/1.1/feedback/show/{_id}.json?a=1&b=%2B+c&a=0&%C3%BC")),
            WireRequest.Of(await SignedRequest.MakeAsync(sender, HttpMethod.Get, "/1.1/feedback/events.json?from_time=0&to_time=1&count=1")),
            WireRequest.Of(await CreateAsync()),
            WireRequest.Of(await SignedRequest.MakeAsync(app, HttpMethod.Post, "/oauth/request_token", [new("oauth_callback", "oob"), new("x_auth_access_type", "read")])),
        ];
    }

    private Task<SignedRequest> CreateAsync() => SignedRequest.MakeAsync(
        data.Senders[0].Credentials, HttpMethod.Post, "/1.1/feedback/create.json",
        [
            new("type", "nps"), new("to_user_id", data.Users[0].Id.ToString(CultureInfo.InvariantCulture)), new("message", $"How was it, ü&={++_made}?"),
            new("privacy_url", "https://furni.example/privacy?a=1&b=2"), new("external_id", "ticket 5555"), new("test", "true"),
        ]);
}
