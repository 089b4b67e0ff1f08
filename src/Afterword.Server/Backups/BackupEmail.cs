using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Backups;

/// <summary>Sends operators an email when a backup that the server takes by itself has failed, where there is a mail server.</summary>
internal sealed partial class BackupEmail(Store store, Settings settings, Memberships memberships, EmailTransport transport, OutgoingConnections connections, ILogger<BackupEmail> log)
{
    /// <remarks>Not after a restore, until someone resumes: a copy that is only tried out bothers nobody.</remarks>
    /// <returns>False when nobody's email was taken: they are to be told later.</returns>
    public async Task<bool> SendAsync(string reason, CancellationToken stop)
    {
        if (settings.Mail is null) return true;
        if (await OutboundPause.FindAsync(store.Main, stop) is not null) return false;

        var (tried, sent) = (false, false);
        foreach (var member in (await memberships.ListAllAsync(stop)).Where(member => member.IsOperator))
        {
            if (!EmailAddress.TryParse(member.Email, out var to)) continue;

            using var permit = await connections.TakeAsync(EmailTransport.End, stop);
            var attempt = await transport.SendAsync(await NoticeEmail.ComposeAsync(WordsOf(reason), to, settings, store.Ids.Next().ToString(CultureInfo.InvariantCulture)), stop);
            tried = true;
            if (attempt.Outcome == AttemptOutcome.Sent) sent = true;
            else NotTaken(log, attempt.Error ?? "no reason given");
        }

        return sent || !tried;
    }

    private NoticeEmailTexts WordsOf(string reason) => new(
        $"{settings.Platform}: the backup failed", "The backup failed",
        [$"The server could not take the backup that was due: {reason}", "It tries again within the hour. You get no further email about it until a backup has succeeded."], [],
        "See Health", $"{settings.PublicBase}/console/admin/health", $"You get this because you are an operator of {settings.Platform}.");

    [LoggerMessage(EventId = 1403, Level = LogLevel.Warning, Message = "The mail server did not take an email that a backup failed: {Error}")]
    private static partial void NotTaken(ILogger log, string error);
}
