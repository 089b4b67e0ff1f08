using Afterword.Server.Allowlists;
using Afterword.Server.Channels;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Server.SetUp;

/// <summary>What became of a request that was sent from the console.</summary>
internal abstract record SendOutcome
{
    private SendOutcome()
    {
    }

    /// <param name="CardUrl">Where its customer answers; told once.</param>
    internal sealed record Sent(string CardUrl) : SendOutcome;

    /// <param name="Why">A whole sentence.</param>
    internal sealed record Refused(string Why) : SendOutcome;
}

/// <summary>Sends requests from the console, as a call of the API would: to a customer, or to the person who looks.</summary>
internal sealed class SendRequest(Store store, UserAccounts userAccounts, Allowlist allowlist, AuditLog audit, CreatePrompt create, Settings settings)
{
    private static readonly App s_console = new(0, "", "Console", "", [], Allowed: true, Suspended: false);

    /// <summary>The username under which a person of the console gets requests of their own. Nobody signs in with it.</summary>
    public static string ScreenNameOf(Member member) => ScreenNameOf(member.Id);

    /// <inheritdoc cref="ScreenNameOf(Member)"/>
    public static string ScreenNameOf(long personId) => $"t_{Base36(personId)}";

    /// <summary>Makes the person a customer, once, who may be asked at any time.</summary>
    /// <param name="membership">Who, and at whose console.</param>
    /// <param name="byEmail">Whether requests are mailed to the person's address, which is proved; null leaves that as it is.</param>
    /// <param name="stop">Gives up.</param>
    public Task<User> MakeCustomerAsync(Membership membership, bool? byEmail, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var handle = ScreenNameOf(membership.Member);

            // An address that is not needed is not kept: a helpdesk's customer is looked up by theirs.
            var by = byEmail == true ? ChannelAvailability.Read(Channel.Email.Name, membership.Member.Email).Reachability ?? ChannelAvailability.Default : ChannelAvailability.Default;
            if (await userAccounts.AddAsync(session, new(handle, membership.Member.Name, Password: null, MessagingPermission.Anyone) { ChannelAvailability = by }, stop) is { } made)
            {
                await allowlist.ExemptAsync(session, made.Id, stop);
                await audit.WriteAsync(session, membership, AuditAction.Changed, $"became the customer @{handle}, to try requests out", stop);
            }
            else if (byEmail is not null) await userAccounts.ReachByAsync(session, handle, by, stop);

            return (await UserAccounts.FindAsync(session, handle, stop))!;
        },
        stop);

    /// <summary>Sends a test request to the person who looks.</summary>
    public async Task<SendOutcome> ToMyselfAsync(HttpContext http, Membership membership, Business business, bool byEmail)
    {
        if (business.PrivacyUrl is not { } privacy) return new SendOutcome.Refused("Enter the address of your privacy policy first: each request shows it.");

        // Whoever invited them may have taken the link, so that emails without end would go to someone else.
        if (byEmail && !await IsProvedAsync(membership.Member, http.RequestAborted)) return new SendOutcome.Refused($"Nobody has proved that {membership.Member.Email} is your address, so nothing is mailed to it. Send the request by link.");

        var customer = await MakeCustomerAsync(membership, byEmail, http.RequestAborted);
        var draft = new PromptDraft(PromptType.Csat, customer.Id, "This is how your customers see a request. How did we do?", privacy, ExternalId: null, QuestionVariant: 0, DisplayName: null, Test: true, IncludeCard: true);
        return await RunAsync(http, membership, business, draft, "test request to themselves");
    }

    /// <summary>Sends a request, after it was written down who tries to.</summary>
    public async Task<SendOutcome> RunAsync(HttpContext http, Membership membership, Business business, PromptDraft draft, string what)
    {
        if (business.Limits is null) return new SendOutcome.Refused($"@{membership.Handle} may not send requests. An operator allows it under Senders.");

        // As calls and rules have it.
        if (business.IsSuspended) return new SendOutcome.Refused($"@{membership.Handle} is suspended and sends nothing. An operator resumes it under Users.");

        await audit.NoteAsync(membership, AuditAction.Changed, what, http.RequestAborted);
        var caller = new Caller(s_console, membership.SenderId, membership.Handle, business.Name, Permission.DirectMessages, business.Limits);
        var answer = await create.RunAsync(new(caller, draft, IdempotencyKey: null, http.PublicBase(settings)));
        return answer.Outcome switch
        {
            CreateOutcome.Created(var feedback, _) => new SendOutcome.Sent(feedback.CardUrl!),
            CreateOutcome.RecipientUnknown => new SendOutcome.Refused("There is no such user."),
            CreateOutcome.RecipientSuspended => new SendOutcome.Refused("This user is suspended."),
            CreateOutcome.CannotMessage => new SendOutcome.Refused("This user takes no requests from you: they said so on a card, or take no messages from you."),
            CreateOutcome.RecipientCapReached(var until) => new SendOutcome.Refused($"You sent this user a request lately. The next one is possible at {Minute(membership, until)}."),
            CreateOutcome.SenderCapReached => new SendOutcome.Refused($"You have sent as many requests as you may in 24 hours. The next one is possible at {Minute(membership, answer.Window.ResetsAt)}."),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };
    }

    private Task<bool> IsProvedAsync(Member member, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select 1 from person where id = @id and proved_at is not null").Bind("id", member.Id).FirstAsync(_ => true, stop), stop);

    private string Minute(Membership membership, long millis) => ConsoleTimes.For(membership.Member, settings).Named(DateTimeOffset.FromUnixTimeMilliseconds(millis));

    private static string Base36(long number)
    {
        var text = "";
        for (; number > 0; number /= 36) text = "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(number % 36)] + text;
        return text;
    }
}
