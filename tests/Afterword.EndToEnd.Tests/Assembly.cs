using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;

// While one class waits for a process or a browser, others have the processor.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]

// One Chromium for all; each visitor has cookies and a cache of its own.
[assembly: AssemblyFixture(typeof(Browser))]
