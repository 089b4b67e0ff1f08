using System.Text.RegularExpressions;
using Afterword.Server.Access.Console;
using Afterword.Server.Tests.World;

namespace Afterword.Server.Tests.Consoles;

/// <summary>Every page of the console goes by one clock, and names it.</summary>
public sealed partial class ConsoleClockTests : IAsyncLifetime
{
    private Loop _loop = null!;

    public async ValueTask InitializeAsync() => _loop = await Loop.StartAsync(Engine.Sqlite, "Console:TimeZone=Europe/Berlin");

    [Fact]
    public async Task Every_page_names_the_zone_and_shows_no_time_of_another()
    {
        await _loop.AskAsync();
        var @operator = await _loop.Server.SeatAsync(Role.Operator);
        var owner = await _loop.Server.SeatAsync(Role.Owner, _loop.Furni);
        foreach (var (who, page) in (IEnumerable<(Guest, string)>)
        [
            .. ((string[])["admin/health", "admin/senders", "admin/apps", "admin/people", "admin/audit", "account"]).Select(page => (@operator, page)),
            .. ((string[])["overview", "answers", "follow-up", "automation", "rules", "fairness", "alerts", "asked", "webhooks", "people", "audit"]).Select(page => (owner, $"@furni/{page}")),
        ])
        {
            var html = (await who.GetAsync($"/console/{page}")).Is(200).Html;
            Assert.True(html.Contains("<p class=\"zone\">Time zone: Europe/Berlin</p>", StringComparison.Ordinal), page);
            Assert.True(!html.Contains("UTC", StringComparison.Ordinal), page);

            // It is ten there when it is nine.
            Assert.True(!html.Contains("5 Jan 2026, 09:00", StringComparison.Ordinal), page);
        }

        Assert.Contains("5 Jan 2026, 10:00</time>", (await owner.GetAsync("/console/@furni/asked")).Html, StringComparison.Ordinal);
        Assert.Contains("2026-01-05 10:00:00 Europe/Berlin", (await @operator.GetAsync("/console/admin/health")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_printed_says_whose_it_is_and_when()
    {
        var owner = await _loop.Server.SeatAsync(Role.Owner, _loop.Furni);
        var head = OnPaper().Match((await owner.GetAsync("/console/@furni/overview")).Is(200).Html).Groups["text"].Value;
        Assert.Equal("FURNI · @furni · printed 5 Jan 2026, 10:00 Europe/Berlin", Tags().Replace(head, ""));
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    [GeneratedRegex("<p class=\"on-paper\">(?<text>.*?)</p>", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex OnPaper();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();
}
