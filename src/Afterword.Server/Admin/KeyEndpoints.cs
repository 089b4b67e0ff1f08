using Afterword.Server.Admin.Pages;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Operators;
using Afterword.Server.Parsing;

namespace Afterword.Server.Admin;

/// <summary>The keys with which an operator's programs call the routes below <c>/operator</c>.</summary>
internal static class KeyEndpoints
{
    private const string Page = "keys";

    public static void MapConsoleKeys(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/admin/keys", Show).For(Role.Operator);
        console.MapPost("/admin/keys/add", Add).For(Role.Operator);
        console.MapPost("/admin/keys/revoke", Revoke).For(Role.Operator);
    }

    private static Task Show(HttpContext http, Membership membership) => ShowAsync(http, membership, 200, SubmittedForm.Nothing, http.TakeNotice(membership));

    private static async Task ShowAsync(HttpContext http, Membership membership, int status, SubmittedForm form, OneTimeNotice? notice) => await http.ShowConsoleAsync<KeysPage>(membership, status, new()
    {
        [nameof(KeysPage.Keys)] = (await http.RequestServices.GetRequiredService<OperatorKeys>().ListAsync(http.RequestAborted)).ConvertAll(key => new KeysPage.Line(key.Name, key.CreatedAt)),
        [nameof(KeysPage.Form)] = form,
        [nameof(KeysPage.Notice)] = notice,
    });

    private static async Task Add(HttpContext http, Membership membership, OperatorKeys keys)
    {
        var (form, name) = (SubmittedForm.Of(http.Request.Form), http.Request.Form["name"].ToString().Trim());
        if (TextRules.WrongWithName(name) is { } wrong) form.Refuse("name", $"The name must be {wrong}.");
        else if (await http.MakeAsync(membership, $"added operator key {name}", session => keys.AddAsync(session, name, http.RequestAborted)) is { } key)
        {
            http.LeaveNotice(membership, Page, new("good", $"This is the operator key {name}. It is shown only now. Programs send it as: Authorization: Bearer …", key));
            return;
        }
        else form.Refuse("name", $"There is an operator key {name} already.");

        await ShowAsync(http, membership, 400, form, notice: null);
    }

    private static async Task Revoke(HttpContext http, Membership membership, OperatorKeys keys)
    {
        var name = http.Request.Form["name"].ToString();
        if (!(await keys.ListAsync(http.RequestAborted)).Exists(key => key.Name == name))
        {
            await ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There is no such operator key any more."));
            return;
        }

        if (!await http.IsConfirmedAsync(membership, new($"Revoke the operator key {name}?", "Calls with it are refused immediately, on every node. This cannot be undone; a new key has to be given to the program.", "Revoke", Page))) return;

        await http.ChangeAsync(membership, $"revoked operator key {name}", session => OperatorKeys.RevokeAsync(session, name, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", $"The operator key {name} is revoked."));
    }
}
