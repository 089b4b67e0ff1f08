namespace Afterword.Server.Automation.Simulation;

/// <summary>A set of tickets by their draws, one number for each.</summary>
internal sealed class Tickets
{
    private const int Least = 1_024;

    // Open addressing. A draw may be 0, so each stands one higher.
    private long[] _places = new long[Least];
    private int _used;

    public bool Contains(long draw) => _places[Find(_places, draw + 1)] != 0;

    public void Add(long draw)
    {
        if ((_used + 1) * 4L > _places.Length * 3L) Grow();
        var place = Find(_places, draw + 1);
        if (_places[place] == 0) _used++;
        _places[place] = draw + 1;
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
        var place = (int)((ulong)(one * -7046029254386353131L) >> 32) & (places.Length - 1);
        while (places[place] != 0 && places[place] != one) place = (place + 1) & (places.Length - 1);
        return place;
    }
}
