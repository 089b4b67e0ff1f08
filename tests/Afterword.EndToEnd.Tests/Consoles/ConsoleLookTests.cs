using Afterword.EndToEnd.Tests.Cards;
using Afterword.Server.Access.Console;

namespace Afterword.EndToEnd.Tests.Consoles;

/// <summary>Every page of the console in a real browser, in every width and both colour schemes.</summary>
public sealed class ConsoleLookTests(Browser browser)
{
    [Fact]
    public async Task Axe_finds_nothing_and_nothing_overflows_at_any_width_in_either_scheme()
    {
        await using var stage = await ConsoleStage.SetAsync(browser);
        await stage.InviteAsync(Role.Analyst, "analyst.with.a.rather.long.name@subsidiary.furni.example");
        var owner = await stage.SeatToLookAsync(Role.Owner);
        foreach (var path in (string[])["/console/@furni/people", "/console/@furni/audit", "/console/@furni/asked", "/console/account", "/console/@furni/nothing"]) await stage.LooksFineAsync(owner, path);

        var @operator = await stage.SeatToLookAsync(Role.Operator);
        foreach (var path in (string[])["/console/admin/people", "/console/admin/audit", "/console/admin/health", "/console/admin/backups", "/console/admin/retention", "/console/admin/senders", "/console/admin/apps", "/console/@furni/people"]) await stage.LooksFineAsync(@operator, path);
    }
}
