using Afterword.Server.Channels;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Bench.Fixtures;

/// <summary>People of the console.</summary>
internal static class SampleMembers
{
    /// <summary>Adds a person while no server is running on the store, and returns the key of a session.</summary>
    public static async Task<string> SignInAsync(BenchServer server, long sender, Role role)
    {
        var (clock, stop) = (TimeProvider.System, CancellationToken.None);
        await using var store = await server.OpenAsync();
        await store.LeaseAsync(clock, stop);
        if (!EmailAddress.TryParse($"{role.Word}@shop.example", out var email)) throw new InvalidOperationException("The address is none.");

        var audit = new AuditLog(store, clock);
        var memberships = new Memberships(store, new Invitations(store, audit, clock), audit, clock);
        if (await memberships.AddAsync(Member.CommandLine, email, role.Word, sender, role, stop) is not InviteOutcome.Invited(var id, _)) throw new InvalidOperationException("The store has this person already.");
        var sessions = new ConsoleSessions(store, server.Settings, audit, clock, NullLogger<ConsoleSessions>.Instance);
        return await store.Main.WriteAsync(session => sessions.AddAsync(session, id, SignInState.SignedIn, "bench", byLink: false, stop), stop);
    }
}
