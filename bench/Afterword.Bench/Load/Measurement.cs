namespace Afterword.Bench.Load;

/// <summary>What one run of the generator saw.</summary>
internal sealed record Measurement
{
    public required long Completed { get; init; }

    public required double Seconds { get; init; }

    /// <summary>How often each status code came.</summary>
    public required Dictionary<int, long> Statuses { get; init; }

    /// <summary>Connections that the server closed, and answers that could not be read.</summary>
    public required long Broken { get; init; }

    /// <summary>The beginning of the first answer that was neither 200 nor 303.</summary>
    public string? FirstRefusal { get; init; }

    public required double P50 { get; init; }

    public required double P90 { get; init; }

    public required double P99 { get; init; }

    public required double Longest { get; init; }

    /// <summary>CPU time that the generator itself took, in seconds.</summary>
    public required double GeneratorCpu { get; init; }

    /// <summary>All prepared requests were sent before the time was over.</summary>
    public required bool RanOut { get; init; }

    /// <summary>CPU time of the process under test, in seconds; the caller fills it in.</summary>
    public double ServerCpu { get; init; }

    public double Rate => Completed / Seconds;

    public bool IsClean => Broken == 0 && Completed > 0 && Statuses.Keys.All(status => status is 200 or 303);
}
