using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Afterword.Support;

/// <summary>A mail server that does what a test says, below SMTP where it must.</summary>
/// <param name="act">
/// Gets a command as it came (<c>DATA</c>'s content counts as the command <c>.</c>) and gives the reply; null for the usual one.
/// <see cref="Drop"/> closes the connection, <see cref="Hang"/> never answers.
/// </param>
internal sealed class MailScript(Func<string, string?> act) : IAsyncDisposable
{
    public const string Drop = "drop";
    public const string Hang = "hang";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();

    /// <summary>Every command that came.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>The content of every email that came whole, whether it was taken or not.</summary>
    public ConcurrentQueue<string> Emails { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static MailScript Start(Func<string, string?> act)
    {
        var script = new MailScript(act);
        script._listener.Start();
        _ = script.AcceptAsync();
        return script;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
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
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { NewLine = "\r\n", AutoFlush = true };
                await ReplyAsync(writer, "", "220 mail.test ESMTP");
                while (await reader.ReadLineAsync(_over.Token) is { } command)
                {
                    Commands.Enqueue(command);
                    if (!await ReplyAsync(writer, command, Usual(command))) return;
                    if (command == "DATA" && !await TakeAsync(reader, writer)) return;
                }
            }
            catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side has gone, or the test is over.
            }
        }
    }

    private async Task<bool> TakeAsync(StreamReader reader, StreamWriter writer)
    {
        var email = new StringBuilder();
        while (await reader.ReadLineAsync(_over.Token) is { } line and not ".") email.AppendLine(line);
        Emails.Enqueue(email.ToString());
        return await ReplyAsync(writer, ".", "250 Taken");
    }

    private async Task<bool> ReplyAsync(StreamWriter writer, string command, string usual)
    {
        var reply = act(command) ?? usual;
        if (reply == Hang) await Task.Delay(Timeout.Infinite, _over.Token);
        if (reply == Drop) return false;

        await writer.WriteLineAsync(reply);
        return true;
    }

    private static string Usual(string command) => command.Split(' ')[0] switch
    {
        "EHLO" => "250-mail.test\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN",
        "AUTH" => "235 2.7.0 Come in",
        "DATA" => "354 Go on",
        "QUIT" => "221 Bye",
        _ => "250 OK",
    };
}
