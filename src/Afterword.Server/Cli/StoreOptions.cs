using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Parsing;

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

    private const string FileVariable = "AFTERWORD_SETTINGS";
    private const string DefaultFile = "appsettings.json";

    private const string NoLanguages =
        "Afterword cannot run in globalization-invariant mode: names of other languages would be compared and ordered by their bytes, and mail domains stay unread. "
        + "Unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT and install ICU (package libicu; icu-libs and icu-data-full on Alpine).";

    // Where the program is installed, the same settings hold in whatever folder a command is run.
    private static string? SettingsFile => Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file ? Path.GetFullPath(file) : null;

    // Without the rules of languages, letters are compared by their numbers, and Ä comes after Z.
    private static bool KnowsLanguages => CultureInfo.InvariantCulture.CompareInfo.Compare("\u00C4", "Z") < 0;

    /// <summary>Settings of file, environment and command line, checked.</summary>
    /// <exception cref="CommandException">Something is wrong; the message lists all of it.</exception>
    public static Settings SettingsOf(ParseResult parsed)
    {
        if (!KnowsLanguages) throw new CommandException(ExitCode.Failed, NoLanguages);
        if (SettingsFile is { } file && WhyUnreadable(file) is { } why) throw new CommandException(ExitCode.WrongUse, $"{FileVariable} names {file}, {why}.");

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

        var (settings, errors) = SettingsReader.Read(Configuration(SettingsFile ?? Path.Combine(Environment.CurrentDirectory, DefaultFile), given), given.Keys);
        wrong.AddRange(errors);
        if (wrong.Count == 1) throw new CommandException(ExitCode.WrongUse, $"The settings are wrong: {wrong[0]}");
        if (wrong.Count > 1) throw new CommandException(ExitCode.WrongUse, string.Join('\n', ["The settings are wrong:", .. wrong.Select(line => $"  {line}")]));

        return settings!;
    }

    /// <summary>File, environment and command line.</summary>
    /// <param name="file">The file, if it is there.</param>
    /// <param name="given">What the command line says.</param>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    internal static IConfigurationRoot Configuration(string file, IEnumerable<KeyValuePair<string, string?>> given)
    {
        try
        {
            return new ConfigurationBuilder().AddJsonFile(file, optional: true).AddEnvironmentVariables("AFTERWORD_").AddInMemoryCollection(given).Build();
        }
        catch (InvalidDataException error) when (error.InnerException is FormatException wrong)
        {
            throw new CommandException(ExitCode.WrongUse, wrong.InnerException is JsonException json ? JsonMistake.Of(file, json) : $"{file} must hold a JSON object, such as {{ \"Platform\": \"Furni\" }}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUse, $"{file} cannot be read: {error.Message}");
        }
    }

    // A store that was meant for others would be used without the settings.
    private static string? WhyUnreadable(string file)
    {
        try
        {
            File.OpenHandle(file).Dispose();
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return $"which {Environment.UserName} may not read. Run the command as the user that the server runs as: sudo -u USER afterword …";
        }
        catch (IOException)
        {
            return "which is not there";
        }
    }
}
