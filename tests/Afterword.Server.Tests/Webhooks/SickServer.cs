using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>Ways in which an endpoint can misbehave.</summary>
public enum Sickness
{
    Hangs,
    Trickles,
    Resets,
    Fails,
    RedirectsInALoop,
    NeverEnds,
    SendsABomb,
    SpeaksNoTls,
    HasABadCertificate,
    SendsEndlessHeaders,
    SpeaksNonsense,
}

/// <summary>An endpoint that misbehaves in one way, below HTTP where it must.</summary>
internal sealed class SickServer : IDisposable
{
    private static readonly Lazy<byte[]> s_bomb = new(Bomb);
    private static readonly Lazy<X509Certificate2> s_selfSigned = new(SelfSigned);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly Sickness _sickness;
    private int _connections;
    private int _open;
    private long _sent;

    public SickServer(Sickness sickness)
    {
        _sickness = sickness;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>A certificate of 127.0.0.1 that nobody trusts.</summary>
    public static X509Certificate2 BadCertificate => s_selfSigned.Value;

    public int Connections => _connections;

    /// <summary>How many are open now. Only one that hangs notices that the other side has gone.</summary>
    public int Open => _open;

    /// <summary>Bytes of answers that the other side took.</summary>
    public long Sent => _sent;

    public Uri Url => new($"{(_sickness is Sickness.SpeaksNoTls or Sickness.HasABadCertificate ? "https" : "http")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public void Dispose()
    {
        _over.Cancel();
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_over.Token));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _open);
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (_sickness == Sickness.HasABadCertificate)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = s_selfSigned.Value }, _over.Token);
                    stream = tls;
                }

                var request = new byte[64 * 1024];
                if (await stream.ReadAsync(request, _over.Token) > 0) await MisbehaveAsync(client, stream);
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
            {
                // The other side has had enough, as it should.
            }
        }

        Interlocked.Decrement(ref _open);
    }

    private async Task MisbehaveAsync(TcpClient client, Stream stream)
    {
        switch (_sickness)
        {
            case Sickness.Hangs:
                while (await stream.ReadAsync(new byte[1024], _over.Token) > 0) continue;
                break;
            case Sickness.Trickles:
                foreach (var letter in Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nX-A: " + new string('a', 10_000)))
                {
                    await SendAsync(stream, [letter]);
                    await Task.Delay(100, _over.Token);
                }

                break;
            case Sickness.Resets:
                client.LingerState = new LingerOption(true, 0);
                client.Close();
                break;
            case Sickness.Fails:
                await SendAsync(stream, "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"u8.ToArray());
                break;
            case Sickness.RedirectsInALoop:
                await SendAsync(stream, Encoding.ASCII.GetBytes($"HTTP/1.1 307 Again\r\nLocation: {Url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
                break;
            case Sickness.NeverEnds:
                await SendAsync(stream, "HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
                while (true) await SendAsync(stream, new byte[16 * 1024]);
            case Sickness.SendsABomb:
                var bomb = s_bomb.Value;
                await SendAsync(stream, Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\nConnection: close\r\n\r\n"));
                await SendAsync(stream, bomb);
                break;
            case Sickness.SendsEndlessHeaders:
                await SendAsync(stream, "HTTP/1.1 200 OK\r\n"u8.ToArray());
                while (true) await SendAsync(stream, Encoding.ASCII.GetBytes($"X-A: {new string('a', 4000)}\r\n"));
            default:
                await SendAsync(stream, "220 mail.example ESMTP\r\n\r\n"u8.ToArray());
                break;
        }
    }

    private async Task SendAsync(Stream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes, _over.Token);
        Interlocked.Add(ref _sent, bytes.Length);
    }

    // Half a megabyte that would be half a gigabyte.
    private static byte[] Bomb()
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 512; i++) zip.Write(zeros);
        }

        return packed.ToArray();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
