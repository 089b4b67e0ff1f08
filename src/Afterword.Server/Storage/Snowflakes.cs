using System.Globalization;

namespace Afterword.Server.Storage;

/// <summary>Makes ids: 41 bits of milliseconds since 1288834974657, 10 bits of worker, 12 bits of sequence.</summary>
/// <remarks>
/// Ids of one process never repeat and never run backwards, even if its clock does: then, and when 4,096 ids of one
/// millisecond are used up, the next millisecond is taken early.
/// </remarks>
internal sealed class Snowflakes(TimeProvider clock)
{
    public const long Epoch = 1288834974657;
    public const int Workers = 1024;

    /// <summary>The latest millisecond of which there is an id, on 2080-07-10; one more would make them negative.</summary>
    public const long LastOfAll = Epoch + (1L << 41) - 1;

    private readonly Lock _lock = new();
    private long _worker = -1;
    private long _last;
    private int _next;
    private Func<long, bool> _holds = _ => false;

    /// <summary>The lowest id that can be made of an instant; those of earlier ones are below it.</summary>
    public static long FirstOf(DateTimeOffset instant) => FirstOf(instant.ToUnixTimeMilliseconds());

    /// <inheritdoc cref="FirstOf(DateTimeOffset)"/>
    /// <param name="millis">Unix milliseconds; what no id can be made of counts as the nearest of which one can.</param>
    public static long FirstOf(long millis) => (Math.Clamp(millis, Epoch, LastOfAll) - Epoch) << 22;

    /// <summary>Sees, before anything is served, that there are ids of this time.</summary>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static void CheckRange(DateTimeOffset now)
    {
        if (now.ToUnixTimeMilliseconds() is < Epoch or > LastOfAll) throw new InvalidOperationException(OutOfRange(now));
    }

    /// <summary>The latest millisecond of which an id was made.</summary>
    public long LastMillis
    {
        get
        {
            lock (_lock) return _last;
        }
    }

    /// <summary>Why there are no ids of this time; null when there are.</summary>
    public string? WhyNone
    {
        get
        {
            var now = clock.GetUtcNow();
            return Math.Max(now.ToUnixTimeMilliseconds(), LastMillis) is < Epoch or > LastOfAll ? OutOfRange(now) : null;
        }
    }

    /// <exception cref="StoreUnavailableException">This process holds no worker number just now; ids could repeat.</exception>
    /// <exception cref="HeldException">The time is one of which there are no ids.</exception>
    public long Next() => Take(1);

    /// <summary>Takes two ids that follow each other: the one given, and that plus one.</summary>
    /// <inheritdoc cref="Next"/>
    public long NextPair() => Take(2);

    /// <param name="worker">0 to 1023, held by nobody else.</param>
    /// <param name="after">No id is made of this millisecond or an earlier one: the previous holder may have used them.</param>
    /// <param name="holds">Tells whether the number may still be used for an id of this millisecond.</param>
    public void Use(int worker, long after, Func<long, bool> holds)
    {
        lock (_lock)
        {
            _worker = worker;
            _last = Math.Max(_last, after);
            _next = 4096;
            _holds = holds;
        }
    }

    /// <summary>Takes <paramref name="count"/> ids in a row and gives the first.</summary>
    private long Take(int count)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            var (millis, next) = now > _last ? (now, 0) : _next + count > 4096 ? (_last + 1, 0) : (_last, _next);

            // Asked of the millisecond that the id will have, since time passes between any two looks at the clock.
            if (!_holds(millis)) throw new StoreUnavailableException("This process holds no worker number just now, so it can make no ids.", cause: ProblemCause.WorkerNumberLost);
            if (millis is < Epoch or > LastOfAll) throw new HeldException(OutOfRange(clock.GetUtcNow()));

            (_last, _next) = (millis, next);
            var first = ((_last - Epoch) << 22) | (_worker << 12) | (long)_next;
            _next += count;
            return first;
        }
    }

    private static string OutOfRange(DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $"This machine's clock says {now:yyyy-MM-dd}, and ids can be made from {DateTimeOffset.FromUnixTimeMilliseconds(Epoch):yyyy-MM-dd} to {DateTimeOffset.FromUnixTimeMilliseconds(LastOfAll):yyyy-MM-dd}. Set it right.");
}
