using System.Net;
using System.Net.Sockets;
using System.Text;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>More connections, and more bodies, than the process could hold, from someone who is not signed in.</summary>
[Collection(nameof(Loads))]
public sealed class FloodedProcessTests
{
    private const int Bodies = 1_800;
    private const int BodyLength = 61_000;

    [Fact]
    public async Task Idle_connections_beyond_the_limit_of_open_files_are_refused_and_the_server_serves_on()
    {
        await using var server = await ServerProcess.StartBoundedAsync(await SqliteStore.NewAsync(), new(OpenFiles: 1_024));
        var flood = new List<Socket>();
        while (flood.Count < 1_300) flood.Add(await ConnectAsync(server));

        // Nobody waits for an answer that does not come: what is too much is closed.
        await UntilAsync(() => flood.Count(IsClosed) >= 1_300 - 512);
        Assert.NotEqual(0, server.Errors.Count(line => line.Contains("New connections are refused: all 512 are open", StringComparison.Ordinal)));

        flood.ForEach(one => one.Dispose());
        await UntilAsync(async () => await AnswersAsync(server, "GET /healthz/ready HTTP/1.1\r\nHost: x\r\n\r\n") == 200);
        Assert.Equal(0, await server.TerminateAsync());
    }

    [Fact]
    public async Task Large_bodies_of_many_at_once_take_no_more_memory_than_there_is()
    {
        await using var server = await ServerProcess.StartBoundedAsync(await SqliteStore.NewAsync(), new(HeapBytes: 128 * 1024 * 1024));
        var head = $"POST /1.1/feedback/create.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {BodyLength}\r\nAuthorization: OAuth oauth_consumer_key=\"k\", "
            + "oauth_nonce=\"n\", oauth_signature=\"s\", oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"1\", oauth_token=\"t\"\r\n\r\n";
        var most = Encoding.ASCII.GetBytes($"{head}a={new string('x', BodyLength - 3)}");
        var flood = new List<Socket>();
        while (flood.Count < Bodies)
        {
            var one = await ConnectAsync(server);
            flood.Add(one);
            await TrySendAsync(one, most);
        }

        // All of them end at once, so that all of them are worked on.
        var answers = await Task.WhenAll(flood.Select(EndAsync));
        flood.ForEach(one => one.Dispose());
        Assert.Contains(401, answers);
        Assert.All(answers, status => Assert.True(status is 0 or 401 or 503, $"{status}"));
        Assert.Equal(200, await AnswersAsync(server, "GET /healthz/ready HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Equal(0, await server.TerminateAsync());
    }

    private static async Task<Socket> ConnectAsync(ServerProcess server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Url.Port));
        }
        catch (SocketException)
        {
            // Closed before it was told that it is open.
        }

        return socket;
    }

    private static bool IsClosed(Socket socket) => !socket.Connected || (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0);

    private static async Task<int> EndAsync(Socket socket)
    {
        await TrySendAsync(socket, "x"u8.ToArray());
        try
        {
            return await StatusAsync(socket);
        }
        catch (SocketException)
        {
            // Refused, and closed before the answer was read.
            return 0;
        }
    }

    private static async Task TrySendAsync(Socket socket, byte[] bytes)
    {
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // It was answered before.
        }
    }

    private static async Task<int> AnswersAsync(ServerProcess server, string request)
    {
        using var socket = await ConnectAsync(server);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(request));
            return await StatusAsync(socket);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static async Task<int> StatusAsync(Socket socket)
    {
        var answer = new byte[256];
        var length = await socket.ReceiveAsync(answer);
        return length > 12 ? int.Parse(Encoding.ASCII.GetString(answer, 9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var polls = 0; !await holds(); polls++)
        {
            Assert.True(polls < 1_500, "It did not come to that.");
            await Task.Delay(20);
        }
    }
}
