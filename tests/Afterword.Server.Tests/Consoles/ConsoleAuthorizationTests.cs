using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Who gets in where.</summary>
public abstract class ConsoleAuthorizationTests(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private User _furni = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(engine);
        _furni = await _server.UserAsync("Furni");
    }

    [Fact]
    public async Task An_owner_sees_the_people_of_the_sender()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        await _server.PersonAsync(Role.Analyst, _furni, "ana@furni.example");

        var page = (await owner.GetAsync("/console/@furni/people")).Is(200);

        Assert.Contains("ana@furni.example", page.Html, StringComparison.Ordinal);
        Assert.Contains("owner@furni.example", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_signed_out_is_led_to_the_sign_in_page_and_back()
    {
        var page = (await new TestBrowser(_server).GetAsync("/console/@furni/people?from=1")).Is(303);
        Assert.Equal("/console/sign-in?back=%2Fconsole%2F%40furni%2Fpeople%3Ffrom%3D1", page.Location);
    }

    [Fact]
    public async Task Another_senders_console_looks_like_none()
    {
        var other = await _server.MembershipAsync(Role.Owner, await _server.UserAsync("other"));
        var theirs = (await other.GetAsync("/console/@furni/people")).Is(404);
        var nobodys = (await other.GetAsync("/console/@nobody/people")).Is(404);
        Assert.Equal(nobodys.Html, theirs.Html);
    }

    [Theory]
    [InlineData(Role.Supervisor)]
    [InlineData(Role.Analyst)]
    [InlineData(Role.Agent)]
    public async Task A_role_that_may_not_is_told_so(Role role)
    {
        var page = (await (await _server.MembershipAsync(role, _furni)).GetAsync("/console/@furni/people")).Is(403);
        Assert.Contains($"You are here as {role.Word}.", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain($"{role.Word}@furni.example", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_without_a_role_at_the_sender_finds_nothing_there() =>
        (await (await _server.MembershipAsync(Role.Operator)).GetAsync("/console/@furni/people")).Is(404);

    [Fact]
    public async Task A_form_without_the_hidden_field_changes_nothing()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var ana = await _server.PersonAsync(Role.Analyst, _furni, "ana@furni.example");

        (await owner.PostAsync("/console/@furni/people/role", ("person", $"{ana}"), ("role", "owner"))).Is(400);

        Assert.Equal(1, await _server.CountAsync("person_role", $"person_id = {ana} and role = {(int)Role.Analyst}"));
    }

    [Fact]
    public async Task A_change_of_role_holds_at_once_and_is_written_down()
    {
        var owner = await _server.MembershipAsync(Role.Owner, _furni);
        var ana = await _server.PersonAsync(Role.Owner, _furni, "ana@furni.example");
        var hers = await _server.SignedInAsync(ana);
        (await hers.GetAsync("/console/@furni/people")).Is(200);

        var page = await owner.GetAsync("/console/@furni/people");
        (await owner.PostAsync("/console/@furni/people/role", [.. page.HiddenOf("/console/sign-out"), ("person", $"{ana}"), ("role", "agent")])).Is(303);

        (await hers.GetAsync("/console/@furni/people")).Is(403);
        Assert.Equal(1, await _server.CountAsync("audit", $"sender_id = {_furni.Id} and deed = {(int)AuditAction.Changed} and what = 'role of ana@furni.example to agent'"));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

public sealed class SqliteConsoleAuthorizationTests() : ConsoleAuthorizationTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresConsoleAuthorizationTests() : ConsoleAuthorizationTests(Engine.Postgres);
