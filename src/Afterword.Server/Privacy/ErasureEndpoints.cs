using Afterword.Server.Access.Console;
using Afterword.Server.Access.Operators;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.People;
using Afterword.Server.Privacy.Pages;
using Afterword.Server.Reference;
using Microsoft.AspNetCore.Http.Features;
using Place = Afterword.Server.Access.Console.Place;

namespace Afterword.Server.Privacy;

/// <summary>Erases a person: for an operator's programs, for operators, and for owners whose customer nobody else knows.</summary>
internal static class ErasureEndpoints
{
    private const string Page = "privacy";

    public static void AddPrivacy(this IServiceCollection services) => services.AddSingleton<ErasePerson>();

    public static void MapPrivacy(this IEndpointRouteBuilder routes)
    {
        routes.MapOperator().MapDelete("/users/{id}.json", Delete).WithMetadata(new NamesNobody()).Describe(ErasureReference.Erase);

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
        var outcome = await erase.RunAsync(user, knownTo: null, http.Features.GetRequiredFeature<Person>(), CancellationToken.None);
        await (outcome switch
        {
            ErasureOutcome.Erased(var erasure, var counts, _, _) => http.AnswerAsync(200, ErasureReference.Of(erasure, counts), PrivacyJson.Default.ErasedJson),
            ErasureOutcome.Earlier(var erasure) => http.AnswerAsync(200, ErasureReference.Of(erasure, null), PrivacyJson.Default.ErasedJson),
            ErasureOutcome.AsksOthers => http.RefuseAsync(ApiError.Invalid("id", "no account that asks customers for feedback, or did; deny it as a sender and suspend it instead")),
            _ => http.RefuseAsync(ApiError.RecipientUnknown),
        });
    }

    private static Task Show(HttpContext http, Seat seat, OneTimeNotices notices) => ShowAsync(http, seat, 200, notices.Take(http, seat.Person));

    private static Task ShowAsync(HttpContext http, Seat seat, int status, OneTimeNotice? notice) =>
        http.ShowConsoleAsync<PrivacyPage>(seat, status, new() { [nameof(PrivacyPage.Notice)] = notice, [nameof(PrivacyPage.Seat)] = seat });

    private static async Task Erase(HttpContext http, Seat seat, Accounts accounts, ErasePerson erase, OneTimeNotices notices)
    {
        var handle = Accounts.Bare(http.Request.Form["customer"].ToString().Trim());
        var (knownTo, unknown) = (KnownTo(seat), await UnknownAsync(seat, handle, erase, http.RequestAborted));
        var found = await FindAsync(accounts, erase, handle, knownTo, http.RequestAborted);
        if (found is not [var (account, refusal, counts)])
        {
            await ShowAsync(http, seat, 400, found.Count == 0 ? unknown : new("bad", $"Several customers have this email address: {string.Join(", ", found.Select(one => $"@{one.Account.ScreenName}"))}. Enter the username of one."));
            return;
        }

        if (refusal is not null)
        {
            await ShowAsync(http, seat, 400, Refused(refusal, account) ?? unknown);
            return;
        }

        if (!await http.IsConfirmedAsync(seat, new(
            $"Erase @{account.ScreenName} for good?",
            $"What there is: {counts}. Account, messages, comments and references of conversations are deleted; scores, times, agents and tags stay as a statistic that leads back to nobody. It cannot be undone.", "Erase", Page) { Instead = new("customer", account.ScreenName) })) return;

        var outcome = await erase.RunAsync(account.Id, knownTo, seat.Person, CancellationToken.None);
        if (outcome is ErasureOutcome.Erased erased) notices.Leave(http, seat.Person, seat.AddressOf(Page), new(
            erased.ListProblem is null ? "good" : "warn", $"Erased: {erased.Counts}. Keep the receipt; it is in the audit log, too.{(erased.ListProblem is { } problem ? $" But {problem}" : "")}", erased.Erasure.Receipt));
        else await ShowAsync(http, seat, 400, Refused(outcome, account) ?? unknown);
    }

    /// <summary>Whom a username or an email address names, of those who may be seen from here.</summary>
    private static async Task<List<Found>> FindAsync(Accounts accounts, ErasePerson erase, string named, long? knownTo, CancellationToken stop)
    {
        var found = new List<Found>();
        var candidates = named.Contains('@', StringComparison.Ordinal) ? await accounts.FindByMailAsync(named, stop) : await accounts.FindAsync(named, stop) is { } one ? [one] : [];
        foreach (var account in candidates)
        {
            var (refusal, counts) = await erase.LookAsync(account.Id, knownTo, stop);
            if (refusal is not ErasureOutcome.Unknown) found.Add(new(account, refusal, counts));
        }

        return found;
    }

    private static long? KnownTo(Seat seat) => seat.SenderId == Place.Installation ? null : seat.SenderId;

    private static OneTimeNotice? Refused(ErasureOutcome outcome, Account account) => outcome switch
    {
        ErasureOutcome.AsksOthers => new("bad", $"@{account.ScreenName} asks customers for feedback, or did: what is stored under it belongs to them. Deny it on the page Senders, and suspend it with: afterword user suspend @{account.ScreenName}"),
        ErasureOutcome.KnownToOthers => new("bad", $"Others on this server know @{account.ScreenName} too. Ask whoever runs it to erase them."),
        _ => null,
    };

    private static async Task<OneTimeNotice> UnknownAsync(Seat seat, string handle, ErasePerson erase, CancellationToken stop) => seat switch
    {
        { SenderId: not Place.Installation } => new("bad", "You have no customer with this username or email address."),
        _ when Accounts.Handle.IsMatch(handle) && await erase.EarlierAsync(handle, stop) is { } earlier => new("warn", $"A person with this username was erased at {earlier.At:yyyy-MM-dd HH:mm} UTC. Receipt: {earlier.Receipt}"),
        _ => new("bad", "There is no user with this username or email address."),
    };

    /// <param name="Refusal">Why they cannot be erased from here; null when they can.</param>
    private sealed record Found(Account Account, ErasureOutcome? Refusal, ErasedCounts Counts);
}
