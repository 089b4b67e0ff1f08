using System.Net;
using Afterword.Server.Channels.Email.Pages;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Transport;
using MailKit.Security;

namespace Afterword.Server.Channels.Email;

/// <summary>How emails are sent, what is missing for that, and an email that tries it out. Settings are changed where the server is started.</summary>
internal static class EmailPageEndpoints
{
    private const string Page = "email";

    public static void MapEmailPage(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/email", Show).For(Role.Operator);
        console.MapPost("/admin/email/test", SendTest).For(Role.Operator);
    }

    private static async Task Show(HttpContext http, Membership membership, Settings settings) => await http.ShowConsoleAsync<EmailPage>(membership, 200, new()
    {
        [nameof(EmailPage.Facts)] = FactsOf(settings),
        [nameof(EmailPage.Findings)] = Examine(settings),
        [nameof(EmailPage.IsOn)] = settings.Mail is not null,
        [nameof(EmailPage.Notice)] = http.TakeNotice(membership),
    });

    // To the person's own address alone: nobody else gets emails because an operator tries something out.
    private static async Task SendTest(HttpContext http, Membership membership, Settings settings, EmailTransport carrier, OutgoingConnections connections, AuditLog audit)
    {
        if (settings.Mail is null || !EmailAddress.TryParse(membership.Member.Email, out var to))
        {
            http.LeaveNotice(membership, Page, new("bad", "No mail server is set up."));
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Changed, "sent a test email to themselves", http.RequestAborted);
        using var permit = await connections.TakeAsync(EmailTransport.End, http.RequestAborted);
        http.LeaveNotice(membership, Page, await carrier.SendTestAsync(to, http.RequestAborted) switch
        {
            { Outcome: AttemptOutcome.Sent } => new("good", $"The mail server accepted the email to {to.Value}. Look whether it arrives, and not as spam."),
            { Outcome: AttemptOutcome.Uncertain } unsure => new("warn", $"It is unclear whether the mail server accepted the email: {unsure.Error}"),
            var failed => new("bad", $"The mail server did not accept the email: {failed.Error}"),
        });
    }

    private static List<(string, string)> FactsOf(Settings settings) => settings.Mail is not { } email ? [] :
    [
        ("Server", email.ToString()),
        ("Encryption", email.Tls switch { SecureSocketOptions.SslOnConnect => "TLS from the first byte", SecureSocketOptions.StartTls => "STARTTLS, before anything else is said", _ => "none" }),
        ("Sign-in", email.OAuth is { } oauth ? $"access tokens of {oauth}" : email.User is null ? "none" : "user and password"),
        ("From", email.FromName is null ? $"{email.From.Value}, with the name of the business" : $"{email.FromName} <{email.From.Value}>"),
        ("EHLO name", email.HelloName),
        ("Links begin with", settings.PublicBase ?? "the host that was called"),
    ];

    /// <summary>What is missing, and what mail servers of customers are known to dislike.</summary>
    public static IReadOnlyList<EmailFinding> Examine(Settings settings)
    {
        var findings = new List<EmailFinding>();
        if (settings.PublicUrl is null) findings.Add(new("PublicUrl", "https://feedback.example.com", "How customers reach this server. Links in emails begin with it.", IsNeeded: true));
        if (settings.Mail is not { } email)
        {
            findings.Add(new("Mail:Host", "smtp.example.com", "The server that takes the emails.", IsNeeded: true));
            findings.Add(new("Mail:From", "feedback@example.com", "The address that they come from.", IsNeeded: true));
            findings.Add(new("Mail:User", "feedback@example.com", "Who signs in there, with Mail:Password. Leave both out where the server asks for neither.", IsNeeded: false));
            findings.Add(new("Mail:Tls", "starttls", "starttls on port 587, implicit on port 465. Without one of them, passwords and customers' addresses travel in clear.", IsNeeded: false));
            return findings;
        }

        if (email.Tls == SecureSocketOptions.None) findings.Add(new("Mail:Tls", "starttls", "Emails travel in clear to the mail server. Set it to starttls or implicit, unless the server runs on this machine.", IsNeeded: false));
        if (email.User is null && email.OAuth is null) findings.Add(new("Mail:User", "feedback@example.com", "Nobody signs in at the mail server. It must trust this machine by its address, or it refuses.", IsNeeded: false));
        if (!email.HelloName.Contains('.', StringComparison.Ordinal) && !IPAddress.TryParse(email.HelloName, out _)) findings.Add(new("Mail:HelloName", "feedback.example.com", $"This server greets as {email.HelloName}. Many mail servers refuse a name that does not lead here.", IsNeeded: false));
        if (settings.PublicUrl is { Scheme: "http" }) findings.Add(new("PublicUrl", "https://feedback.example.com", "Links in emails begin with http. Many mail programs warn of that.", IsNeeded: false));
        return findings;
    }
}
