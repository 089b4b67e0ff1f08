using Afterword.Client.OAuth;
using Afterword.Server.Access;
using Afterword.Server.Access.Console;
using Afterword.Server.Access.SignIn;
using Afterword.Server.People;
using Afterword.Server.Storage;

namespace Afterword.Bench.Stage;

/// <summary>Who acts in a run: senders with their tokens, and recipients.</summary>
/// <remarks>
/// Recipients are numbered. The even ones were asked before, in the history; the odd ones are asked in the run, so that no
/// limit refuses and yet their rows fall between the rows that are there.
/// </remarks>
internal sealed class Cast
{
    /// <summary>How many recipients there are.</summary>
    public const int Recipients = 800_000;

    private const long FirstRecipient = 1_000_000_000_000;
    private const long Chunk = 100_000;

    private Cast(IReadOnlyList<Performer> senders) => Senders = senders;

    /// <summary>In the order of their ids, which is the order that the history knows them by.</summary>
    public IReadOnlyList<Performer> Senders { get; }

    public static long RecipientAt(long number) => FirstRecipient + number;

    public static async Task<Cast> CreateAsync(Store store, int senders)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        await store.LeaseAsync(clock, stop);
        var apps = new Apps(store, clock);
        var accounts = new Accounts(store, new PasswordHashes(), clock);
        var allowlists = new Allowlists(store, new AuditLog(store, clock), clock);

        var app = await apps.AddAsync("Bench", [], stop);
        await apps.AllowAsync(app.ConsumerKey, true, stop);
        var cast = new List<Performer>();
        for (var i = 0; i < senders; i++)
        {
            var account = await accounts.AddAsync($"sender_{i}", $"Sender {i}", null, Reach.Anyone, stop) ?? throw new InvalidOperationException("The store is not new.");
            await allowlists.AllowSenderAsync(account.Id, new(null, null, null, null), stop);
            var token = await apps.IssueTokenAsync(app.ConsumerKey, account.Id, Permission.DirectMessages, stop);
            cast.Add(new(account.Id, new(app.ConsumerKey, app.ConsumerSecret, token!.Token, token.TokenSecret)));
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
internal sealed record Performer(long Id, OAuthCredentials Credentials);
