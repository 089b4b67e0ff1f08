using System.Globalization;
using System.Net.Security;
using System.Text.RegularExpressions;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Afterword.Server.Channels.Email;

/// <summary>Gives emails to the mail server. The one place that speaks SMTP.</summary>
internal sealed partial class EmailTransport(Store store, Settings settings, EmailTokens tokens, TimeProvider clock)
{
    private long _failingSince;

    /// <summary>When the first email failed of those that came after the last which the mail server took; null while it takes them.</summary>
    /// <remarks>An email that was refused for its recipient's sake shows that the server works.</remarks>
    public DateTimeOffset? FailingSince => Volatile.Read(ref _failingSince) is > 0 and var since ? DateTimeOffset.FromUnixTimeMilliseconds(since) : null;

    /// <summary>Where connections to the mail server lead. Each email has one at a time, for which whoever sends it has a permit.</summary>
    public static EndpointKey End => default;

    public async Task<ChannelAttempt> SendAsync(ChannelDelivery delivery, CancellationToken abort)
    {
        if (!EmailAddress.TryParse(delivery.Recipient.Email, out var to)) return new(AttemptOutcome.Refused, 0, null, "The user has no email address.");

        var email = await CardEmail.ComposeAsync(delivery, delivery.CardUrl(store.Secrets, settings), to, settings.Mail!, settings.Platform);
        return await SendAsync(email, abort);
    }

    /// <summary>Sends an email that asks nothing.</summary>
    public Task<ChannelAttempt> SendTestAsync(EmailAddress to, CancellationToken abort) =>
        SendAsync(CardEmail.ComposeTest(to, settings.Mail!, settings.Platform, settings.PublicUrl!.IdnHost), abort);

    /// <summary>Gives an email to the mail server, and disposes of it.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was raised.</exception>
    public async Task<ChannelAttempt> SendAsync(MimeMessage email, CancellationToken abort)
    {
        var server = settings.Mail!;
        var started = clock.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(abort);
        patience.CancelAfter(server.Timeout);
        var content = new Content();
        var (outcome, status, error) = (AttemptOutcome.Sent, (int?)null, (string?)null);
        try
        {
            using (email)
            using (var smtp = NewClient(server))
            {
                email.Date = clock.GetUtcNow();

                // First: the connection to whoever gives tokens is closed before that to the mail server opens, and both are the one that the email has a permit for.
                var token = server.OAuth is null ? null : await tokens.CurrentAsync(patience.Token);
                await smtp.ConnectAsync(server.Host, server.Port, server.Tls, patience.Token);
                if (server.User is not null) await SignInAsync(smtp, server, token, patience.Token);

                // With it, the client would unfold a domain from Punycode, and need every server of the way to know that (RFC 6531).
                smtp.Capabilities &= ~SmtpCapabilities.UTF8;
                await smtp.SendAsync(email, patience.Token, content);
                await LeaveAsync(smtp, patience.Token);
            }
        }
#pragma warning disable CA1031 // whatever a mail server manages to break is a failed attempt, and comes again by the schedule
        catch (Exception reason)
#pragma warning restore CA1031
        {
            abort.ThrowIfCancellationRequested();
            (outcome, status, error) = Judge(reason, server, content.Began);
        }

        if (outcome is AttemptOutcome.Sent or AttemptOutcome.Refused) Volatile.Write(ref _failingSince, 0);
        else Interlocked.CompareExchange(ref _failingSince, clock.GetUtcNow().ToUnixTimeMilliseconds(), 0);
        return new(outcome, (long)clock.GetElapsedTime(started).TotalMilliseconds, status, error);
    }

    private static SmtpClient NewClient(MailSettings server) => new()
    {
        LocalDomain = server.HelloName,
        Timeout = (int)server.Timeout.TotalMilliseconds,

        // Whether a certificate was revoked takes calls to its issuer, which many mail servers' networks do not allow, and which
        // fail for certificates of one's own authority. The rest is checked, without the client's own exceptions.
        CheckCertificateRevocation = false,
        ServerCertificateValidationCallback = (_, _, _, errors) => errors == SslPolicyErrors.None,
    };

    private async Task SignInAsync(SmtpClient smtp, MailSettings server, string? token, CancellationToken stop)
    {
        var mechanism = MechanismOf(smtp.AuthenticationMechanisms, server);
        if (token is null)
        {
            await smtp.AuthenticateAsync(mechanism == "PLAIN" ? new SaslMechanismPlain(server.User!, server.Password!) : new SaslMechanismLogin(server.User!, server.Password!), stop);
            return;
        }

        try
        {
            await smtp.AuthenticateAsync(mechanism == "XOAUTH2" ? new SaslMechanismOAuth2(server.User!, token) : new SaslMechanismOAuthBearer(server.User!, token), stop);
        }
        catch (AuthenticationException)
        {
            await tokens.ForgetAsync(token, stop);
            throw;
        }
    }

    /// <summary>How to sign in: by what the server offers and nothing else, once.</summary>
    /// <exception cref="NotSupportedException">It offers nothing that is spoken here. Without signing in, nothing is sent.</exception>
    private static string MechanismOf(HashSet<string> offered, MailSettings server)
    {
        string[] spoken = server.OAuth is null ? ["PLAIN", "LOGIN"] : ["XOAUTH2", "OAUTHBEARER"];
        return Array.Find(spoken, offered.Contains) ?? throw new NotSupportedException(offered.Count == 0
            ? $"{server.Host} offers no way to sign in, and there is a Mail:User. Nothing was sent."
            : $"{server.Host} offers {string.Join(", ", offered.Order(StringComparer.Ordinal))}, but neither {spoken[0]} nor {spoken[1]}. Nothing was sent.");
    }

    // The server has accepted the email; a QUIT that fails changes nothing.
    private static async Task LeaveAsync(SmtpClient smtp, CancellationToken stop)
    {
        try
        {
            await smtp.DisconnectAsync(quit: true, stop);
        }
#pragma warning disable CA1031, RCS1075 // whatever fails here, the server has accepted the mail
        catch (Exception)
#pragma warning restore CA1031, RCS1075
        {
            // It is closed in any case.
        }
    }

    /// <summary>What a failure means for the mail: whether it may come again, and whether it may have arrived.</summary>
    private static (AttemptOutcome Outcome, int? Status, string Error) Judge(Exception reason, MailSettings server, bool began)
    {
        var error = Explain(reason, server);
        return reason switch
        {
            SmtpCommandException answered => (IsForGood((int)answered.StatusCode, answered.Message) ? AttemptOutcome.Refused : AttemptOutcome.Failed, (int)answered.StatusCode, error),
            ServiceNotAuthenticatedException => (AttemptOutcome.Failed, (int)SmtpStatusCode.AuthenticationRequired, error),
            AuthenticationException when Reply().Match(reason.Message) is { Success: true } answered => (AttemptOutcome.Failed, int.Parse(answered.ValueSpan[..3], CultureInfo.InvariantCulture), error),
            _ => (began ? AttemptOutcome.Uncertain : AttemptOutcome.Failed, null, error),
        };
    }

    /// <summary>Whether a reply refuses this email, or this recipient, whenever it comes again.</summary>
    /// <remarks>
    /// Other refusals are meant for the operator: no right to relay, a server that takes no email now. They will be mended, and
    /// the email waits. The enhanced code tells them apart (RFC 3463, section 3: 1 address, 2 mailbox, 6 content; 1.7 and 1.8 are
    /// about the address it comes from); where there is none, the code does, but for 554, which can mean either.
    /// </remarks>
    private static bool IsForGood(int status, string reply)
    {
        if (Enhanced().Match(reply) is not { Success: true } code) return status >= 550 && status != 554;

        return code.Groups["subject"].Value is "1" or "2" or "6" && code.Value is not ("5.1.7" or "5.1.8");
    }

    [GeneratedRegex(@"^5\.(?<subject>[0-9]{1,3})\.[0-9]{1,3}(?![0-9])", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Enhanced();

    // How the client says what the server replied to a sign-in.
    [GeneratedRegex("^[45][0-9]{2}: ", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Reply();

    private static string Explain(Exception reason, MailSettings server) => reason switch
    {
        OperationCanceledException or TimeoutException => FormattableString.Invariant($"{server.Host} did not accept the email within {server.Timeout.TotalSeconds:0.#} s."),
        SslHandshakeException => $"TLS failed: {Blanks().Replace(reason.Message, " ")}",
        AuthenticationException => $"Signing in failed: {reason.Message}",
        _ => reason.Message,
    };

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Blanks();

    /// <summary>Learns whether the content of an email is on its way: until then, a server cannot have taken it over.</summary>
    private sealed class Content : ITransferProgress
    {
        public bool Began { get; private set; }

        public void Report(long bytesTransferred) => Began = true;

        public void Report(long bytesTransferred, long totalSize) => Began = true;
    }
}
