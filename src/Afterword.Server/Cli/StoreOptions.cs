using System.CommandLine;
using Afterword.Server.Hosting;

namespace Afterword.Server.Cli;

/// <summary>Options that every command takes: which store, which settings, which form of output.</summary>
internal static class StoreOptions
{
    public static Option<string?> Data { get; } = new("--data")
    {
        Description = "Folder of the embedded store (AFTERWORD_DATA; ./data by default).", Recursive = true, HelpName = "DIR",
    };

    public static Option<string?> Database { get; } = new("--database")
    {
        Description = "PostgreSQL to use instead, such as postgres://user:password@host/afterword (AFTERWORD_DATABASE).", Recursive = true, HelpName = "URL",
    };

    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "A setting, such as Feedback:EventsDelay=00:00:00; may be given again. Goes before environment and file.", Recursive = true, HelpName = "KEY=VALUE",
        DefaultValueFactory = _ => [],
    };

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Write one JSON document to stdout, and messages to stderr.", Recursive = true,
    };

    public static IReadOnlyList<Option> All { get; } = [Data, Database, Set, Json];

    /// <summary>Settings of file, environment and command line, checked.</summary>
    /// <exception cref="CommandException">Something is wrong; the message lists all of it.</exception>
    public static Settings SettingsOf(ParseResult parsed)
    {
        var given = new Dictionary<string, string?>();
        var wrong = new List<string>();
        foreach (var pair in parsed.GetValue(Set) ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at > 0) given[pair[..at]] = pair[(at + 1)..];
            else wrong.Add($"--set {pair} is not KEY=VALUE.");
        }

        if (parsed.GetValue(Data) is { } data) given["Data"] = data;
        if (parsed.GetValue(Database) is { } database) given["Database"] = database;

        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(Environment.CurrentDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables("AFTERWORD_")
            .AddInMemoryCollection(given)
            .Build(), given.Keys);
        wrong.AddRange(errors);
        if (wrong.Count > 0) throw new CommandException(ExitCode.WrongUse, string.Join('\n', ["The settings are wrong:", .. wrong.Select(line => $"  {line}")]));

        return settings!;
    }
}
