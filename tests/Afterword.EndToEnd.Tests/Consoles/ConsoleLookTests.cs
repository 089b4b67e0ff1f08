using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Access.Console;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Every page of the console in a real browser, in every width and both colour schemes.</summary>
public sealed class ConsoleLookTests(Browser browser) : IClassFixture<Browser>
{
    public static TheoryData<int, ColorScheme> Looks => new MatrixTheoryData<int, ColorScheme>([360, 768, 1440], [ColorScheme.Light, ColorScheme.Dark]);

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task Axe_finds_nothing_and_nothing_overflows(int width, ColorScheme scheme)
    {
        await using var stage = await ConsoleStage.SetAsync(browser);
        var page = await stage.SeatAsync(Role.Owner, width, scheme);
        await stage.InviteAsync(Role.Analyst, "analyst.with.a.rather.long.name@subsidiary.furni.example");
        foreach (var path in (string[])["people"])
        {
            await stage.OpenAsync(page, $"/console/@furni/{path}");
            await ConsoleStage.IsFineAsync(page);
        }
    }
}
