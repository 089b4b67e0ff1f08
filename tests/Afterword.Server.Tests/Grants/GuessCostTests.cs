using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.SignIn;
using Afterword.Server.Tests.Consoles;
using Afterword.Server.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Afterword.Server.Tests.Grants;

/// <summary>A wrong password costs the store the same whoever it is for: else the time would tell which accounts there are.</summary>
public abstract class GuessCostTests(Engine engine) : IAsyncLifetime
{
    private static readonly string[] s_ofGuesses = ["password_hash", "stray_guess", "known_browser", "failed_sign_ins"];
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine, "SignIn:FailuresPerMinute=10000");
        foreach (var handle in new[] { "ana", "bob", "locked" }) await GrantFixture.AddUserAsync(_server, handle);
        var furni = await _server.UserAsync("furni");
        foreach (var email in new[] { "ana@furni.example", "bob@furni.example", "locked@furni.example" }) await Newcomer.SettledAsync(_server, Role.Agent, furni, email);
        await Newcomer.InvitedAsync(_server, Role.Agent, furni, "invited@furni.example");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wrong_password_runs_the_same_statements_and_changes_one_row(bool ofConsole)
    {
        string[] names = ofConsole
            ? ["ana@furni.example", "nobody@furni.example", "no address", "invited@furni.example", "locked@furni.example"]
            : ["ana", "nobody", "no handle", "furni", "locked"];
        for (var n = 0; n < 5; n++) await GuessAsync(new TestBrowser(_server), ofConsole, names[^1]);

        // A browser that is known to be someone else's gets no more.
        var bobs = new TestBrowser(_server);
        (await SendAsync(bobs, ofConsole, ofConsole ? "bob@furni.example" : "bob", GrantFixture.Password)).Is(303);
        bobs.Cookies.Remove("__Host-afterword");
        bobs.Cookies.Remove(ConsoleSessions.Cookie);
        foreach (var browser in new[] { new TestBrowser(_server), bobs })
        {
            var costs = new List<(string Name, string Cost)>();
            foreach (var name in names) costs.Add((name, await GuessAsync(browser, ofConsole, name)));
            Assert.All(costs, cost => Assert.Equal((cost.Name, costs[0].Cost), cost));
        }
    }

    [Fact]
    public async Task A_right_password_is_hashed_anew_when_it_was_hashed_with_fewer_rounds()
    {
        await using var world = await GrantFixture.StartAsync(engine, services => services.AddSingleton(new PasswordHashes(rounds: 3)));
        await world.Server.Get<UserPasswords>().SetAsync(world.Ana.Id, new(new PasswordHashes(rounds: 2).Hash(GrantFixture.Password)), default);
        var browser = world.Guest();
        (await browser.SignInAsync(await browser.GetAsync("/sign-in"), "ana", GrantFixture.Password)).Is(200);

        var hash = await world.Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select password_hash from account where id = @id").Bind("id", world.Ana.Id).FirstAsync(row => row.GetString(0), default), default);
        Assert.Equal(3, HashTests.RoundsOf(hash!));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>Gives how many rows a wrong password changes and, on SQLite, how often which statement runs.</summary>
    private async Task<string> GuessAsync(TestBrowser browser, bool ofConsole, string name)
    {
        var before = await CountedAsync();
        (await SendAsync(browser, ofConsole, name, "wrong password")).Is(403);
        return $"{await CountedAsync() - before} rows; {await RunAsync()}";
    }

    private async Task<Page> SendAsync(TestBrowser browser, bool ofConsole, string name, string password)
    {
        var address = ofConsole ? "/console/sign-in" : "/sign-in";
        var page = (await browser.GetAsync(address)).Is(200);
        await RunAsync();
        return await browser.SubmitAsync(page, address, (ofConsole ? "mail" : "screen_name", name), ("password", password));
    }

    private Task<long> CountedAsync() => _server.Server.Store.Main.ReadAsync(
        session => session.Sql("select cast((select sum(failed_sign_ins) from account) + (select sum(failed_sign_ins) from person) + (select sum(guesses) from stray_guess) as bigint)")
            .FirstAsync(row => row.GetInt64(0), default),
        default);

    private async Task<string> RunAsync()
    {
        if (engine != Engine.Sqlite) return "";

        var work = await SqliteWork.TakeAsync(_server.Server.Store.Main);
        return string.Join("; ", work.Where(one => !one.Key.Contains("cast(", StringComparison.Ordinal) && s_ofGuesses.Any(one.Key.Contains)).Select(one => $"{one.Value.Runs} × {one.Key}").Order());
    }
}

public sealed class SqliteGuessCostTests() : GuessCostTests(Engine.Sqlite);

public sealed class PostgresGuessCostTests() : GuessCostTests(Engine.Postgres);
