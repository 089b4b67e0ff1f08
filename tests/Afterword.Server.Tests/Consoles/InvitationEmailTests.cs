using System.Net;
using System.Text.RegularExpressions;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Invitations reach people by email, and whoever invites is told whether they do.</summary>
public abstract partial class InvitationEmailTests(Engine engine)
{
    private const string People = "/console/@furni/people";
    private const string Ana = "ana@furni.example";

    [Fact]
    public async Task The_invited_gets_a_link_of_their_own_by_email()
    {
        await using var office = await PostOffice.StartAsync();
        await using var server = await StartAsync(office.Port);
        var owner = await server.MembershipAsync(Role.Owner, await server.UserAsync("furni"));

        var shown = await InviteAsync(owner);

        var email = Assert.Single(office.All);
        Assert.Empty(email.Json.GetProperty("defects").EnumerateArray());
        Assert.Equal((Ana, "Your invitation to the Afterword console of FURNI", "auto-generated"), (email.To, email["Subject"], email["Auto-Submitted"]));
        var link = Link().Match(shown).Value;
        var mailed = Link().Match(email.Plain).Value;
        foreach (var part in (string[])[email.Plain, email.Html]) Assert.Contains($"https://feedback.example{mailed}", part, StringComparison.Ordinal);
        Assert.NotEqual(link, mailed);
        Assert.DoesNotContain("src=", email.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"The link was sent to {Ana}", shown, StringComparison.Ordinal);
        (await Newcomer.AcceptAsync(new TestBrowser(server), mailed)).Is(303);
        (await new TestBrowser(server).GetAsync(link)).Is(404);
        foreach (var secret in (string[])[link, mailed]) Assert.DoesNotContain(server.Log, line => line.Contains(secret, StringComparison.Ordinal));

        // Whoever took the email's link has the address: other senders may trust it.
        Assert.IsType<InviteOutcome.Joined>(await server.InviteAsync(Role.Owner, await server.UserAsync("other"), Ana));
    }

    [Fact]
    public async Task A_new_link_is_emailed_as_well()
    {
        await using var office = await PostOffice.StartAsync();
        await using var server = await StartAsync(office.Port);
        var owner = await server.MembershipAsync(Role.Owner, await server.UserAsync("furni"));
        await InviteAsync(owner);
        var ana = await server.Get<Memberships>().FindAsync(Ana, default);

        var page = await owner.GetAsync(People);
        var shown = (await owner.FinishAsync(await owner.PostAsync($"{People}/link", [.. page.HiddenOf($"{People}/invite"), ("person", $"{ana}")]), $"{People}/link")).Is(200).Html;

        Assert.Equal(2, office.All.Count);
        Assert.Contains("/console/invitation/", office.All.Last().Plain, StringComparison.Ordinal);
        Assert.Contains("The link before no longer works.", shown, StringComparison.Ordinal);
        (await new TestBrowser(server).GetAsync(Link().Match(office.All.First().Plain).Value)).Is(404);
    }

    [Fact]
    public async Task When_the_email_server_refuses_the_page_says_so_and_shows_the_link_all_the_same()
    {
        await using var script = MailScript.Start(command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 No such mailbox" : null);
        await using var server = await StartAsync(script.Port);
        var owner = await server.MembershipAsync(Role.Owner, await server.UserAsync("furni"));

        var shown = await InviteAsync(owner);

        Assert.Contains($"The email to {Ana} was not accepted:", shown, StringComparison.Ordinal);
        Assert.Contains("No such mailbox", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("was sent", shown, StringComparison.Ordinal);
        (await Newcomer.AcceptAsync(new TestBrowser(server), Link().Match(shown).Value)).Is(303);
    }

    private static async Task<string> InviteAsync(TestBrowser owner) => WebUtility.HtmlDecode(
        (await owner.DoAsync(await owner.GetAsync(People), $"{People}/invite", ("mail", Ana), ("name", "Ana"), ("role", "analyst"))).Is(200).Html);

    private Task<TestServer> StartAsync(int port) => TestServer.StartAsync(
        engine, "PublicUrl=https://feedback.example", "Mail:Host=127.0.0.1", $"Mail:Port={port}", "Mail:Tls=none", "Mail:From=feedback@mail.example");

    [GeneratedRegex("/console/invitation/[A-Za-z0-9_-]+")]
    private static partial Regex Link();
}

public sealed class SqliteInvitationEmailTests() : InvitationEmailTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresInvitationEmailTests() : InvitationEmailTests(Engine.Postgres);
