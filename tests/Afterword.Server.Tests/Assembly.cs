// While one class waits for PostgreSQL, another has the processor.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]
