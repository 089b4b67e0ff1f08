using System.Globalization;
using System.Text.Json.Nodes;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.FollowUps;

namespace Afterword.Server.Automation.Rules.Pages;

/// <summary>Rules in the console: a form for each, the whole document as text, and a draft tried out. What is refused comes back as it was typed.</summary>
internal static class RulePageEndpoints
{
    private const int MaxForm = 4 * SignatureMiddleware.MaxBody;
    private const int MaxFields = 500;

    public static void MapRulePages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        var edits = new AccessRule([Role.Owner], SignInState.Member) { MaxForm = MaxForm, MaxFields = MaxFields };
        console.MapGet("/@{handle}/rules", Show).For(Role.Owner, Role.Supervisor);
        console.MapPost("/@{handle}/rules", SaveText).WithMetadata(edits);
        console.MapPost("/@{handle}/rules/rule", SaveRule).WithMetadata(edits);
        console.MapPost("/@{handle}/rules/general", SaveGeneral).WithMetadata(edits);
        console.MapPost("/@{handle}/rules/arrange", Arrange).WithMetadata(edits);
    }

    private static async Task Show(HttpContext http, Membership membership, RulePages pages)
    {
        var page = await pages.OpenAsync(membership, http.RequestAborted);
        var query = http.Request.Query;
        var edit = query["edit"].ToString() switch
        {
            "new" when page.MayEdit => page.Edit(null, page.NewFields()),
            var at when page.MayEdit && WholeNumber.TryRead(at, out var place) && place < page.Count => page.Edit((int)place, page.FieldsOf((int)place)),
            _ => null,
        };
        await ShowAsync(http, membership, 200, page.View() with { Edit = edit, IsSaved = query["done"] == "yes" });
    }

    private static async Task SaveText(HttpContext http, Membership membership, RulePages pages)
    {
        var form = http.Request.Form;
        var page = await pages.OpenAsync(membership, http.RequestAborted);
        var text = form["document"].ToString().Trim();
        await SettleAsync(http, membership, pages, page, text, form["days"].ToString(), view => view with { Text = text, TextOpen = true });
    }

    private static async Task SaveRule(HttpContext http, Membership membership, RulePages pages)
    {
        var form = http.Request.Form;
        var page = await pages.OpenAsync(membership, http.RequestAborted);
        var fields = RuleFields.Of(form);
        var at = form["at"].ToString();
        if (at != "new" && !(WholeNumber.TryRead(at, out var number) && number < page.Count))
        {
            await ShowAsync(http, membership, 409, page.View() with { Problem = FollowUpEndpoints.Elsewhere, Edit = page.Edit(null, fields) });
            return;
        }

        int? place = at == "new" ? null : int.Parse(at, CultureInfo.InvariantCulture);
        var text = page.With(document => Put(document, place, fields.ToJson()));
        if (place is null && pages.Check(text).Document is not null) text = page.With(document => document["rules"]!.AsArray().Insert(PlaceOfNew(document["rules"]!.AsArray()), fields.ToJson()));
        await SettleAsync(http, membership, pages, page, text, days: "", view => view with { Edit = page.Edit(place, fields) }, fault => FormFaults.OfRule(fault, place ?? page.Count, fields));
    }

    private static async Task SaveGeneral(HttpContext http, Membership membership, RulePages pages)
    {
        var page = await pages.OpenAsync(membership, http.RequestAborted);
        var fields = GeneralFields.Of(http.Request.Form);
        await SettleAsync(http, membership, pages, page, page.With(fields.Write), days: "", view => view with { General = fields, GeneralOpen = true }, FormFaults.OfGeneral);
    }

    private static async Task Arrange(HttpContext http, Membership membership, RulePages pages)
    {
        var form = http.Request.Form;
        var page = await pages.OpenAsync(membership, http.RequestAborted);
        if (!WholeNumber.TryRead(form["at"].ToString(), out var at) || at >= page.Count) await ShowAsync(http, membership, 409, page.View() with { Problem = FollowUpEndpoints.Elsewhere });
        else await SettleAsync(http, membership, pages, page, page.With(document => Move(document["rules"]!.AsArray(), (int)at, form["act"].ToString())), days: "", view => view);
    }

    private static void Put(JsonObject document, int? place, JsonObject rule)
    {
        if (document["rules"] is not JsonArray rules) document["rules"] = rules = new JsonArray();
        if (place is { } at) rules[at] = rule;
        else rules.Add(rule);
    }

    /// <summary>Behind the others, but before one without conditions: behind it, no rule ever decides.</summary>
    private static int PlaceOfNew(JsonArray rules)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i] is JsonObject rule && rule["when"] is null or JsonObject { Count: 0 }) return i;
        }

        return rules.Count;
    }

    private static void Move(JsonArray rules, int at, string act)
    {
        var to = act switch
        {
            "up" => at - 1,
            "down" => at + 1,
            _ => at,
        };
        if (act == "remove") rules.RemoveAt(at);
        if (to == at || to < 0 || to >= rules.Count) return;

        var rule = rules[at];
        rules.RemoveAt(at);
        rules.Insert(to, rule);
    }

    /// <summary>Checks a document; then saves it or tries it out, or shows what is wrong beside what was typed.</summary>
    private static async Task SettleAsync(HttpContext http, Membership membership, RulePages pages, RulePages.Opened page, string text, string days, Func<RulesView, RulesView> typed, Func<RuleProblem, RuleProblem>? told = null)
    {
        var form = http.Request.Form;
        var (document, problems) = pages.Check(text);
        if (document is null)
        {
            await ShowAsync(http, membership, 400, typed(page.View()) with { Problems = told is null ? problems : [.. problems.Select(told)] });
            return;
        }

        // Whoever read another version must see this one before they change it, and keep what they typed.
        if (!WholeNumber.TryRead(form["version"].ToString(), out var version) || version != page.Version)
        {
            await ShowAsync(http, membership, 409, typed(page.View()) with { Problem = page.Meanwhile });
            return;
        }

        if (form["act"] == "try")
        {
            var simulation = await pages.SimulateAsync(membership, document.Rules, days, http.RequestAborted);
            await ShowAsync(http, membership, simulation is null ? 429 : 200, typed(page.View()) with { Simulation = simulation, Problem = simulation is null ? "Another simulation is running. Try again in a few seconds." : null });
            return;
        }

        if (await pages.SaveAsync(membership, version, document, http.RequestAborted)) http.SeeOther($"{membership.AddressOf("rules")}?done=yes");
        else
        {
            var now = await pages.OpenAsync(membership, http.RequestAborted);
            await ShowAsync(http, membership, 409, typed(now.View()) with { Problem = now.Meanwhile });
        }
    }

    private static Task ShowAsync(HttpContext http, Membership membership, int status, RulesView view) => http.ShowConsoleAsync<RulesPage>(membership, status, new() { [nameof(RulesPage.View)] = view });
}
