using Afterword.Client.OAuth;
using Afterword.Server.Allowlists;
using Afterword.Server.Console.Audit;
using Afterword.Server.OAuth;
using Afterword.Server.SignIn;
using Afterword.Server.Users;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>An account with a token.</summary>
internal sealed record TestUser(long Id, OAuthCredentials Credentials);

/// <summary>Who is there: senders on the allowlist, recipients with tokens of their own, and many more without.</summary>
/// <param name="Senders">May ask and read as often as they like.</param>
/// <param name="Users">Recipients who can answer with their token.</param>
/// <param name="Customers">Recipients with the ids from 1 to this, who can answer through a card's link alone.</param>
internal sealed record SampleData(IReadOnlyList<TestUser> Senders, IReadOnlyList<TestUser> Users, int Customers)
{
    private const long NoLimit = 1_000_000_000;

    public static async Task<SampleData> SetUpAsync(TestStore store, int senders, int members, int customers)
    {
        await using var opened = await store.OpenAsync();
        await opened.LeaseAsync(TimeProvider.System, CancellationToken.None);
        var apps = new Apps(opened, TimeProvider.System);
        var userAccounts = new UserAccounts(opened, new PasswordHashes(), TimeProvider.System);
        var allowlist = new Allowlist(opened, new AuditLog(opened, TimeProvider.System), TimeProvider.System);
        var app = await apps.AddAsync("Load", ["oob"], CancellationToken.None);
        await apps.AllowAsync(app.ConsumerKey, true, CancellationToken.None);

        var added = new TestUser[senders + members];
        await Parallel.ForAsync(0, added.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, stop) =>
        {
            var user = await userAccounts.AddAsync($"{(i < senders ? "sender" : "member")}{i}", $"Member {i}", null, MessagingPermission.Anyone, stop);
            var token = await apps.IssueTokenAsync(app.ConsumerKey, user!.Id, Permission.DirectMessages, stop);
            if (i < senders) await allowlist.AllowSenderAsync(user.Id, new SenderGrant(NoLimit, null, NoLimit, NoLimit), stop);
            added[i] = new(user.Id, new OAuthCredentials(app.ConsumerKey, app.ConsumerSecret, token!.Token, token.TokenSecret));
        });

        await store.RunAsync(
            $"insert into account (id, screen_name, screen_name_key, name, accepts, created_at) select n, 'c' || n, 'c' || n, 'Customer', 'anyone', 0 from {store.Numbers}",
            ("count", customers));
        return new(added[..senders], added[senders..], customers);
    }
}
