using System.Net;
using Afterword.Server.Channels;
using MailKit.Security;

namespace Afterword.Server.Configuration;

// The sections of the channels.
internal sealed partial class SettingsReader
{
    private const int ImplicitTlsPort = 465;

    private ChannelSettings Channels() => new()
    {
        Concurrency = (int)Whole("Channels:Concurrency", 8, 1, 256),
        RetrySchedule = Schedule("Channels:RetrySchedule", "1m 5m 15m 1h 4h 12h 24h"),
        PollEvery = Duration("Channels:PollEvery", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        KeepAttempts = Duration("Channels:KeepAttempts", TimeSpan.FromDays(30)),
    };

    private MailSettings? Email()
    {
        var host = Raw("Mail:Host");
        var tls = EmailTls();
        var port = (int)Whole("Mail:Port", tls == SecureSocketOptions.SslOnConnect ? ImplicitTlsPort : 587, 1, 65_535);
        var (user, password) = (Raw("Mail:User"), Raw("Mail:Password"));
        var from = Raw("Mail:From");
        var name = Raw("Mail:FromName");
        var timeout = Duration("Mail:Timeout", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        var hello = Raw("Mail:HelloName");
        var oauth = EmailOAuth();
        if (host is null)
        {
            // Whoever writes the rest believes that emails are sent.
            if ((user ?? password ?? from ?? name ?? hello ?? oauth?.ClientId) is not null) Missing("Mail:Host", "the mail server's name, for there are other settings of Mail");
            return null;
        }

        if (Uri.CheckHostName(host) == UriHostNameType.Unknown) Wrong("Mail:Host", host, "the name of a mail server, such as smtp.example.com", host);
        if (!EmailAddress.TryParse(from, out var address)) _ = from is null ? Missing("Mail:From", "the address that emails come from") : Wrong("Mail:From", from, EmailAddress.Needed(from, "an email address such as feedback@example.com"), from);
        if (name?.Any(char.IsControl) == true) Wrong("Mail:FromName", name, "a name without control characters", name);
        if (hello is not null && Uri.CheckHostName(hello) == UriHostNameType.Unknown) Wrong("Mail:HelloName", hello, "a host name such as mail.example.com, or an address", hello);
        if (oauth is not null && password is not null) Wrong("Mail:Password", "…", "left out, because Mail:TokenUrl is set", password);
        else if (user is null != (password is null && oauth is null)) Missing(user is null ? "Mail:User" : "Mail:Password", "both or neither of them");
        if ((password is not null || oauth is not null) && tls == SecureSocketOptions.None && !IsThisMachine(host)) Wrong("Mail:Tls", "none", "starttls or implicit when there is a password, or the password would be sent in the clear", host);

        // The links in an email are the platform's own: they must not begin with whatever host an app happened to call.
        if (Raw("PublicUrl") is null) Missing("PublicUrl", "how customers reach this server, for the links in emails");
        return address is null ? null : new MailSettings
        {
            Host = host, Port = port, Tls = tls, User = user, Password = password, OAuth = oauth, From = address, FromName = name, Timeout = timeout,
            HelloName = hello ?? Url("PublicUrl")?.IdnHost ?? "localhost",
        };
    }

    private MailOAuthSettings? EmailOAuth()
    {
        var (url, id, secret, refresh, scope) = (Raw("Mail:TokenUrl"), Raw("Mail:ClientId"), Raw("Mail:ClientSecret"), Raw("Mail:RefreshToken"), Raw("Mail:Scope"));
        if ((url ?? id ?? secret ?? refresh ?? scope) is null) return null;
        if (id is null) Missing("Mail:ClientId", "the id that the issuer of access tokens gave this installation");
        if (url is null) Missing("Mail:TokenUrl", "where access tokens come from, because Mail:ClientId or a setting that belongs to it is set");
        else if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
        {
            Wrong("Mail:TokenUrl", url, "an https address, such as https://oauth2.googleapis.com/token", url);
        }
        else
        {
            return new() { TokenUrl = address, ClientId = id ?? "", ClientSecret = secret, RefreshToken = refresh, Scope = scope };
        }

        return null;
    }

    // On 465 a server speaks TLS from the first byte (RFC 8314): one that waits for STARTTLS there would wait for ever.
    private SecureSocketOptions EmailTls()
    {
        var tls = Raw("Mail:Port") == "465" ? OneOf("Mail:Tls", "implicit", "starttls", "none") : OneOf("Mail:Tls", "starttls", "implicit", "none");
        return tls switch
        {
            "implicit" => SecureSocketOptions.SslOnConnect,
            "none" => SecureSocketOptions.None,
            _ => SecureSocketOptions.StartTls,
        };
    }

    private static bool IsThisMachine(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private string Missing(string key, string needed)
    {
        _errors.Add($"{key} is not set; it must be {needed}. ({Origin(key)})");
        return key;
    }
}
