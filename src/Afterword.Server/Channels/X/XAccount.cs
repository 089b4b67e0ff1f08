using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels.X;

/// <summary>How to write direct messages at X as a sender: its app and its user there.</summary>
/// <param name="Url">Where the API begins; its path ends with a slash.</param>
internal sealed record XAccount(Uri Url, OAuthCredentials Keys)
{
    /// <summary>Where the API of X is.</summary>
    public const string Api = "https://api.x.com/";

    // As X calls them where it shows them.
    private static readonly string[] s_names = ["api_key", "api_key_secret", "access_token", "access_token_secret"];

    /// <summary>Reads a file of keys: a line for each, <c>api_key=…</c>. What is wrong is said without repeating a key.</summary>
    public static (OAuthCredentials? Keys, string? Wrong) ReadKeys(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !s_names.Contains(line[..equals].Trim()) || !found.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim())) return (null, Needed);
        }

        return Array.TrueForAll(s_names, name => found.TryGetValue(name, out var key) && Helpdesk.IsToken(key))
            ? (new(found[s_names[0]], found[s_names[1]], found[s_names[2]], found[s_names[3]]), null)
            : (null, Needed);
    }

    private static string Needed => $"the file of keys must have one line for each of {string.Join(", ", s_names)}, such as {s_names[0]}=…";

    public byte[] Seal(Secrets secrets) => secrets.Protect(Encoding.ASCII.GetBytes(string.Join('\n', Keys.ConsumerKey, Keys.ConsumerSecret, Keys.Token, Keys.TokenSecret)));

    public static XAccount Unseal(Secrets secrets, string url, byte[] keys)
    {
        var parts = Encoding.ASCII.GetString(secrets.Unprotect(keys)).Split('\n');
        return new(new Uri(url), new(parts[0], parts[1], parts[2], parts[3]));
    }
}
