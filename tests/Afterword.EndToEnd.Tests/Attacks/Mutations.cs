using System.Text.RegularExpressions;

namespace Afterword.EndToEnd.Tests.Attacks;

/// <summary>Changes requests that are signed rightly, in every way that an attacker might try.</summary>
/// <param name="random">Decides how; its seed stands in the failure of the test.</param>
internal sealed partial class Mutations(Random random)
{
    private static readonly string[] s_methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get", "Post", "PROPFIND"];
    private static readonly string[] s_hosts = ["evil.example", "feedback.test.evil.example", "feedback.test:443", "feedback.tes", "127.0.0.1", "", "feedback.test:8080", "feedback.test."];
    private static readonly string?[] s_types = [null, "application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencodedx"];
    private static readonly string[] s_algorithms = ["HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT", "RSA-SHA1", "hmac-sha1", "", "none"];

    /// <param name="request">Signed rightly.</param>
    /// <param name="other">Another one, signed as rightly, for its parts.</param>
    public WireRequest Change(WireRequest request, WireRequest other) => random.Next(18) switch
    {
        0 or 1 or 2 => Somewhere(request, Flip),
        3 => Somewhere(request, Insert),
        4 => Somewhere(request, Remove),
        5 => Somewhere(request, Repeat),
        6 => request with { Authorization = Without(request.Authorization, Any(request.Authorization)) },
        7 => request with { Authorization = $"{request.Authorization}, {Any(request.Authorization)}" },
        8 => request with { Authorization = Swapped(request.Authorization) },
        9 => request with { Authorization = Signature().Replace(request.Authorization, found => $"oauth_signature=\"{Spoilt(found.Groups["value"].Value)}\"") },
        10 => request with { Authorization = request.Authorization.Replace("HMAC-SHA1", Pick(s_algorithms), StringComparison.Ordinal) },
        11 => request with { Authorization = Number().Replace(request.Authorization, found => $"oauth_timestamp=\"{long.Parse(found.Groups["value"].Value, System.Globalization.CultureInfo.InvariantCulture) + random.Next(-400, 400)}\"") },
        12 => request with { Method = Pick(s_methods) },
        13 => request with { Host = Pick(s_hosts) },
        14 => request with { ContentType = Pick(s_types) },
        15 => Longer(request),
        16 => request with { Authorization = other.Authorization },
        _ => request with { Target = other.Target, Body = other.Body, ContentType = other.ContentType, Method = other.Method },
    };

    private WireRequest Somewhere(WireRequest request, Func<string, string> change) => random.Next(request.Body.Length > 0 ? 3 : 2) switch
    {
        0 => request with { Authorization = change(request.Authorization) },
        1 => request with { Target = "/" + change(request.Target[1..]) },
        _ => request with { Body = change(request.Body) },
    };

    private string Flip(string text)
    {
        var at = random.Next(text.Length);
        return $"{text[..at]}{(char)(text[at] ^ (1 << random.Next(8)))}{text[(at + 1)..]}";
    }

    private string Insert(string text) => text.Insert(random.Next(text.Length + 1), ((char)random.Next(256)).ToString());

    private string Remove(string text)
    {
        var at = random.Next(text.Length);
        return text.Remove(at, random.Next(1, Math.Min(20, text.Length - at) + 1));
    }

    private string Repeat(string text)
    {
        var at = random.Next(text.Length);
        return text.Insert(at, text.Substring(at, random.Next(1, Math.Min(20, text.Length - at) + 1)));
    }

    private WireRequest Longer(WireRequest request) => random.Next(5) switch
    {
        0 => request with { Target = $"{request.Target}{(request.Target.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{new string('x', random.Next(6_000))}" },
        1 => request with { Authorization = $"{request.Authorization}, x=\"{new string('%', random.Next(8_000))}\"" },
        2 => request with { Authorization = request.Authorization + string.Concat(Enumerable.Range(0, random.Next(2_000)).Select(i => $",a{i}=")) },
        3 => request with { Body = $"{request.Body}&{new string('+', random.Next(60_000))}", ContentType = "application/x-www-form-urlencoded" },

        // As many parameters as are read, or many more, all alike to the sort until their last letter.
        _ => request with { Body = request.Body + string.Concat(Enumerable.Range(0, random.Next(2) == 0 ? random.Next(950) : random.Next(15_000)).Select(i => $"&a={(char)('a' + (i % 26))}")), ContentType = "application/x-www-form-urlencoded" },
    };

    // Base64 has many spellings for those who only decode it.
    private string Spoilt(string encoded)
    {
        var signature = Uri.UnescapeDataString(encoded);
        return random.Next(9) switch
        {
            0 => "",
            1 => Uri.EscapeDataString(signature[..^2] + (char)(signature[^2] + 1) + signature[^1]),
            2 => Uri.EscapeDataString(signature.TrimEnd('=')),
            3 => Uri.EscapeDataString(signature + "="),
            4 => Uri.EscapeDataString(signature.Insert(random.Next(signature.Length), " ")),
            5 => Uri.EscapeDataString(signature + "\n"),
            6 => Uri.EscapeDataString(signature.ToUpperInvariant() + "x"),
            7 => Uri.EscapeDataString(encoded),
            _ => Uri.EscapeDataString(Convert.ToHexString(Convert.FromBase64String(signature))),
        };
    }

    private string Any(string header) => Pick(Pairs(header));

    private string Swapped(string header)
    {
        var pairs = Pairs(header);
        var (one, other) = (Pick(pairs), Pick(pairs));
        return header.Replace(one, $"{one[..one.IndexOf('=', StringComparison.Ordinal)]}{other[other.IndexOf('=', StringComparison.Ordinal)..]}", StringComparison.Ordinal);
    }

    private static string Without(string header, string pair) => header.Replace($", {pair}", "", StringComparison.Ordinal).Replace($"{pair}, ", "", StringComparison.Ordinal);

    private static string[] Pairs(string header) => header["OAuth ".Length..].Split(", ");

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];

    [GeneratedRegex("oauth_signature=\"(?<value>[^\"]*)\"")]
    private static partial Regex Signature();

    [GeneratedRegex("oauth_timestamp=\"(?<value>\\d+)\"")]
    private static partial Regex Number();
}
