using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Operators;
using Afterword.Server.Parsing;
using Afterword.Server.Privacy.Pages;
using Afterword.Server.Reference;
using Afterword.Server.Users;
using Microsoft.AspNetCore.Http.Features;
using Place = Afterword.Server.Console.Members.Workspace;

namespace Afterword.Server.Privacy;

/// <summary>Erases a person: for an operator's programs, for operators, and for owners whose customer nobody else knows.</summary>
internal static class ErasureEndpoints
{
    private const string Page = "privacy";

    public static void AddPrivacy(this IServiceCollection services) => services.AddSingleton<ErasePerson>();

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        routes.MapOperator().MapDelete("/users/{id}.json", Delete).WithMetadata(new OmitPathFromAudit()).Describe(ErasureReference.Erase);

        var console = routes.MapConsole();
        console.MapGet("/admin/privacy", Show).For(Role.Operator);
        console.MapPost("/admin/privacy/erase", Erase).For(Role.Operator);
        console.MapGet("/@{handle}/privacy", Show).For(Role.Owner);
        console.MapPost("/@{handle}/privacy/erase", Erase).For(Role.Owner);
    }

    private static async Task Delete(HttpContext http, string id, ErasePerson erase)
    {
        if (!WholeNumber.TryRead(id, out var user))
        {
            await http.RefuseAsync(ApiError.RecipientUnknown);
            return;
        }

        // Once it is begun, it is done, whoever hangs up.
        var outcome = await erase.RunAsync(user, knownTo: null, http.Features.GetRequiredFeature<Member>(), CancellationToken.None);
        await (outcome switch
        {
            ErasureOutcome.Erased(var erasure, var counts, _, _) => http.AnswerAsync(200, ErasureReference.Of(erasure, counts), PrivacyJson.Default.ErasedJson),
            ErasureOutcome.Earlier(var erasure) => http.AnswerAsync(200, ErasureReference.Of(erasure, null), PrivacyJson.Default.ErasedJson),
            ErasureOutcome.AsksOthers => http.RefuseAsync(ApiError.Invalid("id", "no account that asks customers for feedback, or did; deny it as a sender and suspend it instead")),
            _ => http.RefuseAsync(ApiError.RecipientUnknown),
        });
    }

    private static Task Show(HttpContext http, Membership membership, OneTimeNotices notices) => ShowAsync(http, membership, 200, notices.Take(http, membership.Member));

    private static Task ShowAsync(HttpContext http, Membership membership, int status, OneTimeNotice? notice) =>
        http.ShowConsoleAsync<PrivacyPage>(membership, status, new() { [nameof(PrivacyPage.Notice)] = notice, [nameof(PrivacyPage.Membership)] = membership });

    private static async Task Erase(HttpContext http, Membership membership, UserAccounts accounts, ErasePerson erase, OneTimeNotices notices)
    {
        var handle = UserAccounts.Bare(http.Request.Form["customer"].ToString().Trim());
        var (knownTo, unknown) = (KnownTo(membership), await UnknownAsync(membership, handle, erase, http.RequestAborted));
        var found = await FindAsync(accounts, erase, handle, knownTo, http.RequestAborted);
        if (found is not [var (user, refusal, counts)])
        {
            await ShowAsync(http, membership, 400, found.Count == 0 ? unknown : new("bad", $"Several customers have this email address: {string.Join(", ", found.Select(one => $"@{one.User.ScreenName}"))}. Enter the username of one."));
            return;
        }

        if (refusal is not null)
        {
            await ShowAsync(http, membership, 400, Refused(refusal, user) ?? unknown);
            return;
        }

        if (!await http.IsConfirmedAsync(membership, new(
            $"Erase @{user.ScreenName} for good?",
            $"What there is: {counts}. Account, messages, comments and references of conversations are deleted; scores, times, agents and tags stay as a statistic that leads back to nobody. It cannot be undone.", "Erase", Page) { Instead = new("customer", user.ScreenName) })) return;

        var outcome = await erase.RunAsync(user.Id, knownTo, membership.Member, CancellationToken.None);
        if (outcome is ErasureOutcome.Erased erased) notices.Leave(http, membership.Member, membership.AddressOf(Page), new(
            erased.ListProblem is null ? "good" : "warn", $"Erased: {erased.Counts}. Keep the receipt; it is in the audit log, too.{(erased.ListProblem is { } problem ? $" But {problem}" : "")}", erased.Erasure.Receipt));
        else await ShowAsync(http, membership, 400, Refused(outcome, user) ?? unknown);
    }

    /// <summary>Whom a username or an email address names, of those who may be seen from here.</summary>
    private static async Task<List<Found>> FindAsync(UserAccounts accounts, ErasePerson erase, string named, long? knownTo, CancellationToken stop)
    {
        var found = new List<Found>();
        foreach (var user in await accounts.FindNamedAsync(named, stop))
        {
            var (refusal, counts) = await erase.LookAsync(user.Id, knownTo, stop);
            if (refusal is not ErasureOutcome.Unknown) found.Add(new(user, refusal, counts));
        }

        return found;
    }

    private static long? KnownTo(Membership membership) => membership.SenderId == Place.Installation ? null : membership.SenderId;

    private static OneTimeNotice? Refused(ErasureOutcome outcome, User account) => outcome switch
    {
        ErasureOutcome.AsksOthers => new("bad", $"@{account.ScreenName} asks customers for feedback, or did: what is stored under it belongs to them. Deny it on the page Senders, and suspend it with: afterword user suspend @{account.ScreenName}"),
        ErasureOutcome.KnownToOthers => new("bad", $"Others on this server know @{account.ScreenName} too. Ask an operator to erase them."),
        _ => null,
    };

    private static async Task<OneTimeNotice> UnknownAsync(Membership membership, string handle, ErasePerson erase, CancellationToken stop) => membership switch
    {
        { SenderId: not Place.Installation } => new("bad", "You have no customer with this username or email address."),
        _ when UserAccounts.Handle.IsMatch(handle) && await erase.EarlierAsync(handle, stop) is { } earlier => new("warn", $"A person with this username was erased at {earlier.At:yyyy-MM-dd HH:mm} UTC. Receipt: {earlier.Receipt}"),
        _ => new("bad", "There is no user with this username or email address."),
    };

    /// <param name="Refusal">Why they cannot be erased from here; null when they can.</param>
    private sealed record Found(User User, ErasureOutcome? Refusal, ErasedCounts Counts);
}
