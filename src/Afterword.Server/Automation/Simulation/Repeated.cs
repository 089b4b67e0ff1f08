using System.Text;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Simulation;

/// <summary>What is made of texts that come again and again in a column, such as names of agents: made once for as long as it is met often.</summary>
/// <param name="make">Makes it.</param>
internal sealed class Repeated<T>(Func<string, T> make)
{
    // Each text has one place; another one that falls on it takes it over.
    private const int Places = 1_024;

    private readonly (byte[]? Utf8, T Made)[] _places = new (byte[]?, T)[Places];

    /// <summary>Of the text of a column; the default where it has none.</summary>
    public T? Of(Row row, int column)
    {
        if (row.IsDBNull(column)) return default;

        var utf8 = row.Utf8(column);
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var place = ref _places[(uint)hash.ToHashCode() % Places];
        if (place.Utf8 is null || !utf8.SequenceEqual(place.Utf8)) place = (utf8.ToArray(), make(Encoding.UTF8.GetString(utf8)));
        return place.Made;
    }
}
