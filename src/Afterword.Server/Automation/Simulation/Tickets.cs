namespace Afterword.Server.Automation.Simulation;

/// <summary>A set of tickets by their draws, one number for each, in many small tables as <see cref="LastRequests"/> has them.</summary>
internal sealed class Tickets
{
    private const int Parts = 256;
    private const int Least = 16;

    private readonly Part[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new Part())];

    // A draw may be 0, which is no entry of a table: each stands one higher.
    public bool Contains(long draw) => PartOf(draw + 1).Contains(draw + 1);

    public void Add(long draw) => PartOf(draw + 1).Add(draw + 1);

    private Part PartOf(long one) => _parts[Spread(one) >> 56];

    private static ulong Spread(long one) => (ulong)(one * -7046029254386353131L);

    private sealed class Part
    {
        // Open addressing.
        private long[] _places = new long[Least];
        private int _used;

        public bool Contains(long one) => _places[Find(_places, one)] != 0;

        public void Add(long one)
        {
            if ((_used + 1) * 4L > _places.Length * 3L) Grow();
            var place = Find(_places, one);
            if (_places[place] == 0) _used++;
            _places[place] = one;
        }

        private void Grow()
        {
            var places = new long[_places.Length * 2];
            foreach (var one in _places)
            {
                if (one != 0) places[Find(places, one)] = one;
            }

            _places = places;
        }

        private static int Find(long[] places, long one)
        {
            var place = (int)(Spread(one) >> 32) & (places.Length - 1);
            while (places[place] != 0 && places[place] != one) place = (place + 1) & (places.Length - 1);
            return place;
        }
    }
}
