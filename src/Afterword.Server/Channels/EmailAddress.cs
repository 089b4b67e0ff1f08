using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Afterword.Server.Parsing;
using MimeKit;

namespace Afterword.Server.Channels;

/// <summary>An email address that can go into a header and an envelope as it is: plain ASCII, one address, no name.</summary>
/// <remarks>
/// A domain of other letters is kept as it is registered, in Punycode. Letters beyond ASCII before the @ are refused: they need
/// SMTPUTF8 on every server of the way (RFC 6531), and whoever has such an address has another one.
/// </remarks>
internal sealed record EmailAddress
{
    // RFC 5321, section 4.5.3.1, and its erratum 1690.
    private const int MostLocal = 64;
    private const int MostLength = 254;

    // RFC 5322, section 3.2.3: what an address needs no quotes for. Quoted ones are legal, and hardly anything takes them.
    private const string Specials = "!#$%&'*+-/=?^_`{|}~.";

    private static readonly IdnMapping s_domains = new() { UseStd3AsciiRules = true };

    private EmailAddress(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out EmailAddress? address)
    {
        address = null;
        var at = text?.LastIndexOf('@') ?? -1;
        if (at <= 0 || NormalForm.IsLongerThan(text!, MostLength) || !IsLocal(text.AsSpan(0, at)) || DomainOf(text![(at + 1)..]) is not { } domain) return false;

        var value = string.Concat(text.AsSpan(0, at), "@", domain);
        if (value.Length > MostLength || !MailboxAddress.TryParse(value, out var parsed) || parsed.GetAddress(idnEncode: true) != value) return false;

        address = new(value);
        return true;
    }

    /// <summary>What an address must be, for whoever gave another one.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="usual">What it must be as a rule.</param>
    public static string Needed(string text, string usual) => text.LastIndexOf('@') is > 0 and var at && text.AsSpan(0, at).ContainsAnyExceptInRange('\0', '\u007F')
        ? "one in the letters of ASCII before the @; others need SMTPUTF8 on every server of the way, and Afterword does not use it"
        : usual;

    public override string ToString() => Value;

    private static bool IsLocal(ReadOnlySpan<char> local)
    {
        if (local.Length > MostLocal || local[0] == '.' || local[^1] == '.' || local.IndexOf("..") >= 0) return false;

        foreach (var letter in local)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && !Specials.Contains(letter, StringComparison.Ordinal)) return false;
        }

        return true;
    }

    private static string? DomainOf(string domain)
    {
        try
        {
            var ascii = s_domains.GetAscii(domain).ToLowerInvariant();
            return ascii.EndsWith('.') || ascii.StartsWith('.') ? null : ascii;
        }
        catch (ArgumentException)
        {
            // Empty, too long, a control character, half a surrogate pair: no domain.
            return null;
        }
    }
}
