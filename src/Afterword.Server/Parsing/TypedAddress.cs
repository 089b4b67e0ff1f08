namespace Afterword.Server.Parsing;

/// <summary>Web addresses as people type them.</summary>
internal static class TypedAddress
{
    /// <summary>The address with https where no scheme was typed; empty stays empty.</summary>
    public static string WithScheme(string text) => text.Length == 0 || text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
}
