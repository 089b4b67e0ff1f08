using Afterword.Server.Console.Members;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Webhooks;
using Afterword.Support;
using Microsoft.AspNetCore.Http;

namespace Afterword.Server.Tests.Webhooks;

/// <summary>A sender's webhooks in the console.</summary>
public abstract class WebhookPageTests(Engine engine) : IAsyncLifetime
{
    private const string Page = "/console/@furni/webhooks";

    private WebhookFixture _fixture = null!;
    private Receiver _receiver = null!;
    private NewEndpoint _endpoint = null!;
    private TestBrowser _owner = null!;
    private string _address = "";
    private int _status = 200;

    public async ValueTask InitializeAsync()
    {
        _fixture = await WebhookFixture.StartAsync(engine);
        _receiver = await Receiver.StartAsync((http, _) =>
        {
            http.Response.StatusCode = _status;
            return http.Response.WriteAsync("<b>answer of the desk</b>");
        });
        _endpoint = await _fixture.AddAsync(_receiver, "/hook", "furni:basic-password");
        _address = $"{Page}/{_endpoint.Key.Id}";
        _owner = await _fixture.Server.MembershipAsync(Role.Owner, _fixture.Fixture.Furni);
    }

    [Fact]
    public async Task Nobody_had_anything_yet_and_the_page_says_so()
    {
        Assert.Contains("nothing sent yet", (await _owner.GetAsync(Page)).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("No events yet", (await _owner.GetAsync(_address)).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_gets_no_second_webhook()
    {
        var refused = await _owner.SubmitAsync(await _owner.GetAsync(Page), Page, ("url", _endpoint.Url), ("basic", ""));

        Assert.Contains("There is a webhook to this address already", refused.Is(400).Html, StringComparison.Ordinal);
        Assert.Equal(1, await _fixture.Server.CountAsync("webhook"));
    }

    [Fact]
    public async Task Attempts_are_shown_with_request_answer_and_time_and_without_a_secret()
    {
        _status = 500;
        var id = await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();

        var html = (await _owner.GetAsync(_address)).Is(200).Html;

        Assert.Contains("&lt;b&gt;answer of the desk&lt;/b&gt;", html, StringComparison.Ordinal);
        Assert.Contains($"&quot;id&quot;: &quot;{id}&quot;", html, StringComparison.Ordinal);
        Assert.Contains("Attempt 1", html, StringComparison.Ordinal);
        Assert.Contains("failing", (await _owner.GetAsync(Page)).Html, StringComparison.Ordinal);
        foreach (var secret in (string[])[_endpoint.Secret.ToString(), "basic-password", "whsec_"]) Assert.DoesNotContain(secret, html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_given_up_event_is_sent_again_from_the_page()
    {
        await _fixture.Fixture.AskAsync();
        await _fixture.DrainAsync();
        Assert.Single(_receiver.All);
        await _fixture.Server.Server.Store.Main.WriteAsync(session => session.Sql("update delivery set state = 2").RunAsync(default), default);

        var page = (await _owner.GetAsync($"{_address}?dead=1")).Is(200);
        (await _owner.DoAsync(page, $"{_address}/replay")).Is(200);
        await _fixture.DrainAsync();

        Assert.Equal(2, _receiver.All.Count);
        Assert.Equal(_receiver.All.First().Id, _receiver.All.Last().Id);
        (await _owner.PostAsync($"{_address}/replay", [.. page.HiddenOf("/console/sign-out"), ("event", _receiver.All.First().Id)])).Is(303);
        await _fixture.DrainAsync();
        Assert.Equal(3, _receiver.All.Count);
        (await _owner.PostAsync($"{_address}/replay", [.. page.HiddenOf("/console/sign-out"), ("event", "12345")])).Is(400);
        (await _owner.PostAsync($"{_address}/replay", page.HiddenOf("/console/sign-out"))).Is(400);
    }

    [Fact]
    public async Task The_events_of_some_days_are_counted_and_then_sent_again()
    {
        await _fixture.AskAndAnswerAsync();
        await _fixture.DrainAsync();
        var (day, next) = (_fixture.Clock.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), _fixture.Clock.GetUtcNow().AddDays(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains("There is no such event on these days.", (await _owner.GetAsync($"{_address}?from={next}&to={next}&only=")).Is(200).Html, StringComparison.Ordinal);
        Assert.Contains("There is no such event on these days.", (await _owner.GetAsync($"{_address}?from={day}&to={day}&only=dead")).Is(200).Html, StringComparison.Ordinal);

        var page = (await _owner.GetAsync($"{_address}?from={day}&to={next}&only=")).Is(200);
        Assert.Contains("3 events would be sent again", page.Html, StringComparison.Ordinal);
        Assert.Equal(3, _receiver.All.Count);
        Assert.Contains("3 events are sent again now.", (await _owner.DoAsync(page, $"{_address}/replay")).Is(200).Html, StringComparison.Ordinal);
        await _fixture.DrainAsync();

        Assert.Equal([0, 1, 2, 0, 1, 2], Order.Of(_receiver.All));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"what = 'webhook {_endpoint.Key.Id}: sent all events from {day} to {next} again'"));
        (await _owner.PostAsync($"{_address}/replay", [.. page.HiddenOf("/console/sign-out"), ("from", next), ("to", day)])).Is(400);
        var boss = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Fixture.Furni);
        Assert.DoesNotContain("would be sent again", (await boss.GetAsync($"{_address}?from={day}&to={next}&only=")).Is(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_secret_is_shown_once_and_written_down_without_it()
    {
        var page = (await _owner.GetAsync(_address)).Is(200);

        var asked = (await _owner.SubmitAsync(page, $"{_address}/rotate")).Is(200);
        Assert.True(asked.Asks($"{_address}/rotate"));
        Assert.Equal(0, await _fixture.Server.CountAsync("webhook", "old_secret is not null"));
        var shown = (await _owner.DoAsync(asked, $"{_address}/rotate")).Is(200).Html;

        var secret = System.Text.RegularExpressions.Regex.Match(System.Net.WebUtility.HtmlDecode(shown), "whsec_[A-Za-z0-9+/=]+").Value;
        Assert.NotEqual("", secret);
        Assert.NotEqual(_endpoint.Secret.ToString(), secret);
        Assert.DoesNotContain("whsec_", (await _owner.GetAsync(_address)).Html, StringComparison.Ordinal);
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"what = 'webhook {_endpoint.Key.Id}: new secret'"));
        Assert.Equal(0, await _fixture.Server.CountAsync("audit", "what like '%whsec%'"));

        // A test is signed with both while the receiver changes over.
        (await _owner.SubmitAsync(page, $"{_address}/test")).Is(200);
        Assert.Equal(2, Assert.Single(_receiver.All).Signature.Split(' ').Length);
    }

    [Theory]
    [InlineData(204, "The endpoint took the test event over.")]
    [InlineData(418, "The endpoint did not take the test event over.")]
    public async Task A_test_event_tells_what_came_of_it(int status, string told)
    {
        _status = status;
        var page = (await _owner.SubmitAsync(await _owner.GetAsync(_address), $"{_address}/test")).Is(200);
        Assert.Contains(told, page.Html, StringComparison.Ordinal);
        Assert.Contains($"<dd>{status}</dd>", page.Html, StringComparison.Ordinal);
        Assert.Equal(0, await _fixture.CountAsync());
    }

    [Fact]
    public async Task What_is_switched_off_waits_and_goes_out_when_it_is_switched_on()
    {
        var off = (await _owner.DoAsync(await _owner.GetAsync(_address), $"{_address}/disable")).Is(200);
        Assert.Contains("Switched off in the console.", off.Html, StringComparison.Ordinal);
        await _fixture.Fixture.AskAsync();
        await _fixture.DrainAsync();
        Assert.Empty(_receiver.All);

        Assert.Contains("It is switched on.", (await _owner.DoAsync(off, $"{_address}/enable")).Is(200).Html, StringComparison.Ordinal);
        await _fixture.DrainAsync();
        Assert.Single(_receiver.All);
        await _fixture.Server.AllIsWellAsync();
    }

    [Fact]
    public async Task What_waits_for_approval_is_shown_as_that_and_can_be_turned_down_until_it_is_approved()
    {
        var waiting = await _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, new Uri(_receiver.Url, "/new"), null, Approval.Needed, default);
        var address = $"{Page}/{waiting.Key.Id}";
        Assert.Contains("waits for approval", (await _owner.GetAsync(Page)).Is(200).Html, StringComparison.Ordinal);
        var page = (await _owner.GetAsync(address)).Is(200);
        Assert.DoesNotContain($"action=\"{address}/rotate\"", page.Html, StringComparison.Ordinal);

        foreach (var act in (string[])["test", "enable", "replay", "alerts"]) (await _owner.PostAsync($"{address}/{act}", [.. page.HiddenOf("/console/sign-out"), ("dead", "yes"), ("on", "yes")])).Is(400);
        Assert.Empty(_receiver.All);
        (await _owner.PostAsync($"{_address}/refuse", page.HiddenOf("/console/sign-out"))).Is(400);
        var asked = (await _owner.SubmitAsync(page, $"{address}/refuse")).Is(200);
        Assert.Equal(2, (await _fixture.Endpoints.ListAsync(_fixture.Fixture.Furni.Id, null, default)).Count);
        (await _owner.SubmitAsync(asked, $"{address}/refuse")).Is(303);
        (await _owner.GetAsync(address)).Is(404);
        Assert.Single(await _fixture.Endpoints.ListAsync(_fixture.Fixture.Furni.Id, null, default));
        Assert.Equal(1, await _fixture.Server.CountAsync("audit", $"what = 'webhook {waiting.Key.Id}: turned down'"));
    }

    [Fact]
    public async Task The_command_line_needs_approval_where_the_sender_has_an_owner()
    {
        Assert.False((await _fixture.Endpoints.AddAsync(_fixture.Fixture.Furni.Id, _receiver.Url, null, Approval.NeededIfOwned, default)).IsApproved);
        Assert.True(_endpoint.IsApproved);
    }

    [Fact]
    public async Task A_supervisor_looks_and_changes_nothing()
    {
        var boss = await _fixture.Server.MembershipAsync(Role.Supervisor, _fixture.Fixture.Furni);
        var page = (await boss.GetAsync(_address)).Is(200);
        Assert.DoesNotContain($"action=\"{_address}", page.Html, StringComparison.Ordinal);

        foreach (var act in (string[])["approve", "refuse", "test", "rotate", "enable", "disable", "replay", "alerts"]) (await boss.PostAsync($"{_address}/{act}", [.. page.HiddenOf("/console/sign-out"), ("dead", "yes"), ("on", "yes")])).Is(403);

        Assert.Empty(_receiver.All);
        Assert.Equal(1, await _fixture.Server.CountAsync("webhook", "old_secret is null and disabled_at is null and alerts = 0"));
    }

    [Fact]
    public async Task Another_senders_webhook_is_not_there()
    {
        var other = await _fixture.Server.MembershipAsync(Role.Owner, await _fixture.Server.UserAsync("other"));
        var token = (await other.GetAsync("/console/account")).HiddenOf("/console/sign-out");
        (await other.GetAsync($"/console/@other/webhooks/{_endpoint.Key.Id}")).Is(404);
        foreach (var act in (string[])["approve", "refuse", "test", "rotate", "enable", "disable", "replay", "alerts"]) (await other.PostAsync($"/console/@other/webhooks/{_endpoint.Key.Id}/{act}", [.. token, ("dead", "yes")])).Is(404);
        Assert.Empty(_receiver.All);
        Assert.Equal(1, await _fixture.Server.CountAsync("webhook", "old_secret is null and disabled_at is null"));
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        await _receiver.DisposeAsync();
    }
}

public sealed class SqliteWebhookPageTests() : WebhookPageTests(Engine.Sqlite);

[LongForm]
public sealed class PostgresWebhookPageTests() : WebhookPageTests(Engine.Postgres);
