namespace Afterword.Server.Storage;

/// <summary>Tells those in this process who wait that something of a sender was committed. A hint: whoever misses it finds out by looking.</summary>
internal sealed class ChangeNotifier
{
    /// <summary>Called on the thread that committed: it must be quick and must not throw.</summary>
    public event Action<long, long>? Committed;

    /// <param name="sender">Whose it is.</param>
    /// <param name="subject">What there is something new for.</param>
    public void Notify(long sender, long subject) => Committed?.Invoke(sender, subject);
}
