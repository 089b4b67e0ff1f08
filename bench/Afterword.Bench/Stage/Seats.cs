using Afterword.Server.Access.Console;
using Afterword.Server.Channels;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Bench.Stage;

/// <summary>People of the console.</summary>
internal static class Seats
{
    /// <summary>Adds a person while no server is running on the store, and returns the key of a session.</summary>
    public static async Task<string> SignInAsync(Site site, long sender, Role role)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        await using var store = await site.OpenAsync();
        await store.LeaseAsync(clock, stop);
        if (!EmailAddress.TryParse($"{role.Word}@shop.example", out var mail)) throw new InvalidOperationException("The address is none.");

        var audit = new AuditLog(store, clock);
        var persons = new Persons(store, new Invitations(store, audit, clock), audit, clock);
        if (await persons.AddAsync(Person.CommandLine, mail, role.Word, sender, role, stop) is not InviteOutcome.Invited(var id, _)) throw new InvalidOperationException("The store has this person already.");
        var sessions = new ConsoleSessions(store, site.Settings, audit, clock, NullLogger<ConsoleSessions>.Instance);
        return await store.Main.WriteAsync(session => sessions.AddAsync(session, id, EntryStage.Person, "bench", byLink: false, stop), stop);
    }
}
