using System.Net;
using Afterword.Client;
using Afterword.Client.Testing;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Sandboxes;

/// <summary>An integrator tests a day, a week and the end of a card in seconds, and nothing gets out.</summary>
public sealed class SandboxTests : IAsyncLifetime
{
    private FeedbackSandbox _sandbox = null!;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "afterword");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _sandbox = await FeedbackSandbox.StartAsync(Program, Stop);

    [Fact]
    public async Task A_day_a_week_and_the_end_of_a_card_pass_in_seconds()
    {
        using var sender = _sandbox.ClientOf(_sandbox.Sender);
        using var customer = _sandbox.ClientOf(_sandbox.Customers[0]);
        var began = await _sandbox.NowAsync(Stop);
        var first = await sender.CreateAsync(Request(), Stop);
        Assert.Equal(88, (await Assert.ThrowsAsync<FeedbackApiException>(() => sender.CreateAsync(Request(), Stop))).Code);

        var later = await _sandbox.AdvanceAsync(TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1), Stop);
        Assert.InRange(later - began, TimeSpan.FromHours(24), TimeSpan.FromHours(25));
        var second = await sender.CreateAsync(Request(), Stop);

        // The first request is a day old, and may be read.
        var events = new List<string>();
        await foreach (var one in sender.EventsAsync(began.AddMinutes(-1), later.AddHours(-24), Stop)) events.Add(one.Feedback.Id);
        Assert.Equal([first.Id], events);

        // A card can be answered for 30 days.
        await _sandbox.AdvanceAsync(TimeSpan.FromDays(28), Stop);
        Assert.Equal(5, (await customer.SubmitAsync(first.Id, score: 5, cancellationToken: Stop)).Response!.Score!.Value);
        await _sandbox.AdvanceAsync(TimeSpan.FromDays(7), Stop);
        Assert.Equal(HttpStatusCode.Gone, (await Assert.ThrowsAsync<FeedbackApiException>(() => customer.SubmitAsync(second.Id, score: 5, cancellationToken: Stop))).Status);
    }

    [Fact]
    public async Task Its_clock_is_moved_by_its_operator_key_alone_and_only_forward()
    {
        using var http = new HttpClient { BaseAddress = _sandbox.Server };
        using var stranger = await http.PostAsync("operator/clock.json", new FormUrlEncodedContent([new("by", "01:00:00")]), Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);

        foreach (var by in (TimeSpan[])[TimeSpan.FromHours(-1), TimeSpan.FromDays(4_000)]) Assert.Equal(44, (await Assert.ThrowsAsync<FeedbackApiException>(() => _sandbox.AdvanceAsync(by, Stop))).Code);
        Assert.InRange(await _sandbox.NowAsync(Stop) - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Every_page_is_marked_and_nothing_else_is_changed()
    {
        using var sender = _sandbox.ClientOf(_sandbox.Sender);
        var asked = await sender.CreateAsync(Request() with { IncludeCard = true }, Stop);
        using var http = new HttpClient { BaseAddress = _sandbox.Server };
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip, br");

        foreach (var path in (string[])["/", "/api", "/sign-in", "/console/sign-in", new Uri(asked.CardUrl!).AbsolutePath, "/f/nothing", "/messages/no/such/page"])
        {
            using var page = await http.GetAsync(path, Stop);
            Assert.Contains("<p class=\"sandbox-mark\" role=\"note\" lang=\"en\" dir=\"ltr\">Sandbox</p>", await page.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        foreach (var path in (string[])["/healthz/live", "/openapi/v1.json", "/card.css", "/sandbox.css"]) Assert.DoesNotContain("role=\"note\"", await http.GetStringAsync(path, Stop), StringComparison.Ordinal);
        Assert.StartsWith(_sandbox.Server.GetLeftPart(UriPartial.Authority), asked.CardUrl, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhooks_reach_this_machine_and_no_other()
    {
        using var http = new HttpClient { BaseAddress = _sandbox.Server };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _sandbox.OperatorKey);
        await using var receiver = await Receiver.StartAsync();

        foreach (var (url, status) in new[] { ("https://203.0.113.7/hook", 400), ("https://9.9.9.9/hook", 400), ("https://10.0.0.1/hook", 400), (receiver.Url.AbsoluteUri, 201) })
        {
            using var added = await http.PostAsync("operator/webhooks.json", new FormUrlEncodedContent([new("sender", _sandbox.Sender.ScreenName), new("url", url)]), Stop);
            Assert.Equal(status, (int)added.StatusCode);
        }
    }

    [Fact]
    public async Task A_store_that_is_kept_is_refused()
    {
        foreach (var store in (string[][])[["--data", "/nowhere"], ["--database", "postgres://nobody@nowhere/x"]])
        {
            var refused = (await Command.RunAsync(["serve", "--sandbox", .. store])).Is(2);
            Assert.Contains("leave out --data and --database", refused.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => FeedbackSandbox.StartAsync("/nope/afterword", Stop));
        Assert.StartsWith("/nope/afterword cannot be started: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("Give the path of afterword, or install it.", refused.Message, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    private PromptRequest Request() => new() { Type = FeedbackType.Csat, ToUserId = _sandbox.Customers[0].UserId, Message = "How did we do?", PrivacyUrl = new("https://furni.example/privacy") };
}
