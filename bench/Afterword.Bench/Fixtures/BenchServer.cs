using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Bench.Fixtures;

/// <summary>A store and the settings of a server on it: the documented limits are lifted, or they would be what is measured.</summary>
internal sealed class BenchServer
{
    private static readonly Dictionary<string, string> s_settings = new()
    {
        ["Limits:CreatesPerDay"] = "1000000000",
        ["Limits:ShowPer15Minutes"] = "1000000000",
        ["Limits:ClosesPer15Minutes"] = "1000000000",
        ["Limits:SimulationsPer15Minutes"] = "1000000000",
        ["Limits:EventsPer15Minutes"] = "1000000000",
        ["Limits:ExportsPer15Minutes"] = "1000000000",
        ["Cards:CallsPerLink"] = "0",
        ["Cards:CallsPerAddress"] = "0",
        ["Connectors:CallsPerConnector"] = "0",
        ["Feedback:EventsDelay"] = "00:00:00",
        ["Cards:Lifetime"] = "1000.00:00:00",
        ["Webhooks:AllowPlainHttp"] = "true",
        ["Webhooks:AllowPrivateAddresses"] = "true",
        ["Webhooks:Concurrency"] = "64",
    };

    private BenchServer(string name, string key, string value, params ReadOnlySpan<(string Key, string Value)> more)
    {
        Name = name;
        var all = new Dictionary<string, string>(s_settings) { [key] = value };
        foreach (var one in more) all[one.Key] = one.Value;
        Environment = all.ToDictionary(pair => "AFTERWORD_" + pair.Key.Replace(":", "__", StringComparison.Ordinal), pair => pair.Value);
        Settings = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(all!).Build()).Settings
            ?? throw new InvalidOperationException("The settings are wrong.");
    }

    /// <summary>The engine, for the table.</summary>
    public string Name { get; }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public Settings Settings { get; }

    /// <param name="folder">Where the store is.</param>
    /// <param name="more">Further settings.</param>
    public static BenchServer Sqlite(string folder, params ReadOnlySpan<(string Key, string Value)> more) => new("SQLite", "Data", folder, more);

    public static BenchServer Postgres(string url) => new("PostgreSQL", "Database", url);

    /// <summary>Opens the store while no server runs on it. Millions of rows that nothing moves from SQLite's log into the file are slow to find again.</summary>
    public Task<Store> OpenAsync() => Store.OpenAsync(Settings, TimeProvider.System, CancellationToken.None, serves: true);
}
