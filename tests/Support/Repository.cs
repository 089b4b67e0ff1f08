namespace Afterword.Support;

/// <summary>The tree that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its topmost folder.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Afterword.slnx"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        return folder.FullName;
    }
}
