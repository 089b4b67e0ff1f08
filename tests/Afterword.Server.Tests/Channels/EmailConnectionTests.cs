using System.Text;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Channels;

/// <summary>Talking to a mail server: signing in with what it offers, or not at all, and waiting for it. What the store does about a failure is told elsewhere.</summary>
public sealed class EmailConnectionTests
{
    [Theory]
    [InlineData("PLAIN", "PLAIN")]
    [InlineData("LOGIN", "LOGIN")]
    [InlineData("GSSAPI LOGIN", "LOGIN")]
    [InlineData("PLAIN LOGIN GSSAPI", "PLAIN")]
    public async Task An_email_goes_out_by_a_mechanism_that_the_server_offers(string offered, string used)
    {
        await using var office = await PostOffice.StartAsync("postmaster", ChannelFixture.Password, mechanisms: offered);
        var shown = await SendAsync(office.Port, ChannelFixture.Password);

        Assert.Equal(ChannelDeliveryState.Sent, shown.State);
        var email = Assert.Single(office.All).Json;
        Assert.Equal(("postmaster", used), (email.GetProperty("user").GetString(), email.GetProperty("mechanism").GetString()));
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task A_wrong_password_sends_nothing_and_is_told(string offered)
    {
        await using var office = await PostOffice.StartAsync("postmaster", ChannelFixture.Password, mechanisms: offered);
        var shown = await SendAsync(office.Port, "wrong-password");

        Assert.Equal((AttemptOutcome.Failed, 535), (Assert.Single(shown.Attempts).Outcome, shown.Attempts[0].Status));
        Assert.StartsWith("Signing in failed: ", shown.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password", shown.Reason, StringComparison.Ordinal);
        Assert.Empty(office.All);
    }

    [Theory]
    [InlineData("250-mail.test\r\n250 AUTH GSSAPI XMYSTERY", "127.0.0.1 offers GSSAPI, XMYSTERY, but neither PLAIN nor LOGIN. Nothing was sent.")]
    [InlineData("250 mail.test", "127.0.0.1 offers no way to sign in, and there is a Mail:User. Nothing was sent.")]
    [InlineData("502 No", "127.0.0.1 offers no way to sign in, and there is a Mail:User. Nothing was sent.")]
    public async Task A_server_that_offers_no_mechanism_known_here_is_sent_nothing(string hello, string why)
    {
        await using var script = MailScript.Start(command => command.StartsWith("EHLO", StringComparison.Ordinal) ? hello : null);
        var shown = await SendAsync(script.Port, ChannelFixture.Password);

        Assert.Equal((ChannelDeliveryState.Waiting, AttemptOutcome.Failed, why), (shown.State, Assert.Single(shown.Attempts).Outcome, shown.Reason));
        Assert.DoesNotContain(script.Commands, command => command.Split(' ')[0] is not ("EHLO" or "HELO" or "QUIT"));
        Assert.Contains(script.Commands, command => command == "EHLO feedback.example");
    }

    [Fact]
    public async Task A_real_server_that_offers_no_mechanism_known_here_is_sent_nothing()
    {
        await using var office = await PostOffice.StartAsync("postmaster", ChannelFixture.Password, mechanisms: "GSSAPI");
        var shown = await SendAsync(office.Port, ChannelFixture.Password);

        Assert.Equal(AttemptOutcome.Failed, Assert.Single(shown.Attempts).Outcome);
        Assert.Contains("offers GSSAPI", shown.Reason, StringComparison.Ordinal);
        Assert.Empty(office.All);
    }

    [Fact]
    public async Task A_server_that_takes_no_password_gets_an_access_token()
    {
        var (given, refused) = (0, 0);
        await using var issuer = await Receiver.StartAsync((http, _) => http.Response.WriteAsync($$"""{"access_token":"t{{++given}}","expires_in":3600,"token_type":"Bearer"}"""));
        await using var script = MailScript.Start(command => command.Split(' ')[0] switch
        {
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN XOAUTH2",
            "AUTH" => TokenOf(command) == "t1" && ++refused == 1 ? "535 5.7.3 Too old" : null,
            _ => null,
        });
        await using var site = await ChannelFixture.StartAsync(
            Engine.Sqlite, script.Port, "Mail:User=postmaster", $"Mail:TokenUrl={issuer.Url}token", "Mail:ClientId=id 1", "Mail:ClientSecret=kept secret", "Mail:Scope=mail.send", "Mail:HelloName=out.furni.example");
        string[] asked = [await site.AskAsync(site.Ada), await site.AskAsync(site.Ada)];
        await site.DrainAsync();
        var first = await Task.WhenAll(asked.Select(site.ShowAsync));

        // One was refused; the token that it came with is not used again.
        Assert.Contains(first, one => one.Reason?.StartsWith("Signing in failed: ", StringComparison.Ordinal) == true);
        site.Clock.Advance(TimeSpan.FromMinutes(5));
        await site.DrainAsync();
        Assert.All(await Task.WhenAll(asked.Select(site.ShowAsync)), one => Assert.Equal(ChannelDeliveryState.Sent, one.State));
        Assert.Equal("grant_type=client_credentials&client_id=id+1&client_secret=kept+secret&scope=mail.send", Encoding.UTF8.GetString(issuer.All.First().Body));
        Assert.DoesNotContain(script.Commands, command => command.StartsWith("AUTH PLAIN", StringComparison.Ordinal));
        Assert.Contains("EHLO out.furni.example", script.Commands);

        // A token that was refused late does not take its successor away.
        var tokens = site.Server.Get<EmailTokens>();
        await tokens.ForgetAsync("t1", TestContext.Current.CancellationToken);
        Assert.Equal("t2", await tokens.CurrentAsync(TestContext.Current.CancellationToken));
        await tokens.ForgetAsync("t2", TestContext.Current.CancellationToken);
        Assert.Equal("t3", await tokens.CurrentAsync(TestContext.Current.CancellationToken));
        Assert.All(script.Commands.Where(command => command.StartsWith("AUTH", StringComparison.Ordinal)), command => Assert.Contains("user=postmaster\u0001", Encoding.ASCII.GetString(Convert.FromBase64String(command.Split(' ')[2])), StringComparison.Ordinal));

        static string TokenOf(string command) => Encoding.ASCII.GetString(Convert.FromBase64String(command.Split(' ')[2])).Split("Bearer ")[1].TrimEnd('\u0001');
    }

    [Fact]
    public async Task An_email_and_its_access_token_have_one_connection_at_a_time()
    {
        // A permit is for one: docs/configuration.md.
        var (connections, open) = (new List<string>(), new List<int>());
        MailScript? started = null;
        await using var issuer = await Receiver.StartAsync((http, _) =>
        {
            connections.Add(http.Connection.Id);
            open.Add(started!.Commands.Count);
            return http.Response.WriteAsync("""{"access_token":"t","expires_in":60}""");
        });
        await using var script = started = MailScript.Start(command => command.StartsWith("EHLO", StringComparison.Ordinal) ? "250 AUTH XOAUTH2" : null);
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, script.Port, "Mail:User=postmaster", $"Mail:TokenUrl={issuer.Url}", "Mail:ClientId=id", "Mail:ClientSecret=kept");
        await site.AskAsync(site.Ada);
        await site.DrainAsync();
        await site.Server.Get<EmailTokens>().CurrentAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, open[0]);
        Assert.NotEmpty(script.Emails);
        Assert.Equal(2, connections.Distinct().Count());
    }

    [Fact]
    public async Task Without_an_access_token_nothing_is_sent_and_the_reason_is_told()
    {
        await using var issuer = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = 401;
            return http.Response.WriteAsync("""{"error":"invalid_client","error_description":"the secret hunter2 is old"}""");
        });
        await using var script = MailScript.Start(command => command.StartsWith("EHLO", StringComparison.Ordinal) ? "250 AUTH XOAUTH2" : null);
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, script.Port, "Mail:User=postmaster", $"Mail:TokenUrl={issuer.Url}", "Mail:ClientId=id", "Mail:ClientSecret=hunter2");
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();

        var shown = await site.ShowAsync(id);
        Assert.Equal("Signing in failed: 127.0.0.1 gave no access token: 401, invalid_client. See Mail:TokenUrl, Mail:ClientId and what belongs to them.", shown.Reason);
        Assert.DoesNotContain(script.Commands, command => command.Split(' ')[0] is "AUTH" or "MAIL" or "DATA");
    }

    [Fact]
    public async Task An_email_goes_out_in_lines_that_end_as_smtp_wants_them()
    {
        await using var office = await PostOffice.StartAsync();
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, office.Port);
        await site.AskAsync(site.Ada, "csat", ("message", "Hello,\nthis is the second line."));
        await site.DrainAsync();

        var raw = Assert.Single(await office.WaitAsync(1)).Raw;
        Assert.DoesNotContain('\n', raw.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain('\r', raw.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.All(raw.Split("\r\n"), line => Assert.InRange(line.Length, 0, 998));
        Assert.Matches(@"(?m)^Message-I[dD]: <[0-9]+@feedback\.example>\r$", raw);
    }

    [Fact]
    public async Task An_email_server_that_hangs_is_left_after_a_while_and_what_it_took_before_counts()
    {
        var emails = 0;
        await using var script = MailScript.Start(command => command == "QUIT" || (command == "." && Interlocked.Increment(ref emails) == 1) ? MailScript.Hang : null);
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, script.Port, "Mail:Timeout=00:00:05");
        string[] asked = [await site.AskAsync(site.Ada), await site.AskAsync(site.Ada)];
        await site.DrainAsync();

        var shown = (await Task.WhenAll(asked.Select(site.ShowAsync))).OrderBy(one => one.State).ToArray();
        Assert.Equal([ChannelDeliveryState.Waiting, ChannelDeliveryState.Sent], shown.Select(one => one.State));
        Assert.Equal([(AttemptOutcome?)AttemptOutcome.Uncertain, AttemptOutcome.Sent], shown.Select(one => Assert.Single(one.Attempts).Outcome));
        Assert.Contains("within 5 s", shown[0].Reason, StringComparison.Ordinal);
        Assert.Equal(2, script.Emails.Count);
    }

    private static async Task<ShownChannelDelivery> SendAsync(int port, string password)
    {
        await using var site = await ChannelFixture.StartAsync(Engine.Sqlite, port, "Mail:User=postmaster", $"Mail:Password={password}");
        var id = await site.AskAsync(site.Ada);
        await site.DrainAsync();
        return await site.ShowAsync(id);
    }
}
