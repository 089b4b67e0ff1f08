using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.SetUp.Pages;
using Afterword.Server.Storage;

namespace Afterword.Server.SetUp;

/// <summary>How far a business is from its first answer, as the store shows it: nobody ticks anything off.</summary>
/// <param name="HasPrivacy">Its privacy policy is known.</param>
/// <param name="HasSource">An app may ask for it, or a helpdesk tells when conversations end.</param>
/// <param name="HasReach">Requests reach customers in some way besides the link.</param>
/// <param name="HasRequest">A request was sent, perhaps as a test.</param>
/// <param name="IsAsking">A request was sent that was no test. Whatever it needed was there.</param>
/// <param name="HasAnswer">Someone has given a score.</param>
internal sealed record SetUpProgress(bool HasPrivacy, bool HasSource, bool HasReach, bool HasRequest, bool IsAsking, bool HasAnswer)
{
    // The first requests of a business show that it has begun; where nobody answered those, the latest do.
    private const long Looked = 200;

    public bool IsDone => Steps("").All(step => step.IsDone);

    public static Task<SetUpProgress> ReadAsync(Store store, Settings settings, long sender, CancellationToken stop) => store.Main.ReadAsync(
        async session =>
        {
            var (privacy, source, reach) = await session.Sql(
                """
                select (select 1 from account where id = @sender and privacy_url is not null),
                    coalesce(
                        (select 1 from access_token t join app a on a.id = t.app_id where t.user_id = @sender and t.revoked_at is null and a.allowed = 1 and a.suspended_at is null limit 1),
                        (select 1 from connector where sender_id = @sender and removed_at is null limit 1)),
                    coalesce(
                        (select 1 from handover where sender_id = @sender), (select 1 from embed_origin where sender_id = @sender limit 1),
                        (select 1 from helpdesk where sender_id = @sender limit 1), (select 1 from x_account where sender_id = @sender))
                """)
                .Bind("sender", sender).FirstAsync(row => (row.Flag(0), row.Flag(1), row.Flag(2)), stop);
            var (requests, real, answered) = await session.Sql(
                """
                select count(*), max(case when test = 0 then 1 else 0 end), max(case when score is null then 0 else 1 end) from (
                    select test, score from (select test, score from prompt where sender_id = @sender order by id limit @looked) as oldest
                    union all
                    select test, score from (select test, score from prompt where sender_id = @sender order by id desc limit @looked) as newest) as looked
                """)
                .Bind("sender", sender).Bind("looked", Looked).FirstAsync(row => (row.GetInt64(0), row.Flag(1), row.Flag(2)), stop);
            return new SetUpProgress(privacy, source, reach || settings.Mail is not null, requests > 0, real, answered);
        },
        stop);

    /// <summary>The steps as a checklist; each leads to where it is done.</summary>
    /// <param name="address">The page that leads through them.</param>
    public IReadOnlyList<SetUpStep> Steps(string address) =>
    [
        new("Say who asks", "Name and privacy policy", $"{address}#business", HasPrivacy || IsAsking),
        new("Connect where requests come from", "An API app, a helpdesk, or by hand", $"{address}#source", HasSource || IsAsking),
        new("Choose how requests reach customers", "Link, email, helpdesk, X, your own system, or your website", $"{address}#reach", HasReach || IsAsking),
        new("Send a request to yourself", "See it as a customer does", $"{address}#request", HasRequest),
        new("Receive the first answer", "It appears as soon as it is given", $"{address}#answer", HasAnswer),
    ];

    /// <summary>The checklist on a sender's pages; null for those who cannot do its steps, and when all are done.</summary>
    public static async Task<IReadOnlyList<SetUpStep>?> ForOwnerAsync(HttpContext http, Membership membership)
    {
        if (membership.Role != Role.Owner) return null;

        var services = http.RequestServices;
        var progress = await ReadAsync(services.GetRequiredService<Store>(), services.GetRequiredService<Settings>(), membership.SenderId, http.RequestAborted);
        return progress.IsDone ? null : progress.Steps(membership.AddressOf("set-up"));
    }

    /// <summary>The checklist of the installation; null when all is done that it cannot be used without. It says nothing of answers.</summary>
    public static async Task<IReadOnlyList<SetUpStep>?> ForOperatorAsync(HttpContext http, Membership membership)
    {
        var (store, settings) = (http.RequestServices.GetRequiredService<Store>(), http.RequestServices.GetRequiredService<Settings>());
        var (business, owned, app, asked) = await store.Main.ReadAsync(
            session => session.Sql(
                """
                select (select 1 from sender limit 1), (select 1 from sender s join person_role r on r.sender_id = s.user_id where r.role = @owner limit 1),
                    (select 1 from app where allowed = 1 and suspended_at is null limit 1), (select 1 from prompt limit 1)
                """)
                .Bind("owner", (long)Role.Owner).FirstAsync(row => (row.Flag(0), row.Flag(1), row.Flag(2), row.Flag(3)), http.RequestAborted),
            http.RequestAborted);
        if (business && owned && asked) return null;

        var own = membership.Member.Workspaces.FirstOrDefault(workspace => workspace.Role == Role.Owner);
        return
        [
            new("Open a business", "It asks its customers", membership.AddressOf("set-up"), business),
            new("Give it an owner", "Who reads its answers", membership.AddressOf("senders"), owned),
            new("Allow an app", "What its requests come from", own is null ? membership.AddressOf("apps") : $"{own.Address}/set-up#source", app || asked),
            new("Send the first request", "Its owner can send one to themselves", own is null ? membership.AddressOf("senders") : $"{own.Address}/set-up#request", asked),
            new("Set up email", "Optional: for requests, invitations and alerts", membership.AddressOf("email"), settings.Mail is not null),
        ];
    }
}
