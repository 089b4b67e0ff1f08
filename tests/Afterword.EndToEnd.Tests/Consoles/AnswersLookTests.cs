using System.Globalization;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Answers;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Users;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Answers and export in a real browser, in every width and both colour schemes.</summary>
public sealed class AnswersLookTests(Browser browser)
{
    private const string List = "/console/@furni/answers";

    private static readonly (string Type, string Score, string? Text, string? Agent, string? Tags)[] s_answers =
    [
        ("csat", "5", "Kim sorted it out in two minutes. Lovely!", "Kim", "delivery"),
        ("csat", "2", "The sofa came three weeks late, and nobody told us.\nTwo legs were missing.", "Lee", "delivery,late,sofa"),
        ("nps", "9", null, "Kim", null),
        ("nps", "0", "=HYPERLINK(\"https://evil.example\") <script>alert(1)</script>", null, "refund"),
        ("csat", "3", "家具がとても重かったです。配達の人は親切でした。", "Aoi", "delivery"),
        ("nps", "10", "أثاث ممتاز وخدمة سريعة", null, null),
        ("csat", "4", "Averyveryverylongwordthatnobodybreaksbecausethereisnospaceinitatallandthatgoesonandonandon", "A person with a rather long name indeed", "a-tag-of-the-greatest-length-now"),
        ("nps", "7", string.Join(' ', Enumerable.Repeat("It was fine, as far as I can say.", 30)), "Lee", "other"),
    ];

    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        var page = await stage.MembershipToLookAsync(Role.Supervisor);
        await stage.LooksFineAsync(page, List);

        var ids = await FillAsync(stage);
        await stage.LooksFineAsync(page, List);
        await stage.LooksFineAsync(page, $"{List}?show=all&test=all&q=late&tag=late");
        await stage.LooksFineAsync(page, $"{List}?q=nothing+like+that");
        await stage.LooksFineAsync(page, $"{List}?from=yesterday");
        await stage.LooksFineAsync(page, $"{List}/{ids[1]}");
        await stage.LooksFineAsync(page, $"{List}/{ids[3]}");
        await stage.LooksFineAsync(page, "/console/@furni/export");
    }

    [Fact]
    public async Task A_whole_row_leads_to_its_answer()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor, script: false);
        await stage.OpenAsync(page, List);
        var answer = (await page.Locator("tbody .answer-cell a").Nth(2).GetAttributeAsync("href"))!;

        var when = (await page.Locator("tbody .when").Nth(2).BoundingBoxAsync())!;
        await page.Mouse.ClickAsync(when.X + (when.Width / 2), when.Y + (when.Height / 2));
        await Assertions.Expect(page).ToHaveURLAsync(new Uri(stage.Url, answer).ToString());
    }

    [Fact]
    public async Task A_form_without_script_filters_and_downloads()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor, script: false);
        await stage.OpenAsync(page, List);
        await page.FillAsync("#q", "sofa");
        await page.ClickAsync("form.filter button.main");
        Assert.Equal(1, await page.Locator("table.answers tbody tr").CountAsync());
        Assert.Contains("q=sofa", page.Url, StringComparison.Ordinal);

        await page.ClickAsync("text=Export these");
        Assert.Equal("sofa", await page.InputValueAsync("#q"));
        var download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("text=Download CSV"));
        Assert.StartsWith("furni-", download.SuggestedFilename, StringComparison.Ordinal);
        var file = await File.ReadAllTextAsync(await download.PathAsync());
        Assert.Contains("The sofa came three weeks late", file, StringComparison.Ordinal);
        Assert.DoesNotContain("Kim sorted", file, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_script_the_file_is_written_with_progress_and_a_broken_one_not_at_all()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser, "Limits:RecipientInterval=00:00:00");
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor);

        // Chromium without a window has no dialogue: the file goes where the dialogue would have put it, into memory.
        await page.AddInitScriptAsync(
            """
            window.written = { text: "", closed: false, aborted: false };
            window.showSaveFilePicker = async () => ({
              createWritable: async () => new WritableStream({
                write(piece) { window.written.text += new TextDecoder().decode(piece); },
                close() { window.written.closed = true; },
                abort() { window.written.aborted = true; },
              }),
            });
            """);
        await stage.OpenAsync(page, "/console/@furni/export?type=nps");
        await page.ClickAsync("text=Download CSV");
        await Assertions.Expect(page.Locator("#said")).ToContainTextAsync("Done");
        Assert.True(await page.EvaluateAsync<bool>("window.written.closed"));
        var text = await page.EvaluateAsync<string>("window.written.text");
        Assert.Contains(",nps,", text, StringComparison.Ordinal);
        Assert.DoesNotContain(",csat,", text, StringComparison.Ordinal);

        // The server's word for a break: the answer ends without its last chunk, which the route here stands for.
        await page.RouteAsync("**/export/file*", route => route.AbortAsync("connectionreset"));
        await page.ClickAsync("text=Download CSV");
        await Assertions.Expect(page.Locator("#said")).ToContainTextAsync("broke off");
    }

    /// <summary>Makes one answer after another and gives their ids.</summary>
    private static async Task<List<long>> FillAsync(ConsoleFixture stage)
    {
        var services = stage.Services;
        var ana = await services.GetRequiredService<UserAccounts>().AddAsync("ana", "Ana Lindqvist-Herrera", null, MessagingPermission.Anyone, default);
        var create = services.GetRequiredService<CreatePrompt>();
        var answer = services.GetRequiredService<AnswerPrompt>();
        var sender = new Caller(
            new App(0, "", "", "", [], Allowed: true, Suspended: false), stage.Furni.Id, stage.Furni.ScreenName, stage.Furni.Name, Permission.DirectMessages, new SenderGrant(null, null, null, null));
        var ids = new List<long>();
        for (var i = 0; i < s_answers.Length; i++)
        {
            var (type, score, text, agent, tags) = s_answers[i];
            var draft = new PromptDraft(
                type == "csat" ? PromptType.Csat : PromptType.Nps, ana!.Id, $"Thank you for talking to us, Ana. This was about order {i}.", "https://furni.example/privacy",
                string.Create(CultureInfo.InvariantCulture, $"ticket_{5_550 + i}"), 0, null, Test: i == 7, IncludeCard: false, agent, Tags.OfStored(tags));
            var asked = Assert.IsType<CreateOutcome.Created>((await create.RunAsync(new(sender, draft, null, ""))).Outcome);
            ids.Add(long.Parse(asked.Feedback.Id, CultureInfo.InvariantCulture));
            Assert.IsType<AnswerOutcome.Recorded>(await answer.RunAsync(new(new(stage.Furni.Id, ids[i], null), int.Parse(score, CultureInfo.InvariantCulture), text)));
        }

        return ids;
    }
}
