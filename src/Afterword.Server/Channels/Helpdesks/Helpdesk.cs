using System.Diagnostics;
using Afterword.Server.Configuration;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels.Helpdesks;

/// <summary>A helpdesk into whose conversations messages can be posted. The numbers are stored.</summary>
internal enum HelpdeskKind
{
    Chatwoot = 1,
    Zendesk = 2,
    Intercom = 3,
    Zammad = 4,
}

internal static class HelpdeskKinds
{
    /// <summary>The names as operators write them, and as they stand before the id of a conversation.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<HelpdeskKind>().Select(kind => kind.Name)];

    extension(HelpdeskKind kind)
    {
        public string Name => kind switch
        {
            HelpdeskKind.Chatwoot => "chatwoot",
            HelpdeskKind.Zendesk => "zendesk",
            HelpdeskKind.Intercom => "intercom",
            HelpdeskKind.Zammad => "zammad",
            _ => throw new UnreachableException(kind.ToString()),
        };

        /// <summary>As its makers write it.</summary>
        public string Title => char.ToUpperInvariant(kind.Name[0]) + kind.Name[1..];

        /// <summary>What an account must be there, beside the token; null where the token says all.</summary>
        public string? Account => kind switch
        {
            HelpdeskKind.Chatwoot => "the number of the account, as the address of its pages has it behind /app/accounts/",
            HelpdeskKind.Zendesk => "the email address of the agent in whose name it is posted",
            HelpdeskKind.Intercom => "the id of the teammate in whose name it is posted",
            HelpdeskKind.Zammad => null,
            _ => throw new UnreachableException(kind.ToString()),
        };
    }

    /// <summary>The helpdesk of this name, or null.</summary>
    public static HelpdeskKind? Find(string name) => All.Contains(name) ? Enum.GetValues<HelpdeskKind>().First(kind => kind.Name == name) : null;
}

/// <summary>How to post into a sender's conversations at a helpdesk, checked.</summary>
/// <param name="Url">Where the helpdesk's API begins; its path ends with a slash.</param>
/// <param name="Account">See <see cref="HelpdeskKinds"/>; null where there is none.</param>
/// <param name="Token">Of its API. Nothing in it can end a header.</param>
internal sealed record Helpdesk(HelpdeskKind Kind, Uri Url, string? Account, string Token)
{
    private const int MostDigits = 18;
    private const int MostOfToken = 2048;

    /// <summary>Where the API of Intercom is, for workspaces in the United States.</summary>
    public const string Intercom = "https://api.intercom.io/";

    /// <summary>Reads what an operator wrote, or says what is wrong with it.</summary>
    public static (Helpdesk? Helpdesk, string? Wrong) Read(HelpdeskKind kind, string? url, string? account, string token, WebhookSettings settings, EgressGuard guard)
    {
        if ((url ?? (kind == HelpdeskKind.Intercom ? Intercom : null)) is not { } text) return (null, $"--url is missing: where {kind.Name} is, such as https://desk.example.com");

        var (address, wrong) = ReadUrl(text, settings, guard);
        if (wrong is not null) return (null, $"--url is \"{text}\"; it must be {wrong}");

        var mayBe = IsAccount(kind, account);
        if (!mayBe && kind.Account is null) return (null, $"--account is not needed for {kind.Name}");
        if (!mayBe) return (null, account is null ? $"--account is missing; it must be {kind.Account}" : $"--account is \"{account}\"; it must be {kind.Account}");

        return IsToken(token) ? (new(kind, address!, account, token), null) : (null, "the token must be one line of letters, digits and signs of ASCII, without spaces");
    }

    /// <summary>Whether it is what the helpdesk calls an account; null where it has none.</summary>
    public static bool IsAccount(HelpdeskKind kind, string? account) => kind switch
    {
        HelpdeskKind.Zendesk => EmailAddress.TryParse(account, out _),
        HelpdeskKind.Zammad => account is null,
        _ => IsNumber(account),
    };

    /// <summary>The address at which an API begins, or what is wrong with it.</summary>
    public static (Uri? Url, string? Wrong) ReadUrl(string text, WebhookSettings settings, EgressGuard guard)
    {
        var (url, wrong) = WebhookUrl.Read(text, settings, guard);
        if (wrong is not null) return (null, wrong);

        return url!.Query.Length > 0 ? (null, "an address without a question mark") : (url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/"), null);
    }

    /// <summary>Whether a text can stand in a header, and in the path of an address, as it is.</summary>
    public static bool IsToken(string text) => text.Length is > 0 and <= MostOfToken && text.All(letter => letter is > ' ' and < '\u007F');

    /// <summary>Whether a text is an id as these helpdesks give them: digits, which mean nothing else in an address.</summary>
    public static bool IsNumber(string? text) => text is { Length: > 0 and <= MostDigits } && text.All(char.IsAsciiDigit);

    /// <summary>Without the token, which must not reach the first log that mentions it.</summary>
    public override string ToString() => $"Helpdesk {{ Kind = {Kind}, Url = {Url} }}";
}
