using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Afterword.Bench.Report;

/// <summary>What the metrics were measured on.</summary>
internal sealed record Machine(
    string Processor, int Cores, double MemoryGiB, string Kernel, string Framework, string Sqlite, string? Postgres, string Disk, double SyncsPerSecond, double LoadBefore)
{
    /// <param name="folder">A folder on the disk that the stores will be on.</param>
    /// <param name="postgres">What <c>postgres --version</c> says, or null.</param>
    public static Machine Describe(string folder, string? postgres) => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30), 1),
        $"{RuntimeInformation.OSDescription}, Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}",
        RuntimeInformation.FrameworkDescription,
        SqliteVersion(),
        postgres,
        new DriveInfo(folder).DriveFormat,
        Math.Round(Syncs(folder)),
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    // The engine that the server itself chooses.
    private static string SqliteVersion()
    {
        _ = Afterword.Server.Storage.Sqlite.SqliteEngine.Version;
        using var connection = new SqliteConnection("Data Source=:memory:");
        return connection.ServerVersion;
    }

    /// <summary>How often a second 8 KiB can be appended and made durable: what every commit costs at least.</summary>
    private static double Syncs(string folder)
    {
        var path = Path.Combine(folder, "syncs");
        var page = new byte[8192];
        var began = TimeProvider.System.GetTimestamp();
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            for (var i = 0; i < 200; i++)
            {
                RandomAccess.Write(file, page, i * page.LongLength);
                RandomAccess.FlushToDisk(file);
            }
        }

        File.Delete(path);
        return 200 / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
    }
}
