using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.Cli;

/// <summary>Where the server on a SQLite store listens, in a file beside the store, for links that commands print.</summary>
/// <remarks>After a crash it stays: whoever serves the store next most likely listens there again, and writes where it does.</remarks>
internal static class ServedAddress
{
    private const int MostLetters = 300;

    /// <summary>Writes it down. Nothing depends on it, so that a full disk stops no start.</summary>
    public static void Write(Settings settings, string address)
    {
        if (settings.Database is not null) return;

        try
        {
            using var file = new StreamWriter(PrivateFile.Open(FileIn(settings), FileMode.Create, FileShare.Read));
            file.WriteLine(address);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Links begin with a guess, and say so.
        }
    }

    public static void Remove(Settings settings)
    {
        if (settings.Database is not null) return;

        try
        {
            File.Delete(FileIn(settings));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // As after a crash.
        }
    }

    /// <summary>What the server wrote; null when it wrote nothing that is an address.</summary>
    public static string? Read(Settings settings)
    {
        try
        {
            return settings.Database is null && File.ReadLines(FileIn(settings)).FirstOrDefault() is { Length: < MostLetters } line
                && Uri.TryCreate(line, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url.GetLeftPart(UriPartial.Authority) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string FileIn(Settings settings) => Path.Combine(settings.Data, "afterword.address");
}
