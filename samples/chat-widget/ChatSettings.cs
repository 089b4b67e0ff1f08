namespace Afterword.Samples.ChatWidget;

/// <summary>The server, the app and the sender's token that ask, and the customer who is asked.</summary>
internal sealed record ChatSettings(Uri Server, string Key, string Secret, string Token, string TokenSecret, string To)
{
    /// <summary>Gives the settings, or null and the options that are missing.</summary>
    public static ChatSettings? Read(IConfiguration given, out IReadOnlyList<string> missing)
    {
        var all = new Dictionary<string, string>();
        var none = new List<string>();
        foreach (var name in (string[])["server", "key", "secret", "token", "token-secret", "to"])
        {
            if ((given[name] ?? given[$"CHAT_{name.Replace('-', '_').ToUpperInvariant()}"]) is { Length: > 0 } value) all[name] = value;
            else none.Add($"--{name}");
        }

        if (all.TryGetValue("server", out var text) && !Uri.TryCreate(text, UriKind.Absolute, out _)) none.Add("--server as an address such as http://127.0.0.1:5080");
        missing = none;
        return none.Count > 0 ? null : new(new Uri(all["server"]), all["key"], all["secret"], all["token"], all["token-secret"], all["to"]);
    }
}
