using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Console.Audit;
using Afterword.Server.OAuth;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;

namespace Afterword.Bench.Fixtures;

/// <summary>Who acts in a run: senders with their tokens, and recipients.</summary>
/// <remarks>
/// Recipients are numbered. The even ones were asked before, in the history; the odd ones are asked in the run, so that no
/// limit refuses and yet their rows fall between the rows that are there.
/// </remarks>
internal sealed class SampleUsers
{
    /// <summary>How many recipients there are.</summary>
    public const int Recipients = 800_000;

    private const long FirstRecipient = 1_000_000_000_000;
    private const long Chunk = 100_000;

    private SampleUsers(IReadOnlyList<SampleSender> senders) => Senders = senders;

    /// <summary>In the order of their ids, which is the order that the history knows them by.</summary>
    public IReadOnlyList<SampleSender> Senders { get; }

    public static long RecipientAt(long number) => FirstRecipient + number;

    public static async Task<SampleUsers> CreateAsync(Store store, int senders)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        await store.LeaseAsync(clock, stop);
        var apps = new Apps(store, clock);
        var userAccounts = new UserAccounts(store, new PasswordHashes(), clock);
        var allowlist = new Allowlist(store, new AuditLog(store, clock), clock);

        var app = await apps.AddAsync("Bench", [], stop);
        await apps.AllowAsync(app.ConsumerKey, true, stop);
        var cast = new List<SampleSender>();
        for (var i = 0; i < senders; i++)
        {
            var user = await userAccounts.AddAsync($"sender_{i}", $"Sender {i}", null, MessagingPermission.Anyone, stop) ?? throw new InvalidOperationException("The store is not new.");
            await allowlist.AllowSenderAsync(user.Id, new(null, null, null, null), stop);
            var token = await apps.IssueTokenAsync(app.ConsumerKey, user.Id, Permission.DirectMessages, stop);
            cast.Add(new(user.Id, new(app.ConsumerKey, app.ConsumerSecret, token!.Token, token.TokenSecret)));
        }

        for (long first = 0; first < Recipients; first += Chunk) await AddRecipientsAsync(store, first, Math.Min(first + Chunk, Recipients) - 1);
        return new([.. cast.OrderBy(sender => sender.Id)]);
    }

    private static Task AddRecipientsAsync(Store store, long first, long last) => store.Main.WriteAsync(
        session => session.Sql(
            """
            with recursive n(i) as (select @first union all select i + 1 from n where i < @last)
            insert into account (id, screen_name, screen_name_key, name, accepts, created_at)
            select @base + i, 'r' || i, 'r' || i, 'Recipient ' || i, 'anyone', 1700000000000 from n
            """).Bind("first", first).Bind("last", last).Bind("base", FirstRecipient).RunAsync(CancellationToken.None),
        CancellationToken.None);
}

/// <summary>A sender with what it signs with.</summary>
internal sealed record SampleSender(long Id, OAuthCredentials Credentials);
