using System.Globalization;
using System.Security.Cryptography;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages.Inbox;

/// <summary>Wakes the open pages of users for whom there is something new, on this node and on the others.</summary>
/// <remarks>Nothing but ids travels, and a wake-up is a hint: what is new, the page asks for itself.</remarks>
internal sealed partial class LiveUpdates : BackgroundService
{
    /// <summary>Streams of one listener: a browser needs one. A page without one polls, or is not live.</summary>
    public const int MostOfListener = 8;

    private const int MostOfNode = 10_000;
    private const string Channel = "afterword_inbox";
    private const string Everybody = "*";

    // PostgreSQL takes 7,999 bytes; a topic has at most 20, with a space, and the node's name goes in front.
    private const int TopicsAtOnce = 380;

    // Beyond, it is cheaper for every node to wake every page than for all to read the list.
    private const int MostToTell = 4 * TopicsAtOnce;

    // What comes within a moment travels together.
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly Store _store;
    private readonly ILogger<LiveUpdates> _log;
    private readonly bool _hasOthers;
    private readonly string _node = RandomNumberGenerator.GetHexString(8);
    private readonly Lock _lock = new();
    private readonly Dictionary<LiveTopic, List<OpenPage>> _open = [];
    private readonly Dictionary<Listener, int> _ofListener = [];
    private readonly HashSet<LiveTopic> _toTell = [];
    private readonly WakeSignal _told = new();
    private int _count;

    public LiveUpdates(Store store, Settings settings, ILogger<LiveUpdates> log)
    {
        (_store, _log, _hasOthers) = (store, log, settings.Database is not null);
        store.InboxNotifier.Committed += OnInbox;
        store.MetricsNotifier.Committed += OnMetrics;
        store.Problems.Meter.CreateObservableGauge("afterword.live.connections", () => (long)Count, "{connections}", "Open pages that are told at once what is new.");
    }

    /// <summary>How often a page that is told nothing gets a sign of life, and its session is looked at.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How many pages are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <param name="topic">What the page shows.</param>
    /// <param name="listener">Who looks. Nobody's streams count for another, whatever both look at.</param>
    /// <returns>Null when the listener, or this node, has as many as it may.</returns>
    public OpenPage? TryOpen(LiveTopic topic, Listener listener)
    {
        lock (_lock)
        {
            var own = _ofListener.GetValueOrDefault(listener);
            if (own >= MostOfListener || _count >= MostOfNode) return null;

            var page = new OpenPage(this, topic, listener);
            if (!_open.TryGetValue(topic, out var pages)) _open[topic] = pages = [];
            pages.Add(page);
            _ofListener[listener] = own + 1;
            _count++;
            return page;
        }
    }

    public override void Dispose()
    {
        _store.InboxNotifier.Committed -= OnInbox;
        _store.MetricsNotifier.Committed -= OnMetrics;
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _hasOthers
        ? Task.WhenAll(RepeatAsync(TellAsync, stoppingToken), RepeatAsync(ListenAsync, stoppingToken))
        : Task.CompletedTask;

    // What was told while nobody listened, the pages find out by looking.
    private Task ListenAsync(CancellationToken stop) => _store.Main.ListenAsync(Channel, WakeAll, Hear, stop);

    private async Task TellAsync(CancellationToken stop)
    {
        while (true)
        {
            await _told.WaitAsync(Timeout.InfiniteTimeSpan, stop);
            await Task.Delay(s_gather, stop);
            LiveTopic[] topics;
            lock (_lock)
            {
                topics = [.. _toTell];
                _toTell.Clear();
            }

            if (topics.Length > MostToTell) await _store.Main.NotifyAsync(Channel, $"{_node} {Everybody}", stop);
            else foreach (var some in topics.Chunk(TopicsAtOnce)) await _store.Main.NotifyAsync(Channel, $"{_node} {string.Join(' ', some)}", stop);
        }
    }

    private void Hear(string told)
    {
        var words = told.Split(' ');
        if (words[0] == _node) return;

        foreach (var word in words.AsSpan(1))
        {
            if (word == Everybody) WakeAll();
            else if (LiveTopic.TryParse(word, out var topic)) Wake(topic);
        }
    }

    private void OnInbox(long user, long other) => OnNotifier(new(user), new(other));

    private void OnMetrics(long sender, long recipient) => OnNotifier(LiveTopic.MetricsOf(sender), LiveTopic.MetricsOf(sender));

    private void OnNotifier(LiveTopic one, LiveTopic other)
    {
        // Called by the thread that commits, for every answer; a page that opens just now reads what is stored anyway.
        if (!_hasOthers && Volatile.Read(ref _count) == 0) return;

        lock (_lock)
        {
            Wake(one);
            if (other != one) Wake(other);
            if (!_hasOthers || _toTell.Count > MostToTell) return;

            _toTell.Add(one);
            _toTell.Add(other);
        }

        _told.Set();
    }

    private void Wake(LiveTopic topic)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(topic, out var pages)) pages.ForEach(page => page.Woken.Set());
        }
    }

    private void WakeAll()
    {
        lock (_lock)
        {
            foreach (var page in _open.Values.SelectMany(pages => pages)) page.Woken.Set();
        }
    }

    private void Close(OpenPage page)
    {
        lock (_lock)
        {
            var pages = _open[page.Topic];
            if (!pages.Remove(page)) return;

            _count--;
            if (--_ofListener[page.Listener] == 0) _ofListener.Remove(page.Listener);
            if (pages.Count == 0) _open.Remove(page.Topic);
        }
    }

    /// <summary>Runs something that should never end, again and again if it does.</summary>
    private async Task RepeatAsync(Func<CancellationToken, Task> run, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await run(stop);
            }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
            catch (Exception error)
#pragma warning restore CA1031
            {
                if (stop.IsCancellationRequested) return;

                if (!_store.Faults.Tell(error)) RelayFailed(_log, error);
                await Task.Delay(s_pause, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    [LoggerMessage(EventId = 1601, Level = LogLevel.Warning, Message = "Pages on other nodes cannot be told what is new; they look for themselves meanwhile.")]
    private static partial void RelayFailed(ILogger log, Exception error);

    /// <summary>A page that is open in a user's browser.</summary>
    internal sealed class OpenPage(LiveUpdates inbox, LiveTopic topic, Listener listener) : IDisposable
    {
        public LiveTopic Topic => topic;

        public Listener Listener => listener;

        /// <summary>Set when there may be something new.</summary>
        public WakeSignal Woken { get; } = new();

        public void Dispose() => inbox.Close(this);
    }
}

/// <summary>What an open page shows: a user's inbox, or the metrics of a sender.</summary>
/// <remarks>They are apart because a customer's answer changes metrics alone. The sender's inbox, which agents read, must not tell when one came.</remarks>
internal readonly record struct LiveTopic(long Id, bool IsMetrics = false)
{
    private const char Figures = 'f';

    public static LiveTopic MetricsOf(long sender) => new(sender, IsMetrics: true);

    public static bool TryParse(string word, out LiveTopic topic)
    {
        var isMetrics = word.StartsWith(Figures);
        var isId = long.TryParse(word.AsSpan(isMetrics ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out var id);
        topic = new(id, isMetrics);
        return isId;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsMetrics ? "f" : "")}{Id}");
}

/// <summary>Who listens: a user of the platform or a person of the console, whose ids are counted apart.</summary>
internal readonly record struct Listener
{
    private readonly bool _isPerson;
    private readonly long _id;

    private Listener(bool isPerson, long id) => (_isPerson, _id) = (isPerson, id);

    public static Listener User(long id) => new(isPerson: false, id);

    public static Listener Person(long id) => new(isPerson: true, id);
}

/// <summary>Wakes the one who waits; however often it was set, that is once.</summary>
internal sealed class WakeSignal
{
    private readonly System.Threading.Channels.Channel<bool> _set = System.Threading.Channels.Channel.CreateBounded<bool>(
        new System.Threading.Channels.BoundedChannelOptions(1) { FullMode = System.Threading.Channels.BoundedChannelFullMode.DropWrite });

    public void Set() => _set.Writer.TryWrite(true);

    /// <returns>False when the time was over before.</returns>
    public async Task<bool> WaitAsync(TimeSpan most, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        over.CancelAfter(most);
        try
        {
            return await _set.Reader.ReadAsync(over.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
