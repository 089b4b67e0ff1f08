namespace Afterword.Server.Backups;

/// <summary>The tables that no backup carries, each with its reason. Every other table of the schema comes along; a test compares.</summary>
internal static class ExcludedTables
{
    private const string Migrations = "The migrations of the program that restores write it.";
    private const string Doors = "It opens a door now, and must not open one again after a restore.";
    private const string OneStore = "It is about this store, and not about one that is made of its backup.";

    public static IReadOnlyDictionary<string, string> Tables { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["schema_version"] = Migrations,
        ["schema_beside"] = Migrations,
        ["visit"] = Doors,
        ["console_session"] = Doors,
        ["console_challenge"] = Doors,
        ["request_token"] = Doors,
        ["reset_link"] = Doors,
        ["invitation"] = Doors,
        ["outbound_hold"] = OneStore,
        ["backup_run"] = OneStore,
        ["retention_run"] = OneStore,
    };
}
