using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Languages;
using Afterword.Server.Limits;
using Afterword.Server.SignIn.Pages;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.SignIn;

/// <summary>Sends links to choose a new password to those who say that they forgot theirs.</summary>
/// <remarks>
/// Whoever asks is answered before anybody looks whether there is such an account: neither words nor time tell. A link is made when
/// its email is, so none lies in the store in clear; what has not been sent when the process ends has to be asked for again.
/// </remarks>
internal sealed partial class PasswordResetEmail(Store store, Settings settings, ResetLinks links, EmailTransport transport, OutgoingConnections connections, ILogger<PasswordResetEmail> log) : BackgroundService
{
    private const int MostPerMinute = 5;

    // An email that hangs takes as long as Mail:Timeout allows.
    private const int AtOnce = 4;

    private readonly ResetQueue<Forgotten> _asked = new();

    private readonly PartitionedRateLimiter<IPAddress> _perAddress = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new() { PermitLimit = MostPerMinute, Window = TimeSpan.FromMinutes(1), SegmentsPerWindow = 6, QueueLimit = 0 }));

    /// <summary>Whether emails can be sent at all.</summary>
    public bool IsPossible => settings.Mail is not null;

    /// <param name="kind">A user, or a person of the console.</param>
    /// <param name="name">The handle or the email address, as it was typed.</param>
    /// <param name="from">Who asks.</param>
    /// <returns>False when this address asks too often.</returns>
    public bool TryAsk(AccountKind kind, string name, IPAddress? from)
    {
        var network = Networks.Of(from);
        using var allowance = _perAddress.AttemptAcquire(network);

        // Whether there was room is not told.
        if (allowance.IsAcquired) _asked.TryAdd(network, new(kind, name));
        return allowance.IsAcquired;
    }

    public override void Dispose()
    {
        base.Dispose();
        _perAddress.Dispose();
        _asked.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => SendInTurnAsync(stoppingToken)));

    private async Task SendInTurnAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var slot = await _asked.TakeAsync(stop);
                await TrySendAsync(slot.Request, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task TrySendAsync(Forgotten forgotten, CancellationToken stop)
    {
        try
        {
            var sent = forgotten.Kind == AccountKind.User ? await SendToUserAsync(forgotten.Name, stop) : await SendToPersonAsync(forgotten.Name, stop);
            if (sent is { Outcome: not AttemptOutcome.Sent }) NotTaken(log, sent.Error ?? "");
        }
#pragma warning disable CA1031 // an exception that leaves ExecuteAsync would stop the whole host
        catch (Exception error) when (!stop.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!store.Faults.Tell(error)) Failed(log, error);
        }
    }

    private async Task<ChannelAttempt?> SendToUserAsync(string typed, CancellationToken stop)
    {
        var foundOwner = await IssueAsync(
            AccountKind.User,
            """
            update account set name = name where screen_name_key = @key and mail is not null and password_hash is not null and suspended_at is null
            returning id, mail, language
            """,
            UserAccounts.Key(UserAccounts.Bare(typed.Trim())), stop);
        if (foundOwner is null) return null;

        var words = AccountTexts.All.In(Language.Find(foundOwner.Language) ?? Language.English);
        return await SendAsync(foundOwner, new(
            Named(words.MailSubject), Named(words.ForgottenTitle), [Named(words.MailText)], [], words.ChooseTitle, settings.PublicBase + ForgottenEndpoints.AddressOf(foundOwner.Key), words.MailWhy), stop);

        string Named(string text) => text.Replace("{platform}", settings.Platform, StringComparison.Ordinal);
    }

    private async Task<ChannelAttempt?> SendToPersonAsync(string typed, CancellationToken stop)
    {
        var foundOwner = await IssueAsync(AccountKind.Person, "update person set name = name where mail_key = @key and password_hash is not null returning id, mail, null", Memberships.Key(typed.Trim()), stop);
        return foundOwner is null ? null : await SendAsync(foundOwner, new(
            $"A new password for the {settings.Platform} console", "Choose a new password",
            ["Somebody, most likely you, asked for this. The link works once, and ends after 30 minutes. You will be signed out everywhere, and your second factor stays as it is."], [],
            "Choose a new password", $"{settings.PublicBase}{PasswordResetRequests.Address}/{foundOwner.Key}",
            "You get this because your address was given on the page for forgotten passwords. If it was not you, leave the link alone: nothing happens."), stop);
    }

    private Task<FoundOwner?> IssueAsync(AccountKind kind, string hold, string key, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            // Found and held in one, as AccountLock does it: the address is the one that the account has, and of requests at once, on whatever nodes, one makes a link.
            var owner = await session.Sql(hold).Bind("key", key).FirstAsync(row => new FoundOwner(row.GetInt64(0), row.GetString(1), row.TextOrNull(2), ""), stop);
            return owner is not null && await links.IssueAsync(session, kind, owner.Id, stop) is { } link ? owner with { Key = link } : null;
        },
        stop);

    private async Task<ChannelAttempt?> SendAsync(FoundOwner foundOwner, NoticeEmailTexts words, CancellationToken stop)
    {
        if (settings.Mail is null || !EmailAddress.TryParse(foundOwner.Email, out var to)) return null;

        using var permit = await connections.TakeAsync(EmailTransport.End, stop);
        return await transport.SendAsync(await NoticeEmail.ComposeAsync(words, to, settings, store.Ids.Next().ToString(CultureInfo.InvariantCulture)), stop);
    }

    private sealed record Forgotten(AccountKind Kind, string Name);

    private sealed record FoundOwner(long Id, string Email, string? Language, string Key);

    [LoggerMessage(EventId = 1206, Level = LogLevel.Warning, Message = "The mail server did not take a mail with a link to choose a new password: {Error}")]
    private static partial void NotTaken(ILogger log, string error);

    [LoggerMessage(EventId = 1207, Level = LogLevel.Error, Message = "A mail with a link to choose a new password could not be sent.")]
    private static partial void Failed(ILogger log, Exception error);
}
