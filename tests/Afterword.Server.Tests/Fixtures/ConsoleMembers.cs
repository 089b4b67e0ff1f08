using Afterword.Server.Channels;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Users;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Gives people roles in the console, past the sign-in page.</summary>
internal static class ConsoleMembers
{
    extension(TestServer server)
    {
        /// <summary>Adds a person with a role at a sender, or at the installation, and gives a browser in which they are signed in.</summary>
        /// <param name="role">What they may.</param>
        /// <param name="sender">Where; null for operators.</param>
        /// <param name="email">Their address; made of the role and the place unless given.</param>
        public async Task<TestBrowser> MembershipAsync(Role role, User? sender = null, string? email = null)
        {
            var id = await server.PersonAsync(role, sender, email ?? $"{role.Word}@{sender?.ScreenName.ToLowerInvariant() ?? "place"}.example");
            return await server.SignedInAsync(id);
        }

        /// <summary>Adds a person, or gives one who is there a further role.</summary>
        public async Task<long> PersonAsync(Role role, User? sender, string email) => await server.InviteAsync(role, sender, email) switch
        {
            InviteOutcome.Invited(var id, _) => id,
            InviteOutcome.InvitedAgain(var id, _) => id,
            InviteOutcome.Joined(var id) => id,
            var other => throw new InvalidOperationException($"{email}: {other}"),
        };

        /// <summary>The same with the link that the person gets.</summary>
        public Task<InviteOutcome> InviteAsync(Role role, User? sender, string email)
        {
            Assert.True(EmailAddress.TryParse(email, out var address));
            return server.Get<Memberships>().AddAsync(Member.CommandLine, address, name: null, sender?.Id ?? Workspace.Installation, role, default);
        }

        /// <summary>A browser in which the person is signed in.</summary>
        public async Task<TestBrowser> SignedInAsync(long personId, SignInState stage = SignInState.SignedIn)
        {
            var browser = new TestBrowser(server);
            browser.Cookies[ConsoleSessions.Cookie] = await server.Server.Store.Main.WriteAsync(
                session => server.Get<ConsoleSessions>().AddAsync(session, personId, stage, "Test", byLink: false, default), default);
            return browser;
        }
    }
}
