using Afterword.Server.Access.Console;
using Afterword.Server.Channels;
using Afterword.Server.People;

namespace Afterword.Server.Tests.World;

/// <summary>Seats people in the console, past the sign-in page.</summary>
internal static class ConsoleSeats
{
    extension(TestServer server)
    {
        /// <summary>Adds a person with a role at a sender, or at the installation, and gives a browser in which they are signed in.</summary>
        /// <param name="role">What they may.</param>
        /// <param name="sender">Where; null for operators.</param>
        /// <param name="mail">Their address; made of the role and the place unless given.</param>
        public async Task<Guest> SeatAsync(Role role, Account? sender = null, string? mail = null)
        {
            var id = await server.PersonAsync(role, sender, mail ?? $"{role.Word}@{sender?.ScreenName.ToLowerInvariant() ?? "place"}.example");
            return await server.SignedInAsync(id);
        }

        /// <summary>Adds a person, or gives one who is there a further role.</summary>
        public async Task<long> PersonAsync(Role role, Account? sender, string mail) => await server.InviteAsync(role, sender, mail) switch
        {
            InviteOutcome.Invited(var id, _) => id,
            InviteOutcome.BeganAnew(var id, _) => id,
            InviteOutcome.Joined(var id) => id,
            var other => throw new InvalidOperationException($"{mail}: {other}"),
        };

        /// <summary>The same with the link that the person gets.</summary>
        public Task<InviteOutcome> InviteAsync(Role role, Account? sender, string mail)
        {
            Assert.True(EmailAddress.TryParse(mail, out var address));
            return server.Get<Persons>().AddAsync(Person.CommandLine, address, name: null, sender?.Id ?? Place.Installation, role, default);
        }

        /// <summary>A browser in which the person is signed in.</summary>
        public async Task<Guest> SignedInAsync(long personId, EntryStage stage = EntryStage.Person)
        {
            var guest = new Guest(server);
            guest.Cookies[ConsoleSessions.Cookie] = await server.Server.Store.Main.WriteAsync(
                session => server.Get<ConsoleSessions>().AddAsync(session, personId, stage, "Test", byLink: false, default), default);
            return guest;
        }
    }
}
