using System.Net;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Microsoft.Extensions.Hosting;

namespace Afterword.Server.Tests.Inbox;

/// <summary>The stream that tells an open page of what is new.</summary>
public abstract class LiveTests(Engine engine) : IAsyncLifetime
{
    private InboxFixture _world = null!;
    private TestBrowser _ana = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await InboxFixture.StartAsync(engine);
        _world.Server.Get<LiveUpdates>().Heartbeat = TimeSpan.FromMilliseconds(100);

        // Whoever begins to listen has every page look once: no test wants to hear of that.
        while (engine == Engine.Postgres && await _world.Server.CountAsync("pg_stat_activity", "datname = current_database() and query = 'listen afterword_inbox'") == 0)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        _ana = await _world.GuestAsync();
    }

    [Fact]
    public async Task A_message_an_answer_and_reading_are_told_at_once_to_both_sides_and_to_nobody_else()
    {
        var furni = await _world.Server.Get<UserAccounts>().FindAsync("furni", default);
        using var ana = await OpenAsync(_ana);
        using var bea = await OpenAsync(await _world.GuestAsync("bea"));
        foreach (var happen in (Func<Task>[])
        [
            () => _world.WriteAsync(furni!, _world.Ana, "Hello"),
            () => _ana.GetAsync("/messages/furni"),
            () => _world.WriteAsync(_world.Ana, furni!, "Hello"),
            () => _world.AskAsync(_world.Ana),
            AnswerAsync,
        ])
        {
            await ana.QuietAsync(mayRepeat: true);
            await happen();
            Assert.Equal("new", await ana.EventAsync());
        }

        await bea.QuietAsync();
    }

    [Fact]
    public async Task The_senders_inbox_does_not_tell_when_a_customer_scores_or_dismisses()
    {
        var live = _world.Server.Get<LiveUpdates>();
        await _world.Server.Server.Store.Main.WriteAsync(
            session => session.Sql("update account set password_hash = (select o.password_hash from account o where o.screen_name_key = 'ana') where screen_name_key = 'furni'").RunAsync(default), default);
        using var furni = await OpenAsync(await _world.GuestAsync("furni"));
        using var metrics = live.TryOpen(LiveTopic.MetricsOf(_world.Furni.Id), Listener.Person(1))!;
        foreach (var form in ((string, string)[])[("score", "5"), ("text", "Nice"), ("dismiss", "1")])
        {
            if (form.Item1 != "text") await _world.AskAsync(_world.Ana);
            while (form.Item1 != "text" && await furni.EventAsync() != "new")
            {
            }

            await furni.QuietAsync(mayRepeat: true);
            await metrics.Woken.WaitAsync(TimeSpan.Zero, default);
            var thread = await _ana.GetAsync("/messages/furni");
            (await _ana.SubmitAsync(thread, InboxCardTests.ActionOf(thread), form)).Is(303);
            await furni.QuietAsync();

            // The control: the metrics did change.
            Assert.True(await metrics.Woken.WaitAsync(TimeSpan.FromSeconds(20), default));
        }
    }

    [Fact]
    public async Task What_came_between_the_page_and_its_stream_is_told_and_nothing_else()
    {
        var page = (await _ana.GetAsync("/messages")).Is(200);
        using (var idle = await OpenAsync(_ana, LiveOf(page))) await idle.QuietAsync();

        await _world.WriteAsync(_world.Furni, _world.Ana, "In between");
        using var late = await OpenAsync(_ana, LiveOf(page));
        Assert.Equal("new", await late.EventAsync());
    }

    [Fact]
    public async Task A_stream_that_broke_off_goes_on_where_it_was()
    {
        string mark;
        using (var first = await OpenAsync(_ana))
        {
            await first.QuietAsync();
            await _world.WriteAsync(_world.Furni, _world.Ana, "One");
            Assert.Equal("new", await first.EventAsync());
            mark = first.LastId;
        }

        using (var same = await OpenAsync(_ana, lastEventId: mark)) await same.QuietAsync();
        await _world.WriteAsync(_world.Furni, _world.Ana, "Two");
        using var behind = await OpenAsync(_ana, lastEventId: mark);
        Assert.Equal("new", await behind.EventAsync());
    }

    [Fact]
    public async Task No_text_and_no_name_travels()
    {
        using var ana = await OpenAsync(_ana);
        await ana.QuietAsync();
        await _world.WriteAsync(_world.Furni, _world.Ana, "A secret of ours");
        await ana.EventAsync();
        Assert.DoesNotContain("secret", ana.Heard, StringComparison.Ordinal);
        Assert.DoesNotContain("furni", ana.Heard, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_stream_ends_when_its_user_signs_out()
    {
        using var ana = await OpenAsync(_ana);
        await ana.QuietAsync();
        (await _ana.SubmitAsync(await _ana.GetAsync("/messages/settings"), "/sign-out")).Is(303);
        Assert.Equal("over", await ana.EventAsync());
        Assert.True(await ana.HasEndedAsync());
    }

    [Fact]
    public async Task A_stream_ends_when_its_user_is_suspended()
    {
        using var ana = await OpenAsync(_ana);
        await ana.QuietAsync();
        await _world.Server.Get<UserAccounts>().SuspendAsync("ana", true, default);
        Assert.Equal("over", await ana.EventAsync());
    }

    [Fact]
    public async Task A_stream_needs_a_user_and_one_user_has_only_so_many()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(new TestBrowser(_world.Server), "/messages/live", null)).StatusCode);

        var open = new List<Stream>();
        for (var i = 0; i < LiveUpdates.MostOfListener; i++) open.Add(await OpenAsync(_ana));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(_ana, "/messages/live", null)).StatusCode);
        using (await OpenAsync(await _world.GuestAsync("bea")))
        {
        }

        // Whoever leaves makes room.
        open[0].Dispose();
        while (_world.Server.Get<LiveUpdates>().Count >= LiveUpdates.MostOfListener) await Task.Yield();
        open[0] = await OpenAsync(_ana);
        open.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task A_stream_is_for_pages_of_this_server_alone_and_kept_by_nobody()
    {
        using var answer = await SendAsync(_ana, "/messages/live", null);
        Assert.Equal("text/event-stream; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_streams()
    {
        await using var world = await InboxFixture.StartAsync(engine);
        using var ana = await OpenAsync(await world.GuestAsync(), node: world.Server);
        world.Server.Get<IHostApplicationLifetime>().StopApplication();
        Assert.True(await ana.HasEndedAsync());
        Assert.DoesNotContain(world.Server.Log, line => line.Contains("unhandled", StringComparison.OrdinalIgnoreCase));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static string LiveOf(Page page) => WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(page.Html, "data-live=\"([^\"]*)\"").Groups[1].Value);

    private async Task AnswerAsync()
    {
        var thread = await _ana.GetAsync("/messages/furni");
        (await _ana.SubmitAsync(thread, InboxCardTests.ActionOf(thread), ("score", "5"))).Is(303);
    }

    private Task<HttpResponseMessage> SendAsync(TestBrowser browser, string address, string? lastEventId, TestServer? node = null) => Stream.SendAsync(node ?? _world.Server, browser, address, lastEventId);

    private Task<Stream> OpenAsync(TestBrowser browser, string address = "/messages/live", string? lastEventId = null, TestServer? node = null) =>
        Stream.OpenAsync(node ?? _world.Server, browser, address, lastEventId);
}

public sealed class SqliteLiveTests() : LiveTests(Engine.Sqlite);

public sealed class PostgresLiveTests() : LiveTests(Engine.Postgres);

/// <summary>What happens on one node is told on the other.</summary>
public sealed class LiveNodesTests
{
    [Fact]
    public async Task A_page_on_one_node_hears_what_another_node_stored()
    {
        await using var world = await InboxFixture.StartAsync(Engine.Postgres);
        await using var second = await world.Server.StartSecondAsync();
        using var ana = await Stream.OpenAsync(second, await world.GuestAsync("ana", second), "/messages/live", null);

        // The first event of a stream that began without a mark tells of what there is; then only the other node can wake it.
        await ana.BeginAsync();
        await world.WriteAsync(world.Furni, world.Ana, "From afar");
        Assert.Equal("new", await ana.EventAsync());
    }
}
