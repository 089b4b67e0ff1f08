namespace Afterword.Server.Tests.Abuse;

/// <summary>Tests that measure the processor time of this process: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone
{
    /// <summary>The processor time of this process until now, client and server, to the microsecond.</summary>
    internal static TimeSpan Used => Environment.CpuUsage.TotalTime;

    /// <summary>What something takes, at best: the garbage collector and the compiler may come in between.</summary>
    /// <param name="enough">When it took less, it is not done again.</param>
    /// <param name="act">What is measured.</param>
    internal static async Task<TimeSpan> LeastAsync(TimeSpan enough, Func<Task> act)
    {
        var least = TimeSpan.MaxValue;
        for (var tries = 0; tries < 3 && (tries == 0 || least > enough); tries++)
        {
            var before = Used;
            await act();
            var took = Used - before;
            if (took < least) least = took;
        }

        return least;
    }
}
