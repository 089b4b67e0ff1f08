using System.Net.Sockets;

namespace Afterword.Server.Tests.Faults;

/// <summary>Passes everything on, and can fall silent as a machine does that lost its power: nobody is told that a connection is over.</summary>
/// <param name="to">The port of the one that listens.</param>
internal sealed class Wire(int to) : Relay(to)
{
    private CancellationTokenSource _silence = new();

    /// <summary>Passes on nothing more of what is connected now; later connections work.</summary>
    public void FallSilent() => Interlocked.Exchange(ref _silence, new()).Cancel();

    protected override void Join(TcpClient near, TcpClient far)
    {
        _ = PassAsync(near, far, _silence.Token);
        _ = PassAsync(far, near, _silence.Token);
    }

    private static async Task PassAsync(TcpClient from, TcpClient to, CancellationToken silence)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), silence);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Broken off.
        }
    }
}
