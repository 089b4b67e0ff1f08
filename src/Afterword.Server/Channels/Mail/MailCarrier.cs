using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;

namespace Afterword.Server.Channels.Mail;

/// <summary>Gives mails to the mail server. The one place that speaks SMTP.</summary>
internal sealed partial class MailCarrier(Store store, Settings settings, TimeProvider clock)
{
    public async Task<Attempt> SendAsync(Dispatch dispatch, CancellationToken abort)
    {
        if (!EmailAddress.TryParse(dispatch.Recipient.Mail, out var to)) return new(AttemptOutcome.Refused, 0, null, "The user has no mail address.");

        var mail = await CardMail.ComposeAsync(dispatch, dispatch.CardUrl(store.Secrets, settings), to, settings.Mail!, settings.Platform);
        return await SendAsync(mail, abort);
    }

    /// <summary>Sends a mail that asks nothing.</summary>
    public Task<Attempt> SendTestAsync(EmailAddress to, CancellationToken abort) => SendAsync(CardMail.ComposeTest(to, settings.Mail!, settings.Platform), abort);

    /// <summary>Gives a mail to the mail server, and disposes of it.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="abort"/> was raised.</exception>
    public async Task<Attempt> SendAsync(MailMessage mail, CancellationToken abort)
    {
        var server = settings.Mail!;
        var started = clock.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(abort);
        patience.CancelAfter(server.Timeout);
        var (outcome, status, error) = (AttemptOutcome.Sent, (int?)null, (string?)null);
        try
        {
            // The client waits for the reply to a whole mail without heeding the token: it is left alone with that, and ends by
            // its own timeout.
            await Task.Run(() => DeliverAsync(mail, server, patience.Token), CancellationToken.None).WaitAsync(patience.Token);
        }
#pragma warning disable CA1031 // whatever a mail server manages to break is a failed attempt, and comes again by the schedule
        catch (Exception reason)
#pragma warning restore CA1031
        {
            abort.ThrowIfCancellationRequested();
            (outcome, status, error) = Judge(reason, server);
        }

        return new(outcome, (long)clock.GetElapsedTime(started).TotalMilliseconds, status, error);
    }

    private static async Task DeliverAsync(MailMessage mail, MailSettings server, CancellationToken stop)
    {
        using (mail)
        {
            using var smtp = new SmtpClient(server.Host, server.Port)
            {
                EnableSsl = server.StartTls, DeliveryFormat = SmtpDeliveryFormat.SevenBit, Timeout = (int)server.Timeout.TotalMilliseconds,
            };
            if (server.User is not null) smtp.Credentials = new NetworkCredential(server.User, server.Password);
            await smtp.SendMailAsync(mail, stop);
        }
    }

    /// <summary>What a failure means for the mail: whether it may come again, and whether it may have arrived.</summary>
    private static (AttemptOutcome Outcome, int? Status, string Error) Judge(Exception reason, MailSettings server)
    {
        var error = Explain(reason, server);
        if (reason is SmtpException { StatusCode: > 0 } answered)
        {
            return (IsForGood((int)answered.StatusCode, error) ? AttemptOutcome.Refused : AttemptOutcome.Failed, (int)answered.StatusCode, error);
        }

        return (NothingWasSent(reason) ? AttemptOutcome.Failed : AttemptOutcome.Uncertain, null, error);
    }

    /// <summary>Whether a reply refuses this mail, or this recipient, whenever it comes again.</summary>
    /// <remarks>
    /// Other refusals are meant for the operator: a wrong password, no right to relay, a server that takes no mail now. They will
    /// be mended, and the mail waits. The enhanced code tells them apart (RFC 3463, section 3: 1 address, 2 mailbox, 6 content;
    /// 1.7 and 1.8 are about the address it comes from); where there is none, the code does, but for 554, which can mean either.
    /// </remarks>
    private static bool IsForGood(int status, string reply)
    {
        if (Enhanced().Match(reply) is not { Success: true } code) return status >= 550 && status != 554;

        return code.Groups["subject"].Value is "1" or "2" or "6" && code.Value is not ("5.1.7" or "5.1.8");
    }

    [GeneratedRegex(@"(?<= )5\.(?<subject>[0-9]{1,3})\.[0-9]{1,3}(?![0-9])")]
    private static partial Regex Enhanced();

    /// <summary>Whether it failed before there was anything to take over. When in doubt, no.</summary>
    private static bool NothingWasSent(Exception reason)
    {
        // Without a cause it is the client itself that went no further, as without STARTTLS.
        if (reason is SmtpException { InnerException: null }) return true;

        for (var at = reason; at is not null; at = at.InnerException)
        {
            if (at is AuthenticationException) return true;
            if (at is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.HostUnreachable or SocketError.NetworkUnreachable }) return true;
        }

        return false;
    }

    private static string Explain(Exception reason, MailSettings server) => reason switch
    {
        OperationCanceledException => FormattableString.Invariant($"{server.Host} did not take the mail within {server.Timeout.TotalSeconds:0.#} s."),
        SmtpException { InnerException: AuthenticationException inner } => $"TLS failed: {inner.Message}",
        SmtpException { InnerException: { } inner } => inner.InnerException?.Message ?? inner.Message,
        _ => reason.Message,
    };
}
