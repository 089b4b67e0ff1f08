using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Embeds;
using Afterword.Server.Answers;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using MailKit.Security;

namespace Afterword.EndToEnd.Tests.Abuse;

/// <summary>Every text where it is shown by others: in a mail program, and within another site's page.</summary>
public sealed class HostileElsewhereTests(Browser browser)
{
    [Fact]
    public async Task An_email_shows_every_text_and_nothing_of_it_runs_even_without_a_policy()
    {
        await using var stage = await HostileFixture.SetAsync(browser);
        var furni = await stage.UserAsync("furni", "Furni");
        EmailAddress.TryParse("feedback@mail.example", out var address);
        var settings = new MailSettings { Host = "mail.example", Port = 25, Tls = SecureSocketOptions.None, From = address!, HelloName = "feedback.example", Timeout = TimeSpan.FromSeconds(20) };
        foreach (var text in Hostile.Few)
        {
            var (card, token) = await stage.AskAsync(furni with { Name = text }, text, displayName: text, privacyUrl: "https://ok.example/" + text);
            var prompt = (await Card.FindAsync(stage.Store, token, default))!.Prompt;
            var delivery = new ChannelDelivery(
                prompt, ChannelDeliveryState.Sending, 0, 0, 1, stage.Url.ToString(), null, text,
                new(furni.Id, "furni", text, null, null, false), new(stage.Ana.Id, "ana", "Ana", null, "ana@mail.example", false), OptedOut: false);

            using var email = await CardEmail.ComposeAsync(delivery, card, address!, settings, "Messages");
            await stage.Page.SetContentAsync(email.HtmlBody!);

            Assert.DoesNotContain('\n', email.Subject!);

            // The library gives line ends as this system has them; how they go over the wire, EmailTests see at a mail server.
            Assert.StartsWith(text, email.TextBody, StringComparison.Ordinal);
            Assert.Contains($"\u2068{text}\u2069", email.TextBody, StringComparison.Ordinal);
            Assert.Equal(Squeezed(text), Squeezed((await stage.TextsAsync("td.ink"))[0]));
            Assert.Equal(Squeezed(prompt.Question), Squeezed((await stage.TextsAsync("td.ink"))[1]));
            Assert.Contains(Squeezed($"\u2068{text}\u2069"), Squeezed(string.Concat(await stage.TextsAsync("td.soft"))), StringComparison.Ordinal);
            Assert.Equal(["Open this question in your browser", "Stop asking me", "privacy policy"], (await stage.TextsAsync("a.link")).Order(StringComparer.Ordinal));
            await stage.Trap.IsEmptyAsync(stage.Page, text);
        }
    }

    [Fact]
    public async Task Another_sites_page_shows_every_name_letter_by_letter()
    {
        await using var stage = await EmbedFixture.SetAsync(browser);
        var trap = await Trap.SetAsync(stage.Page.Context, stage.Shop.Origin, stage.Feedback);
        foreach (var texts in Hostile.Few.Where(text => text.Length > 0).Chunk(10))
        {
            var tokens = new List<string>();
            foreach (var text in texts) tokens.Add((await stage.AskAsync(displayName: text)).Token);
            await stage.OpenAsync(string.Concat(tokens.Select(token => $"<afterword-card token=\"{token}\"></afterword-card>")));
            await stage.Page.WaitForFunctionAsync("many => heard.filter(one => one.startsWith('ready')).length === many", texts.Length);

            var questions = await stage.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('afterword-card')].map(one => one.shadowRoot.querySelector('#card-heading').textContent)");
            Assert.All(texts.Zip(questions), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
            await trap.IsEmptyAsync(stage.Page, string.Join(" | ", texts));
        }
    }

    // An email sets no line as it was typed: spaces in a row are one, and the end of a line is an element.
    private static string Squeezed(string text) => string.Concat(text.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
}
