using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Tests.Webhooks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Hosting;

/// <summary>Clients and proxies that speak HTTP/1.0: nginx does by default.</summary>
public sealed class OldHttpTests
{
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(true, "http/1.0")]
    public async Task A_client_of_http_1_0_gets_its_answer_and_the_end_of_the_connection(bool tls, string? offers)
    {
        await using var server = await TestServer.StartAsync(
            Engine.Sqlite,
            services => services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                if (tls) listen.UseHttps(SickServer.BadCertificate);
            })));
        var (_, sender) = await server.SenderAsync(await server.AppAsync());
        var address = new Uri($"{(tls ? "https" : "http")}://127.0.0.1:{server.Url.Port}/1.1/account/verify_credentials.json");
        var authorization = server.Sign(sender, "GET", address, null);

        Assert.StartsWith("HTTP/1.1 200", await AskAsync(tls, offers, address.Port, "GET /healthz/live HTTP/1.0\r\n\r\n"), StringComparison.Ordinal);
        var answer = await AskAsync(tls, offers, address.Port, $"GET {address.AbsolutePath} HTTP/1.0\r\nHost: {address.Authority}\r\nAuthorization: {authorization}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.EndsWith("}", answer, StringComparison.Ordinal);
    }

    /// <summary>Sends a request and gives all that comes until the server closes the connection.</summary>
    private static async Task<string> AskAsync(bool tls, string? offers, int port, string request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), TestContext.Current.CancellationToken);
        await using Stream plain = new NetworkStream(socket, ownsSocket: true);
        await using var sealedStream = tls ? new SslStream(plain) : null;
        if (sealedStream is not null)
        {
            await sealedStream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "127.0.0.1",
                    ApplicationProtocols = offers is null ? null : [new SslApplicationProtocol(offers)],
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == SickServer.BadCertificate.GetCertHashString(),
                },
                TestContext.Current.CancellationToken);
        }

        var stream = sealedStream ?? plain;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
