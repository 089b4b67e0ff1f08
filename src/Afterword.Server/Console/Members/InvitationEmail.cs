using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;

namespace Afterword.Server.Console.Members;

/// <summary>Sends links to choose a password to those whom they are for, where there is a mail server.</summary>
/// <remarks>
/// At once, or not at all: whoever invites is told whether the mail server took it, and has the link in any case. So no link, which
/// is as good as a password, has to lie in the store until someone sends it. The link in the email is another one than the link that
/// is shown: whoever takes it has the address.
/// </remarks>
internal sealed class InvitationEmail(Store store, Settings settings, Invitations invitations, EmailTransport transport, OutgoingConnections connections)
{
    /// <param name="by">Who invites, and where to.</param>
    /// <param name="email">The address of the invited.</param>
    /// <param name="path">The path of the link that is shown.</param>
    /// <returns>What the mail server said; null without one, or when the link was used meanwhile.</returns>
    public async Task<ChannelAttempt?> SendAsync(Membership by, string email, string path)
    {
        if (settings.Mail is null || !EmailAddress.TryParse(email, out var to)) return null;

        if (await invitations.IssueForEmailAsync(path, CancellationToken.None) is not { } mailed) return null;

        var note = await NoticeEmail.ComposeAsync(WordsOf(by, settings.PublicBase + mailed), to, settings, store.Ids.Next().ToString(CultureInfo.InvariantCulture));

        // A browser that leaves meanwhile does not take the invitation back.
        using var permit = await connections.TakeAsync(EmailTransport.End, CancellationToken.None);
        return await transport.SendAsync(note, CancellationToken.None);
    }

    private NoticeEmailTexts WordsOf(Membership by, string link)
    {
        var where = by.SenderId == Workspace.Installation ? $"the {settings.Platform} console" : $"the {settings.Platform} console of {by.SenderName}";
        return new(
            $"Your invitation to {where}", $"Come in to {where}", [$"{by.Member.Email} invites you. Choose a password with this link. It works once, and ends after 7 days."], [],
            "Choose a password", link, "You get this because your address was given in the console. If you do not know who did, leave the link alone: nothing happens.");
    }
}
