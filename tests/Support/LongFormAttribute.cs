using Xunit.v3;

namespace Afterword.Support;

/// <summary>
/// Runs with <c>./test --long</c> alone: the same tests on PostgreSQL, where SQLite proves what they are about (a page, a
/// header, a word), or more of what a shorter test has shown.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class LongFormAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("form", "long")];
}
