namespace Afterword.Server.Tests.Fixtures;

/// <summary>Answers as they are documented, byte for byte.</summary>
internal static class Golden
{
    public static void Matches(string name, string actual)
    {
        using var file = typeof(Golden).Assembly.GetManifestResourceStream($"golden/{name}") ?? throw new InvalidOperationException($"There is no golden file {name}.");
        using var reader = new StreamReader(file);
        Assert.Equal(reader.ReadToEnd().TrimEnd('\n'), actual);
    }
}
