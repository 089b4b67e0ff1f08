namespace Afterword.Server.Configuration;

/// <summary>What someone meant who slipped on a key.</summary>
internal static class NearestName
{
    /// <summary>The known name that is at most a few letters away; null when none is.</summary>
    public static string? Of(string typed, IEnumerable<string> known)
    {
        // Whatever is longer or shorter by more is farther away: a stranger may have typed 100,000 letters.
        var most = Math.Clamp(typed.Length / 4, 1, 3);
        var nearest = known.Where(name => Math.Abs(name.Length - typed.Length) <= most).Select(name => (Name: name, Distance: Distance(typed, name)))
            .OrderBy(one => one.Distance).ThenBy(one => one.Name, StringComparer.Ordinal).FirstOrDefault();
        return nearest.Name is not null && nearest.Distance <= most ? nearest.Name : null;
    }

    // Letters that are added, left out, changed or swapped with the next (optimal string alignment).
    private static int Distance(string one, string other)
    {
        var all = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    all[i, j] = i + j;
                    continue;
                }

                var change = char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]) ? 0 : 1;
                all[i, j] = Math.Min(Math.Min(all[i - 1, j] + 1, all[i, j - 1] + 1), all[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) all[i, j] = Math.Min(all[i, j], all[i - 2, j - 2] + 1);
            }
        }

        return all[one.Length, other.Length];
    }
}
