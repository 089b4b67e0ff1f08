namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>Tests that send a server as much as it takes: one at a time, so that what one of them sends does not slow another down.</summary>
[CollectionDefinition(nameof(Loads))]
public sealed class Loads;
