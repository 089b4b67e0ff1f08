namespace Afterword.Server.Automation.Simulation;

/// <summary>When customers were last asked: two numbers for each of whom an interval still needs to know it.</summary>
/// <remarks>Many small tables instead of a large one: to let a large one grow takes thrice its memory, half of which stays until the whole heap is collected.</remarks>
/// <param name="interval">What is longer ago does not matter any more, milliseconds.</param>
internal sealed class LastRequests(long interval)
{
    private const int Parts = 256;
    private const int Least = 16;

    private readonly Part[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new Part(interval))];

    /// <summary>For how many there is room, and a third more.</summary>
    public int Capacity => _parts.Sum(part => part.Capacity);

    /// <summary>When the customer was asked; null when that does not matter.</summary>
    public long? this[long customer] => PartOf(customer)[customer];

    /// <summary>Notes a request. Of two the later one counts: someone may be asked by hand before what is scheduled is due.</summary>
    public void Note(long customer, long at)
    {
        if (interval > 0) PartOf(customer).Note(customer, at);
    }

    private Part PartOf(long customer) => _parts[Spread(customer) >> 56];

    private static ulong Spread(long customer) => (ulong)(customer * -7046029254386353131L);

    private sealed class Part(long interval)
    {
        // Open addressing; 0 is no customer's id.
        private (long Customer, long At)[] _places = new (long, long)[Least];
        private int _used;

        public int Capacity => _places.Length;

        public long? this[long customer] => _places[Find(_places, customer)] is { Customer: not 0 } found ? found.At : null;

        public void Note(long customer, long at)
        {
            if (_used * 4 >= _places.Length * 3) Rebuild(at);

            var place = Find(_places, customer);
            if (_places[place].Customer == 0) _used++;
            else at = Math.Max(at, _places[place].At);
            _places[place] = (customer, at);
        }

        private static int Find((long Customer, long At)[] places, long customer)
        {
            var place = (int)(Spread(customer) >> 32) & (places.Length - 1);
            while (places[place].Customer != 0 && places[place].Customer != customer) place = (place + 1) & (places.Length - 1);
            return place;
        }

        // Who was asked so long ago that it does not matter goes; only for those who are left is there more room.
        private void Rebuild(long now)
        {
            var kept = _places.Count(one => one.Customer != 0 && one.At + interval > now);
            var size = _places.Length;
            while (kept * 2 > size) size *= 2;
            var places = new (long Customer, long At)[size];
            foreach (var one in _places)
            {
                if (one.Customer != 0 && one.At + interval > now) places[Find(places, one.Customer)] = one;
            }

            (_places, _used) = (places, kept);
        }
    }
}
