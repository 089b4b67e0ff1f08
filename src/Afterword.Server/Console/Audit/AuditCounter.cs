using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Console.Audit;

/// <summary>What is counted instead of being written down each time.</summary>
internal enum CountedAction
{
    /// <summary>An app read a page of a sender's events.</summary>
    Events,

    /// <summary>An app read one feedback of a sender.</summary>
    Show,

    /// <summary>A user of the platform did not sign in.</summary>
    SignIn,

    /// <summary>A person of the console did not show the password or the second factor.</summary>
    ConsoleSignIn,

    /// <summary>A user's account was locked.</summary>
    Lock,

    /// <summary>A person's account was locked.</summary>
    ConsoleLock,

    /// <summary>A user's codes were locked: the password was right before.</summary>
    CodeLock,

    /// <summary>A person's codes were locked: the password was right before.</summary>
    ConsoleCodeLock,

    /// <summary>A person of the console asked for what their role does not show.</summary>
    Console,

    /// <summary>An app called what it, its token or its user may not.</summary>
    Api,

    /// <summary>A token was used that was taken back.</summary>
    RevokedToken,

    /// <summary>A call came with what is no operator key.</summary>
    OperatorKey,

    /// <summary>The receiver of a webhook fetched events.</summary>
    Poll,

    /// <summary>A call to fetch events came with what is no secret of such a webhook.</summary>
    WebhookSecret,
}

/// <summary>Counts what happens too often for an entry of the audit log each time, away from the request, and what strangers can cause.</summary>
/// <remarks>
/// Each kind of happening by each caller gets an entry within <see cref="s_every"/> of the first time in an hour, and another with the
/// rest when the hour is over: what a crash loses is the rest. Strangers cannot fill the disk: see <see cref="MostStrangers"/>.
/// </remarks>
internal sealed partial class AuditCounter(Store store, AuditLog audit, TimeProvider clock, ILogger<AuditCounter> log) : BackgroundService, IHostedLifecycleService
{
    /// <summary>Of each kind of refusal, so many names and so many networks are told apart in an hour; the others are counted together.</summary>
    public const int MostStrangers = 2_000;

    private const int AtOnce = 100;
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(30);
    private static readonly long s_hour = TimeSpan.TicksPerHour;

    private readonly ConcurrentDictionary<Key, Count> _counts = new();
    private readonly SemaphoreSlim _flushing = new(1);
    private List<KeyValuePair<Key, Count>> _ended = [];
    private long _hour = clock.GetUtcNow().Ticks / s_hour;

    // For each kind, how many keys with a name there are, and how many without. A kind that needs a credential shares with no other.
    private readonly int[] _told = new int[2 * Enum.GetValues<CountedAction>().Length];

    /// <summary>An app read a sender's answers. Called thousands of times a second: it adds to a number.</summary>
    public void Read(CountedAction what, Caller caller) => Add(new(what, caller.UserId, caller.App.Id, null, null), caller.App, static app => Member.Of(app).Email);

    /// <summary>A receiver fetched what a webhook has been sent.</summary>
    public void Polled(EndpointKey webhook) => Add(new(CountedAction.Poll, webhook.SenderId, webhook.Id, null, null), webhook.Id, static id => string.Create(CultureInfo.InvariantCulture, $"webhook {id}"));

    /// <summary>A sign-in failed, or was not looked at.</summary>
    /// <param name="where">On which page.</param>
    /// <param name="name">The handle or address that was tried; null where it was not looked at. Passwords are typed there too: what is not known to the store is not written down.</param>
    /// <param name="from">Who tried.</param>
    public void Failed(CountedAction where, string? name, IPAddress? from) =>
        Refuse(new(where, Workspace.Installation, 0, name is null ? null : KeyOf(where, name.Trim()), Networks.Of(from)), "somebody");

    /// <summary>A person asked for a page that is not for their role.</summary>
    public void Refused(Member member, long senderId, string route) => Refuse(new(CountedAction.Console, senderId, member.Id, route, null), member.Email);

    /// <summary>A call was signed, and refused for what its caller may not.</summary>
    public void Refused(App app, long userId, ApiError error) => Refuse(new(CountedAction.Api, userId, app.Id, error.Message, null), Member.Of(app).Email);

    public void UsedRevoked(App app, long userId) => Refuse(new(CountedAction.RevokedToken, userId, app.Id, null, null), Member.Of(app).Email);

    public void WrongOperatorKey(IPAddress? from) => Refuse(new(CountedAction.OperatorKey, Workspace.Installation, 0, null, Networks.Of(from)), "somebody");

    public void WrongWebhookSecret(IPAddress? from) => Refuse(new(CountedAction.WebhookSecret, Workspace.Installation, 0, null, Networks.Of(from)), "somebody");

    /// <summary>Writes what is new, and what is left of the hour before.</summary>
    /// <param name="all">Whether the hour ends now: the server stops.</param>
    /// <param name="stop">Gives up.</param>
    public async Task FlushAsync(bool all, CancellationToken stop)
    {
        await _flushing.WaitAsync(stop);
        try
        {
            var hour = clock.GetUtcNow().Ticks / s_hour;

            // First, while all of the hour is there: what was tried in its last seconds has names too.
            await new AuditNames(store, clock).ResolveAsync(_counts, Fold, stop);
            if (all || hour != _hour) End(hour);
            var due = _ended.Concat(_counts.Where(one => one.Value.Written == 0)).Where(one => one.Value.New > 0).ToList();
            foreach (var some in due.Chunk(AtOnce)) await WriteAsync(some, stop);

            // A call that was counted while its hour ended is found the next time.
            _ended = _ended.FindAll(one => due.Contains(one));
        }
        finally
        {
            _flushing.Release();
        }
    }

    // Everything has stopped, the last request too.
    public Task StoppedAsync(CancellationToken cancellationToken) => FlushAsync(all: true, cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        base.Dispose();
        _flushing.Dispose();
    }

    // The rest is written when everything has stopped.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => PeriodicWork.RepeatAsync(s_every, clock, stop => FlushAsync(all: false, stop), NotWritten, stoppingToken);

    private void NotWritten(Exception error)
    {
        if (!store.Faults.Tell(error)) NotWritten(log, error);
    }

    /// <summary>What the store would know a name by; null for what is no name.</summary>
    private static string? KeyOf(CountedAction where, string name)
    {
        if (where == CountedAction.ConsoleSignIn) return EmailAddress.TryParse(name, out var email) ? Memberships.Key(email.Value) : null;
        return UserAccounts.Handle.IsMatch(UserAccounts.Bare(name)) ? UserAccounts.Key(UserAccounts.Bare(name)) : null;
    }

    private void End(long hour)
    {
        _hour = hour;
        Array.Clear(_told);
        foreach (var key in _counts.Keys)
        {
            if (_counts.TryRemove(key, out var count)) _ended.Add(new(key, count));
        }
    }

    private void Add<T>(Key key, T from, Func<T, string> who, long many = 1)
    {
        // One that was folded meanwhile takes nothing more.
        while (true)
        {
            if (!_counts.TryGetValue(key, out var count)) count = _counts.GetOrAdd(key, new Count(who(from)));
            if (count.TryAdd(many)) return;
        }
    }

    private void Refuse(Key key, string who, long many = 1)
    {
        if (!IsToldApart(key) && (key.Name is null || key.By > 0 || !IsToldApart(key = key with { Name = null }))) (key, who) = (new(key.Kind, Workspace.Installation, 0, null, null), "others");
        Add(key, who, static who => who, many);
    }

    private bool IsToldApart(Key key)
    {
        if (_counts.ContainsKey(key)) return true;
        if (Interlocked.Increment(ref Told(key)) <= MostStrangers) return true;

        Interlocked.Decrement(ref Told(key));
        return false;
    }

    private ref int Told(Key key) => ref _told[2 * (int)key.Kind + (key.Name is null ? 1 : 0)];

    /// <summary>Keeps only where it came from of what nobody is called, and makes room for another name.</summary>
    private void Fold(Key key)
    {
        if (!_counts.TryRemove(key, out var count)) return;

        Interlocked.Decrement(ref Told(key));
        Refuse(key with { Name = null }, "somebody", count.Close());
    }

    private async Task WriteAsync(IReadOnlyList<KeyValuePair<Key, Count>> some, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        var lines = some.Select(one => (one.Value, New: one.Value.New, Line: Line.Of(one.Key, one.Value, now))).ToList();
        await store.Main.WriteAsync(
            async session =>
            {
                foreach (var (_, _, line) in lines) await audit.WriteAsync(session, line.SenderId, new Member(0, line.Who, "", 0, []), line.Action, line.What, stop);
                return 0;
            },
            stop);
        foreach (var (count, written, line) in lines)
        {
            count.Wrote(written);

            // The log holds no email address; a handle begins with its @.
            if (line.Action == AuditAction.Refused) Refused(log, line.What, line.Who.IndexOf('@', StringComparison.Ordinal) > 0 ? "a person of the console" : line.Who);
        }
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Refused: {What} ({Who}).")]
    private static partial void Refused(ILogger log, string what, string who);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Error, Message = "What was counted for the audit log could not be written, by our fault; it is tried again in half a minute.")]
    private static partial void NotWritten(ILogger log, Exception error);

    /// <summary>What is counted together.</summary>
    /// <param name="Kind">What happened.</param>
    /// <param name="SenderId">Where it is written down.</param>
    /// <param name="By">The app or person; 0 for a stranger.</param>
    /// <param name="Name">A handle, an address, a route or a reason, by <paramref name="Kind"/>.</param>
    /// <param name="From">The network it came from, where no credential says more.</param>
    internal readonly record struct Key(CountedAction Kind, long SenderId, long By, string? Name, IPAddress? From);

    /// <summary>How often it happened in this hour, and how much of that is written down.</summary>
    internal sealed class Count(string who)
    {
        // So far below zero that no adding leads back.
        private const long Closed = long.MinValue / 2;

        private long _total;

        /// <summary>As the entry names who did it.</summary>
        public string Who { get; set; } = who;

        /// <summary>Of a lock: until when; null while it is none.</summary>
        public long? LockedUntil { get; set; }

        public long Written { get; private set; }

        public long New => Interlocked.Read(ref _total) - Written;

        /// <returns>False when it was closed: it has to be counted elsewhere.</returns>
        public bool TryAdd(long many) => Interlocked.Add(ref _total, many) > 0;

        /// <summary>Gives what is not written down yet, and takes nothing more.</summary>
        public long Close() => Interlocked.Exchange(ref _total, Closed) - Written;

        public void Wrote(long many) => Written += many;
    }

    private sealed record Line(long SenderId, string Who, AuditAction Action, string What)
    {
        public static Line Of(Key key, Count count, DateTimeOffset now)
        {
            var times = count.New == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count.New:N0} times");
            var from = key.From is null ? "" : $" from {key.From}";
            return key.Kind switch
            {
                CountedAction.Events => new(key.SenderId, count.Who, AuditAction.Saw, $"pages of events, by the API: {times}"),
                CountedAction.Show => new(key.SenderId, count.Who, AuditAction.Saw, $"single answers, by the API: {times}"),
                CountedAction.Poll => new(key.SenderId, count.Who, AuditAction.Saw, $"pages of events, by polling: {times}"),
                CountedAction.WebhookSecret => new(key.SenderId, count.Who, AuditAction.Refused, $"a secret of no polled webhook, {times}{from}"),
                CountedAction.SignIn => new(key.SenderId, count.Who, AuditAction.Refused, $"sign-in, {times}{from}"),
                CountedAction.ConsoleSignIn => new(key.SenderId, count.Who, AuditAction.Refused, $"sign-in to the console, {times}{from}"),
                CountedAction.Lock => new(key.SenderId, count.Who, AuditAction.Refused, $"locked after too many wrong passwords, {times}"),
                CountedAction.ConsoleLock => new(key.SenderId, count.Who, AuditAction.Refused, $"locked in the console after too many wrong passwords, {times}"),
                CountedAction.CodeLock => new(key.SenderId, count.Who, AuditAction.Refused, $"codes locked after too many wrong ones, {times}"),
                CountedAction.ConsoleCodeLock => new(key.SenderId, count.Who, AuditAction.Refused, $"codes locked in the console after too many wrong ones, {times}"),
                CountedAction.Console => new(key.SenderId, count.Who, AuditAction.Refused, $"{key.Name}, {times}"),
                CountedAction.Api => new(key.SenderId, count.Who, AuditAction.Refused, $"a call, {times}: {key.Name}"),
                CountedAction.RevokedToken => new(key.SenderId, count.Who, AuditAction.Refused, $"a revoked token, {times}"),
                _ => new(key.SenderId, count.Who, AuditAction.Refused, $"an operator key that is none, {times}{from}"),
            };
        }
    }
}
