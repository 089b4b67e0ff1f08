using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Hosting;

/// <summary>Behind a proxy the signature is over the public address, and only a proxy that was named may say which that is.</summary>
public sealed class ProxyTests
{
    private const string Show = "/1.1/feedback/show/1.json?a=%2F//..";
    private const string Public = "https://feedback.example";

    [Theory]
    [InlineData("127.0.0.1", 404, 34)]
    [InlineData("10.0.0.7,127.0.0.0/8", 404, 34)]
    [InlineData("10.0.0.7", 401, 32)]
    [InlineData("", 401, 32)]
    public async Task Only_a_named_proxy_can_say_what_was_signed(string proxies, int status, int code) =>
        (await SendAsync(proxies, Public, ("X-Forwarded-Host", "feedback.example"), ("X-Forwarded-Proto", "https"))).Is(status, code);

    [Theory]
    [InlineData("10.0.0.7")]
    [InlineData("")]
    public async Task What_an_unnamed_proxy_says_changes_nothing(string proxies) =>
        (await SendAsync(proxies, null, ("X-Forwarded-Host", "feedback.example"), ("X-Forwarded-Proto", "https"))).Is(404, 34);

    [Fact]
    public async Task What_a_client_put_in_front_of_the_proxys_word_is_not_believed()
    {
        (string, string)[] headers = [("X-Forwarded-For", "127.0.0.1, 192.0.2.7"), ("X-Forwarded-Host", "evil.example, feedback.example"), ("X-Forwarded-Proto", "http, https")];

        (await SendAsync("127.0.0.1", Public, headers)).Is(404, 34);
        (await SendAsync("127.0.0.1", "http://evil.example", headers)).Is(401, 32);
    }

    /// <summary>Calls a server from 127.0.0.1.</summary>
    /// <param name="proxies">The setting.</param>
    /// <param name="signedFor">The address that the request is signed for; null for the one that it is sent to.</param>
    /// <param name="headers">What the proxy adds.</param>
    private static async Task<Answer> SendAsync(string proxies, string? signedFor, params (string Name, string Value)[] headers)
    {
        await using var server = await TestServer.StartAsync(Engine.Sqlite, $"Proxies={proxies}");
        var (_, token) = await server.SenderAsync(await server.AppAsync());
        return await server.SendAsync(null, HttpMethod.Get, Show, null, request =>
        {
            var signed = signedFor is null ? request.RequestUri! : new Uri(signedFor + Show);
            request.Headers.TryAddWithoutValidation("Authorization", server.Sign(token, "GET", signed, null));
            foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        });
    }
}
