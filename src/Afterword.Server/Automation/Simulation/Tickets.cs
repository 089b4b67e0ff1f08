namespace Afterword.Server.Automation.Simulation;

/// <summary>A set of tickets by their draws, in many small sets for the reason of <see cref="LastRequests"/>.</summary>
internal sealed class Tickets
{
    private const int Parts = 256;

    private readonly HashSet<long>[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new HashSet<long>())];

    public bool Contains(long draw) => PartOf(draw).Contains(draw);

    public void Add(long draw) => PartOf(draw).Add(draw);

    private HashSet<long> PartOf(long draw) => _parts[(ulong)(draw * -7046029254386353131L) >> 56];
}
