using Afterword.Server.Channels;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;

namespace Afterword.Server.Cli.Demo;

/// <summary>Someone of the console's people in the demo.</summary>
internal sealed record DemoPerson(string Email, Role Role);

/// <summary>Adds one person of each role in the console of the demo.</summary>
internal static class DemoPeople
{
    public static async Task<IReadOnlyList<DemoPerson>> AddAsync(AfterwordServer server, DemoShop shop, CancellationToken stop)
    {
        var (memberships, invitations) = (server.Services.GetRequiredService<Memberships>(), server.Services.GetRequiredService<Invitations>());
        var password = new PasswordHash(server.Services.GetRequiredService<PasswordHashes>().Hash(shop.Password));
        var people = new List<DemoPerson>();
        foreach (var (role, name) in new[] { (Role.Owner, "Olga Owner"), (Role.Supervisor, "Sam Supervisor"), (Role.Analyst, "Ann Analyst"), (Role.Agent, "Ari Agent"), (Role.Operator, "Otis Operator") })
        {
            if (!EmailAddress.TryParse($"{role.Word}@{shop.Sender.ScreenName}.example", out var email)) continue;

            var place = role == Role.Operator ? Workspace.Installation : shop.Sender.Id;

            // On a store that is kept they may be there already, with the password of another time.
            var link = await memberships.AddAsync(Member.CommandLine, email, name, place, role, stop) switch
            {
                InviteOutcome.Invited(_, var first) => first,
                InviteOutcome.InvitedAgain(_, var again) => again,
                InviteOutcome.Joined(var known) => await memberships.ResetAsync(Member.CommandLine, known, stop),
                _ => null,
            };
            if (link is not null) await invitations.AcceptAsync(link[(link.LastIndexOf('/') + 1)..], name, password, stop);
            people.Add(new(email.Value, role));
        }

        return people;
    }
}
