// Every test here starts processes of its own and loads the machine: two at once would only disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
