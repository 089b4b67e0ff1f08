using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Afterword.Server.Storage.Postgres;

/// <summary>Reads the URL of a PostgreSQL database as operators copy it from their hosting, in the words of libpq, or Npgsql's own key=value form.</summary>
/// <remarks>https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS</remarks>
internal static partial class PostgresUrl
{
    /// <summary>What to do about a pooler that gives each transaction another connection.</summary>
    public const string Pooled =
        "A connection pooler in transaction mode, such as PgBouncer, stands before the database, and Afterword keeps settings, prepared statements and LISTEN on its connections. "
        + "Use the address of the database itself, or a pool in session mode.";

    private const int MaxReaders = 20;
    private const int LongestTimeout = 1_024;

    // Hosters print 1 for programs that serve one request and end.
    private const int FewestReaders = 5;

    private static readonly FrozenDictionary<string, Option> s_options = new Dictionary<string, Option>
    {
        ["dbname"] = new("Database"),
        ["user"] = new("Username"),
        ["application_name"] = new("Application Name"),
        ["fallback_application_name"] = new("Application Name"),
        ["connect_timeout"] = new("Timeout", "a number of seconds", Seconds),
        ["client_encoding"] = new("Client Encoding"),
        ["sslmode"] = new("SSL Mode", "disable, allow, prefer, require, verify-ca or verify-full", WithoutDash),
        ["sslrootcert"] = new("Root Certificate"),
        ["sslcert"] = new("SSL Certificate"),
        ["sslkey"] = new("SSL Key"),
        ["sslpassword"] = new("SSL Password"),
        ["sslnegotiation"] = new("SSL Negotiation", "postgres or direct"),
        ["channel_binding"] = new("Channel Binding", "disable, prefer or require"),
        ["require_auth"] = new("Require Auth"),
        ["gssencmode"] = new("GSS Encryption Mode", "disable, prefer or require"),
        ["krbsrvname"] = new("Kerberos Service Name"),
        ["load_balance_hosts"] = new("Load Balance Hosts", "disable or random", value => value switch { "random" => "true", "disable" => "false", _ => value }),
        ["target_session_attrs"] = new("Target Session Attributes", "any, read-write or primary, for the server writes", value => value is "any" or "read-write" or "primary" ? value : throw new FormatException(value)),
        ["keepalives"] = new("TCP Keepalive", "0 or 1", value => value switch { "1" => "true", "0" => "false", _ => value }),
        ["keepalives_idle"] = new("TCP Keepalive Time", "a number of seconds"),
        ["keepalives_interval"] = new("TCP Keepalive Interval", "a number of seconds"),

        // Of Prisma and those who follow it.
        ["schema"] = new("Search Path"),
        ["connection_limit"] = new("Maximum Pool Size", "a number of connections", Connections),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // They change nothing here: how often and for how long TCP tries again, and what no server offers any more.
    private static readonly FrozenSet<string> s_ignored =
        FrozenSet.Create("keepalives_count", "tcp_user_timeout", "sslcompression", "sslsni", "gssdelegation", "pool_timeout", "pgbouncer");

    private static readonly FrozenSet<string> s_secret = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "password", "sslpassword", "ssl password");

    /// <summary>Gives the same as Npgsql's key=value text.</summary>
    /// <exception cref="FormatException">It cannot be read; the message says why, and repeats no password.</exception>
    public static string ConnectionText(string given)
    {
        var text = given.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || given.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
            ? OfUrl(given[(given.IndexOf(':', StringComparison.Ordinal) + 3)..])
            : OfPairs(given);
        text.ApplicationName ??= "afterword";

        // A stock PostgreSQL has 100 connections for everybody: several nodes, backups and a person with psql.
        // 100, the driver's default, means that nobody asked for a number.
        if (text.MaxPoolSize == 100) text.MaxPoolSize = MaxReaders;
        text.MaxAutoPrepare = 100;
        text.AutoPrepareMinUsages = 2;
        return text.ToString();
    }

    private static NpgsqlConnectionStringBuilder OfPairs(string given)
    {
        try
        {
            return new(given);
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            // What the driver says may repeat a piece of the password.
            throw new FormatException("it begins with neither postgres:// nor postgresql://, and is no list of key=value pairs that Npgsql knows", error);
        }
    }

    /// <param name="rest">What follows the scheme: <c>user:password@host:port,host:port/database?option=value</c>.</param>
    private static NpgsqlConnectionStringBuilder OfUrl(string rest)
    {
        var query = rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark ? rest[(mark + 1)..] : "";
        var place = query.Length > 0 || rest.EndsWith('?') ? rest[..rest.IndexOf('?', StringComparison.Ordinal)] : rest;
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? place : place[..slash];
        var at = authority.LastIndexOf('@');
        var user = at < 0 ? [] : authority[..at].Split(':', 2);

        // A "/" or "?" in a password ends the authority too early: what follows is a piece of the password, and nothing of it is repeated.
        if (rest.AsSpan(authority.Length).Contains('@'))
        {
            throw new FormatException("special characters of its user or password are not percent-encoded; write %2F for /, %3F for ?, %23 for # and %40 for @, in its options too");
        }

        var text = new NpgsqlConnectionStringBuilder();
        SetHosts(text, authority[(at + 1)..].Split(','), mayQuote: at >= 0);
        if (slash >= 0 && place.Length > slash + 1) text.Database = Plain(place[(slash + 1)..]);
        if (user.Length > 0) text.Username = Plain(user[0]);
        if (user.Length > 1) text.Password = Plain(user[1]);

        var pairs = Array.ConvertAll(query.Split('&', StringSplitOptions.RemoveEmptyEntries), pair => pair.Split('=', 2));

        // A "&" in a password among them ends it too early: what follows is a piece of it.
        var mayQuote = !Array.Exists(pairs, pair => s_secret.Contains(Plain(pair[0])));

        // The authority comes last, whose "system" asks for the strictest mode there is; a name comes after the one for when there is none.
        foreach (var pair in pairs.OrderBy(pair => pair[0] switch { "fallback_application_name" => 0, "sslrootcert" => 2, _ => 1 }))
        {
            Set(text, Plain(pair[0]), pair.Length > 1 ? Plain(pair[1]) : "", mayQuote);
        }

        VerifyByFile(text);
        return text;
    }

    /// <summary>As libpq does, verifies the server when a file of authorities is given; the driver would take the file and pass it over.</summary>
    private static void VerifyByFile(NpgsqlConnectionStringBuilder text)
    {
        if (string.IsNullOrEmpty(text.RootCertificate)) return;
        if (text.SslMode is SslMode.Allow or SslMode.Prefer) throw new FormatException("its option sslrootcert goes with sslmode=require, verify-ca or verify-full");
        if (text.SslMode == SslMode.Require) text.SslMode = SslMode.VerifyCA;
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder text, string[] hosts, bool mayQuote)
    {
        var places = Array.ConvertAll(hosts, host =>
        {
            var colon = host.LastIndexOf(':');
            if (colon < 0 || host.EndsWith(']')) return (Host: Plain(host), Port: 5432);

            return int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65_536
                ? (Host: Plain(host[..colon]), Port: port)
                : throw new FormatException($"its port {(mayQuote ? $"is \"{host[(colon + 1)..]}\"; it " : "")}must be a number from 1 to 65535");
        });
        text.Host = places.Length == 1 ? places[0].Host : string.Join(',', places.Select(place => string.Create(CultureInfo.InvariantCulture, $"{place.Host}:{place.Port}")));
        text.Port = places.Length == 1 ? places[0].Port : 5432;
    }

    private static void Set(NpgsqlConnectionStringBuilder text, string name, string value, bool mayQuote)
    {
        if (name == "pgbouncer" && value is "true" or "1") throw new FormatException($"it says pgbouncer={value}. {Pooled}");
        if (s_ignored.Contains(name)) return;
        if ((name, value) == ("sslrootcert", "system"))
        {
            // The driver takes the authorities of the system where no others are named; "prefer" is what it has when no mode is.
            if (text.SslMode is not (SslMode.Prefer or SslMode.VerifyFull)) throw new FormatException("its option sslrootcert=system goes with sslmode=verify-full");
            text.SslMode = SslMode.VerifyFull;
            return;
        }

        var option = s_options.GetValueOrDefault(name) ?? new Option(name);
        try
        {
            // A socket folder travels as ?host=, since a URL has no other place for it.
            text[option.Name] = option.Value?.Invoke(value) ?? value;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidCastException or OverflowException or KeyNotFoundException)
        {
            throw new FormatException(
                !s_options.ContainsKey(name) && !text.ContainsKey(name) ? $"{(mayQuote && OptionName.IsMatch(name) ? $"its option \"{name}\"" : "one of its options")} is not known, or has a wrong value"
                : !mayQuote ? $"its option {name} has a wrong value"
                : $"its option {name} is \"{value}\"{(option.Allowed is { } allowed ? $"; it must be {allowed}" : ", which the driver does not take")}",
                error);
        }
    }

    // What looks otherwise may be a piece of a password.
    [GeneratedRegex("^[A-Za-z_ ]{1,40}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex OptionName { get; }

    private static string WithoutDash(string value) => value.Replace("-", "", StringComparison.Ordinal);

    private static string Seconds(string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? Math.Min(seconds, LongestTimeout).ToString(CultureInfo.InvariantCulture) : value;

    private static string Connections(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var many) ? Math.Max(many, FewestReaders).ToString(CultureInfo.InvariantCulture) : value;

    private static string Plain(string part) => Uri.UnescapeDataString(part);

    /// <param name="Name">What Npgsql calls it.</param>
    /// <param name="Allowed">What it may be, for who got it wrong.</param>
    /// <param name="Value">Makes Npgsql's value of libpq's.</param>
    private sealed record Option(string Name, string? Allowed = null, Func<string, string>? Value = null);
}
