using Afterword.Server.Access.Console;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Channels;

namespace Afterword.Server.Cli;

/// <summary>Somebody of the console's people in the demo.</summary>
internal sealed record DemoPerson(string Mail, Role Role);

/// <summary>Seats one person of each role in the console of the demo.</summary>
internal static class DemoPeople
{
    public static async Task<IReadOnlyList<DemoPerson>> AddAsync(AfterwordServer server, DemoShop shop, CancellationToken stop)
    {
        var (persons, invitations) = (server.Services.GetRequiredService<Persons>(), server.Services.GetRequiredService<Invitations>());
        var password = new PasswordHash(server.Services.GetRequiredService<PasswordHashes>().Hash(shop.Password));
        var people = new List<DemoPerson>();
        foreach (var (role, name) in new[] { (Role.Owner, "Olga Owner"), (Role.Supervisor, "Sam Supervisor"), (Role.Analyst, "Ann Analyst"), (Role.Agent, "Ari Agent"), (Role.Operator, "Otis Operator") })
        {
            if (!EmailAddress.TryParse($"{role.Word}@{shop.Sender.ScreenName}.example", out var mail)) continue;

            var place = role == Role.Operator ? Place.Installation : shop.Sender.Id;

            // On a store that is kept they may be there already, with the password of another time.
            var link = await persons.AddAsync(Person.CommandLine, mail, name, place, role, stop) switch
            {
                InviteOutcome.Invited(_, var first) => first,
                InviteOutcome.BeganAnew(_, var again) => again,
                InviteOutcome.Joined(var known) => await persons.ResetAsync(Person.CommandLine, known, stop),
                _ => null,
            };
            if (link is not null) await invitations.AcceptAsync(link[(link.LastIndexOf('/') + 1)..], name, password, stop);
            people.Add(new(mail.Value, role));
        }

        return people;
    }
}
