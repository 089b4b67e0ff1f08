using System.Collections.Concurrent;
using System.Net;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Grants;

/// <summary>Strangers who fill the line for passwords, or keep an account locked, and those who come in all the same.</summary>
public abstract class SignInFloodTests(Engine engine)
{
    private const int Strangers = 90;
    private const string Proxy = "Proxies=127.0.0.1";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flood_of_one_sign_in_page_shuts_nobody_out_of_another_nor_a_browser_that_is_known(bool ofConsole)
    {
        // As slow as it takes for the strangers to fill a line, and no slower.
        await using var server = await TestServer.StartAsync(
            engine, services => services.AddSingleton(new PasswordHashes(rounds: 4_000)), Proxy, "SignIn:FailuresPerMinute=10000");
        var agent = await Newcomer.SettledAsync(server, Role.Agent, await server.UserAsync("furni"));
        await GrantFixture.AddUserAsync(server, "ana");
        var known = new TestBrowser(server);
        (await SignInAsync(known)).Is(303);
        (await agent.SendPasswordAsync(known)).Is(303);

        using var over = new CancellationTokenSource();
        var failed = new ConcurrentDictionary<int, bool>();
        var strangers = Enumerable.Range(0, Strangers).Select(n => FloodAsync(server, n, ofConsole, failed, over)).ToArray();
        while (failed.Count < Strangers) await Task.Delay(5, TestContext.Current.CancellationToken);
        var came = new List<(string Who, int Status)>();
        for (var round = 0; round < 3; round++)
        {
            var fresh = new TestBrowser(server) { From = $"10.1.0.{round + 1}" };
            came.Add(("somebody at the other page", (ofConsole ? await SignInAsync(fresh) : await agent.SendPasswordAsync(fresh)).Status));

            // Nor at the page itself from an address that has not failed, as theirs have.
            var newcomer = new TestBrowser(server) { From = $"10.1.1.{round + 1}" };
            came.Add(("somebody new at the same page", (ofConsole ? await agent.SendPasswordAsync(newcomer) : await SignInAsync(newcomer)).Status));

            SignOut(known);
            came.Add(("somebody at a browser that is known", (ofConsole ? await agent.SendPasswordAsync(known) : await SignInAsync(known)).Status));
        }

        await over.CancelAsync();
        var tries = await Task.WhenAll(strangers);
        Assert.All(came, one => Assert.Equal((one.Who, 303), one));

        // Else nobody was in the way.
        Assert.True(tries.Sum() > 2 * Strangers, $"There were {tries.Sum()} tries.");
    }

    [Fact]
    public async Task Who_keeps_an_account_locked_keeps_no_known_browser_of_its_owner_out()
    {
        await using var server = await TestServer.StartAsync(engine, Proxy);
        var agent = await Newcomer.SettledAsync(server, Role.Agent, await server.UserAsync("furni"));
        await GrantFixture.AddUserAsync(server, "ana");
        await GrantFixture.AddUserAsync(server, "bob");
        var (known, bobs) = (new TestBrowser(server), new TestBrowser(server));
        (await SignInAsync(known)).Is(303);
        (await agent.SendPasswordAsync(known)).Is(303);
        (await SignInAsync(bobs, "bob")).Is(303);

        SignOut(known);
        for (var n = 1; n <= 5; n++)
        {
            var stranger = new TestBrowser(server) { From = $"10.2.0.{n}" };
            (await SignInAsync(stranger, "ana", $"wrong {n}")).Is(403);
            (await agent.SendPasswordAsync(stranger, $"wrong {n}")).Is(403);
        }

        foreach (var stranger in new[] { new TestBrowser(server) { From = "10.2.0.6" }, bobs })
        {
            (await SignInAsync(stranger)).Is(403);
            (await agent.SendPasswordAsync(stranger)).Is(403);
        }

        (await SignInAsync(known)).Is(303);
        (await agent.SendPasswordAsync(known)).Is(303);
        SignOut(known);

        // Whoever has stolen its cookie gets five guesses, and then what strangers get.
        for (var n = 1; n <= 5; n++)
        {
            (await SignInAsync(known, "ana", $"guess {n}")).Is(403);
            (await agent.SendPasswordAsync(known, $"guess {n}")).Is(403);
        }

        (await SignInAsync(known)).Is(403);
        (await agent.SendPasswordAsync(known)).Is(403);
    }

    [Fact]
    public async Task A_known_browser_that_hangs_up_has_used_its_guess()
    {
        await using var server = await TestServer.StartAsync(engine);
        await GrantFixture.AddUserAsync(server, "ana");
        var (known, guesses) = (new TestBrowser(server), server.Get<PasswordGuesses>());
        (await SignInAsync(known)).Is(303);
        for (var n = 1; n <= 6; n++)
        {
            using var hangsUp = new CancellationTokenSource();
            var http = new DefaultHttpContext { RequestAborted = hangsUp.Token };
            http.Request.Headers.Cookie = $"{KnownBrowsers.Cookie}={known.Cookies[KnownBrowsers.Cookie]}";
            var guess = await guesses.BeginAsync(http, AccountKind.User, "ana", $"wrong {n}");
            Assert.Equal((n, n <= 5), (n, guess.IsKnown));
            await hangsUp.CancelAsync();
            Assert.Null(await guesses.SettleAsync(http, guess, guesses.Matches(guess)));
        }
    }

    [Fact]
    public async Task A_commit_that_hangs_keeps_no_turn()
    {
        var turns = new HashScheduler(atOnce: 1);
        await using var server = await TestServer.StartAsync(engine, services => services.AddSingleton(turns), "SignIn:FailuresPerMinute=3");
        var ana = await GrantFixture.AddUserAsync(server, "ana");
        var pages = new List<(TestBrowser Guest, Page Page)>();
        for (var n = 0; n < 4; n++)
        {
            var browser = new TestBrowser(server);
            pages.Add((browser, await browser.GetAsync("/sign-in")));
        }

        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var over = new ManualResetEventSlim();
        var hanging = server.Server.Store.Main.WriteAsync(
            async session =>
            {
                await AccountLock.HoldAsync(session, AccountKind.User, ana.Id, default);
                held.SetResult();

                // The body of a write may wait for nothing but the store, so it hangs as a disk does.
                over.Wait(CancellationToken.None);
                return 1;
            },
            default);
        await held.Task;
        var tries = pages.Select(one => one.Guest.SubmitAsync(one.Page, "/sign-in", ("screen_name", "ana"), ("password", "wrong password"))).ToList();

        // Three are compared and wait for the store. The fourth gets its turn all the same, and is told that there were too many.
        var first = Task.WhenAny(tries);
        await Task.WhenAny(first, Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        var slot = turns.TakeAsync(HashQueue.People, IPAddress.Loopback, 0, default);
        var told = (first.IsCompleted, slot.IsCompleted);
        over.Set();
        Assert.Equal((true, true), told);
        (await await first).Is(429);
        await hanging;
        tries.Remove(await first);
        foreach (var one in tries) (await one).Is(403);
    }

    [Fact]
    public async Task New_passwords_wait_in_a_line_of_their_own()
    {
        var turns = new HashScheduler(atOnce: 1);
        await using var server = await TestServer.StartAsync(engine, services => services.AddSingleton(turns));
        var ana = await GrantFixture.AddUserAsync(server, "ana");
        var furni = await server.UserAsync("furni");
        var agent = await Newcomer.SettledAsync(server, Role.Agent, furni);
        var (id, links) = ((await server.Get<Memberships>().FindAsync(agent.Email, default))!.Value, server.Get<ResetLinks>());
        var key = await server.Server.Store.Main.WriteAsync(session => links.IssueAsync(session, AccountKind.Person, id, default), default);
        var pages = new List<(TestBrowser Guest, string Link, Page Page)>();
        foreach (var link in new[]
        {
            await server.Get<UserPasswords>().IssueLinkAsync(ana.Id, dropsFactor: false, default), $"{PasswordResetRequests.Address}/{key}",
            (await Newcomer.InvitedAsync(server, Role.Agent, furni, "bob@furni.example")).Link,
        })
        {
            var browser = new TestBrowser(server);
            pages.Add((browser, link, (await browser.GetAsync(link)).Is(200)));
        }

        var hashing = await turns.TakeAsync(HashQueue.Users, IPAddress.None, 0, default);
        var waiting = Enumerable.Range(0, 8).Select(_ => turns.TakeAsync(HashQueue.NewPasswords, IPAddress.Loopback, 0, default)).ToArray();
        await SendAsync(429);
        hashing!.Dispose();
        foreach (var slot in waiting) (await slot)!.Dispose();
        await SendAsync(303);

        async Task SendAsync(int status)
        {
            foreach (var (browser, link, page) in pages)
            {
                (string, string)[] fields = [("name", "Bob"), ("password", "a sentence of another kind"), ("new-password", "a sentence of another kind")];
                Assert.Equal((link, status), (link, (await browser.SubmitAsync(page, link, fields)).Status));
            }
        }
    }

    [Fact]
    public async Task A_browser_is_known_no_more_after_a_new_password_or_when_all_others_were_signed_out()
    {
        const string Other = "a sentence of another kind";
        await using var server = await TestServer.StartAsync(engine, Proxy);
        var (furni, number) = (await server.UserAsync("furni"), 0);
        foreach (var (way, isPerson, endAsync) in new (string, bool, Func<TestBrowser, string, Task<Page>>)[]
        {
            ("a person's new password", true, (here, _) => FromAccountAsync(here, "/console/account", "/password", ("password", Newcomer.Password), ("new-password", Other))),
            ("a person's other sessions", true, (here, _) => FromAccountAsync(here, "/console/account", "/end-others")),
            ("an owner", true, OwnerSignsOutAsync),
            ("a user's new password", false, (here, _) => FromAccountAsync(here, "/account", "/password", ("password", GrantFixture.Password), ("new-password", Other))),
            ("a user's other visits", false, (here, _) => FromAccountAsync(here, "/account", "/end-others")),
        })
        {
            var handle = $"bea{++number}";
            var person = isPerson ? await Newcomer.SettledAsync(server, Role.Agent, furni, $"{handle}@furni.example") : null;
            if (!isPerson) await GrantFixture.AddUserAsync(server, handle);
            var (here, lost) = (new TestBrowser(server), new TestBrowser(server));
            foreach (var browser in new[] { here, lost }) Assert.Equal((way, 303), (way, (await TryAsync(browser, Newcomer.Password)).Status));

            Assert.Equal((way, 303), (way, (await endAsync(here, handle)).Status));
            for (var n = 1; n <= 5; n++) (await TryAsync(new TestBrowser(server) { From = $"10.5.{number}.{n}" }, "wrong password")).Is(403);

            SignOut(here);
            SignOut(lost);
            var now = way.Contains("password", StringComparison.Ordinal) ? Other : Newcomer.Password;
            Assert.Equal((way, 403), (way, (await TryAsync(lost, now)).Status));
            if (way != "an owner") Assert.Equal((way, 303), (way, (await TryAsync(here, now)).Status));

            Task<Page> TryAsync(TestBrowser browser, string password) => person?.SendPasswordAsync(browser, password) ?? SignInAsync(browser, handle, password);
        }

        async Task<Page> FromAccountAsync(TestBrowser here, string page, string form, params (string, string)[] fields) => await here.SubmitAsync((await here.GetAsync(page)).Is(200), page + form, fields);

        async Task<Page> OwnerSignsOutAsync(TestBrowser here, string handle)
        {
            const string People = "/console/@furni/people";
            var id = (await server.Get<Memberships>().FindAsync($"{handle}@furni.example", default))!.Value;
            var owner = await server.MembershipAsync(Role.Owner, furni, "owner@furni.example");
            return await owner.PostAsync($"{People}/sign-out", [.. (await owner.GetAsync(People)).Is(200).HiddenOf($"{People}/invite"), ("person", $"{id}")]);
        }
    }

    [Fact]
    public async Task Wrong_passwords_of_a_stranger_do_not_close_the_second_factor()
    {
        await using var server = await TestServer.StartAsync(engine);
        var owner = await Newcomer.SettledAsync(server, Role.Owner, await server.UserAsync("furni"));
        var browser = new TestBrowser(server);
        (await owner.SendPasswordAsync(browser)).Is(303);
        for (var n = 0; n < 5; n++) (await owner.SendPasswordAsync(new TestBrowser(server), "wrong password")).Is(403);

        server.Clock.Advance(TimeSpan.FromSeconds(30));
        (await Newcomer.SendCodeAsync(browser, owner.Code)).Is(303);
    }

    private static void SignOut(TestBrowser browser)
    {
        foreach (var cookie in browser.Cookies.Keys.Where(name => name != KnownBrowsers.Cookie).ToArray()) browser.Cookies.Remove(cookie);
    }

    private static async Task<int> FloodAsync(TestServer server, int number, bool ofConsole, ConcurrentDictionary<int, bool> failed, CancellationTokenSource over)
    {
        var stranger = new TestBrowser(server) { From = $"10.0.0.{number + 1}" };
        var address = ofConsole ? "/console/sign-in" : "/sign-in";
        var page = (await stranger.GetAsync(address)).Is(200);
        var tries = 0;
        while (!over.IsCancellationRequested)
        {
            tries++;
            var answer = await stranger.SubmitAsync(page, address, (ofConsole ? "mail" : "screen_name", ofConsole ? $"n{number}@furni.example" : $"n{number}"), ("password", "wrong password"));
            if (answer.Status == 403) failed[number] = true;
        }

        return tries;
    }

    private static async Task<Page> SignInAsync(TestBrowser browser, string handle = "ana", string password = GrantFixture.Password)
    {
        browser.Cookies.Remove("__Host-afterword");
        return await browser.SubmitAsync((await browser.GetAsync("/sign-in")).Is(200), "/sign-in", ("screen_name", handle), ("password", password));
    }
}

public sealed class SqliteSignInFloodTests() : SignInFloodTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresSignInFloodTests() : SignInFloodTests(Engine.Postgres);
