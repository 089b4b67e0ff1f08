using Xunit.Sdk;
using Xunit.v3;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>What takes longest begins first, so that nobody waits for it alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_longest = [nameof(Loads), "HostileTextTests", "ClientTests", "LongExportTests", "RoleWalkTests", "DemoTests"];

    public IReadOnlyCollection<T> OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        where T : ITestCollection => [.. testCollections.OrderBy(Place)];

    private static int Place<T>(T collection)
        where T : ITestCollection
    {
        var place = Array.FindIndex(s_longest, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal));
        return place < 0 ? s_longest.Length : place;
    }
}
