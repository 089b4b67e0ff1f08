using Afterword.EndToEnd.Tests.Cards;

namespace Afterword.EndToEnd.Tests.Embeds;

/// <summary>Ways to bring the script into a page, and what it tells the developer when no card comes.</summary>
public sealed class EmbedLoadingTests(Browser browser)
{
    [Fact]
    public async Task A_page_may_import_the_script_or_serve_it_itself_and_name_the_server()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var (_, token) = await stage.AskAsync();
        await stage.OpenBareAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await stage.Page.EvaluateAsync("address => import(address)", $"{stage.Feedback}/embed.js");
        await stage.HearAsync("ready");

        await stage.OpenBareAsync($"<afterword-card token=\"{token}\" server=\"{stage.Feedback}/\"></afterword-card>");
        await stage.Page.EvaluateAsync("address => import(address)", $"{stage.Shop.Origin}/embed.js");
        await stage.HearAsync("ready");
        await stage.Card.Locator("button[name=score]").First.ClickAsync();
        await stage.HearAsync("score");
        Assert.Empty(stage.Complaints);
    }

    [Fact]
    public async Task The_console_says_why_no_card_comes()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        await stage.OpenAsync("<afterword-card token=\"none\"></afterword-card>");
        await ComplainsAsync("has no card with this token");

        await stage.OpenAsync("<afterword-card token=\"none\" server=\"https://elsewhere.example\"></afterword-card>");
        await ComplainsAsync("this page's Content-Security-Policy stops requests to https://elsewhere.example. Add it to connect-src.");

        await stage.OpenAsync("<afterword-card token=\"none\" server=\"feedback\"></afterword-card>");
        await ComplainsAsync("it is not known which server has the card");

        var (_, token) = await stage.AskAsync();
        await stage.DenyAsync();
        await stage.OpenAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await ComplainsAsync($"afterword allow embed @SENDER {stage.Shop.Origin}");

        await stage.Page.RouteAsync($"{stage.Feedback}/embed**", route => route.Request.Url.Contains("embed.js", StringComparison.Ordinal) ? route.ContinueAsync() : route.AbortAsync());
        await stage.OpenAsync($"<afterword-card token=\"{token}\"></afterword-card>");
        await ComplainsAsync($"{stage.Feedback} did not answer.");

        async Task ComplainsAsync(string why)
        {
            while (!stage.Complaints.ToArray().Any(one => one.StartsWith("afterword-card: ", StringComparison.Ordinal) && one.Contains(why, StringComparison.Ordinal)))
            {
                await Task.Delay(10, TestContext.Current.CancellationToken);
            }
        }
    }
}
