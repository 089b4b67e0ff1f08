using System.Diagnostics;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Console.Members;
using Afterword.Server.OAuth;
using Afterword.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Someone new opens the link that the server prints, and reads the first answer, by a browser alone.</summary>
public sealed class FirstAnswerTests(Browser browser)
{
    // Account, app for codes, recovery codes, business, app with keys, request, card, face.
    private const int MostSteps = 8;

    private static readonly TimeSpan s_most = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task From_the_set_up_link_to_the_first_answer_no_step_needs_a_shell(bool script)
    {
        await using var server = await ServerProcess.StartAsync(await SqliteStore.NewAsync());
        await using var visitor = await browser.VisitorAsync(width: 1440, script);
        var page = await visitor.NewPageAsync();

        var effort = await new SetUpWalk(page, script).GoAsync(SetUpWalk.LinkOf(server.Said));

        Assert.InRange(effort.Steps, 1, MostSteps);
        Assert.InRange(effort.Takes, TimeSpan.Zero, s_most);

        // The checklist knows.
        await page.GetByRole(AriaRole.Link, new() { Name = "Overview" }).First.ClickAsync();
        await Assertions.Expect(page.Locator(".checklist .done")).ToHaveCountAsync(4);
    }

    [Fact]
    public async Task The_calls_that_are_shown_with_the_keys_run_as_they_are()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var page = await stage.MembershipToLookAsync(Role.Owner);
        await stage.OpenAsync(page, "/console/@furni/set-up");
        await page.GetByLabel("Address of your privacy policy").FillAsync("https://furni.example/it's private?a=b&c=%20".Replace(" ", "+", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create an app" }).ClickAsync();
        await page.Locator(".calls summary").Nth(2).ClickAsync();
        await Axe.FindsNothingAndAllFitsAsync(page);
        var calls = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var call in await page.Locator(".calls pre").AllAsync()) calls[(await call.GetAttributeAsync("aria-label"))!] = (await call.TextContentAsync())!;
        var apps = stage.Services.GetRequiredService<Apps>();
        await apps.AllowAsync(Assert.Single(await apps.ListAsync(default)).ConsumerKey, true, default);

        using var folder = TestFolder.Create("calls");
        Assert.Equal(["C#", "JavaScript", "Python", "curl"], calls.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("\"card_url\":", await RunAsync(folder, "call.sh", calls["curl"], "bash"), StringComparison.Ordinal);
        Assert.Contains("/f/", await RunAsync(folder, "call.py", calls["Python"], "/usr/bin/python3"), StringComparison.Ordinal);
        Assert.Contains("/f/", await RunAsync(folder, "call.mjs", calls["JavaScript"], "node"), StringComparison.Ordinal);
        var (program, usings) = (Path.Combine(folder.Path, "Call.cs"), Path.Combine(folder.Path, "Usings.cs"));
        await File.WriteAllTextAsync(program, calls["C#"], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(usings, "global using System;", TestContext.Current.CancellationToken);
        await Compiler.RunAsync(Path.Combine(folder.Path, "call.dll"), [program, usings], "-target:exe", "-nullable:enable", "-warn:9", "-warnaserror");
    }

    [Fact]
    public async Task Axe_finds_nothing_on_the_pages_that_set_up_and_they_fit_everywhere()
    {
        await using var stage = await ConsoleFixture.SetAsync(browser);
        var owner = await stage.MembershipToLookAsync(Role.Owner);
        foreach (var path in (string[])["/console/@furni/set-up", "/console/@furni/apps", "/console/@furni/channels", "/console/@furni/requests/new", "/console/@furni/webhooks", "/console/@furni/overview"]) await stage.LooksFineAsync(owner, path);

        var @operator = await stage.MembershipToLookAsync(Role.Operator);
        foreach (var path in (string[])
        [
            "/console/admin/set-up", "/console/admin/health", "/console/admin/senders?limits=furni", "/console/admin/users?user=furni", "/console/admin/apps", "/console/admin/webhooks", "/console/admin/email", "/console/admin/keys",
        ])
        {
            await stage.LooksFineAsync(@operator, path);
        }
    }

    private static async Task<string> RunAsync(TestFolder folder, string name, string text, string interpreter)
    {
        var file = Path.Combine(folder.Path, name);
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        using var process = Process.Start(new ProcessStartInfo(interpreter, [file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (said, wrong) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{name}: {await said}{await wrong}");
        return await said;
    }
}
