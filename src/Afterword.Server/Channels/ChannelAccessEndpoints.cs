using Afterword.Client.OAuth;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Channels.X;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Channels;

/// <summary>The access that requests need to reach customers where they are: to the sender's helpdesk, and to its user at X. Its owners give it, as far as the operator's policy lets them. Tokens are never shown again.</summary>
internal static class ChannelAccessEndpoints
{
    private const string Page = "channels";

    // What X calls them, each with the field of the form.
    private static readonly (string Field, string Name)[] s_keys = [("x_api_key", "API key"), ("x_api_key_secret", "API key secret"), ("x_access_token", "access token"), ("x_access_token_secret", "access token secret")];

    public static void MapChannelAccess(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapPost("/@{handle}/channels/helpdesk", SetHelpdesk).For(Role.Owner);
        console.MapPost("/@{handle}/channels/helpdesk/test", TestHelpdesk).For(Role.Owner);
        console.MapPost("/@{handle}/channels/helpdesk/remove", RemoveHelpdesk).For(Role.Owner);
        console.MapPost("/@{handle}/channels/x", SetX).For(Role.Owner);
        console.MapPost("/@{handle}/channels/x/test", TestX).For(Role.Owner);
        console.MapPost("/@{handle}/channels/x/remove", RemoveX).For(Role.Owner);
    }

    private static async Task SetHelpdesk(HttpContext http, Membership membership, SenderHelpdesks helpdesks, Settings settings, EgressGuard guard)
    {
        var form = SubmittedForm.Of(http.Request.Form, "desk_token");
        if (await IsRefusedAsync(http, membership, settings, form)) return;

        if (ReadHelpdesk(http.Request.Form, form, settings.Webhooks, guard) is not { } helpdesk)
        {
            await ChannelPageEndpoints.ShowAsync(http, membership, 400, form, notice: null);
            return;
        }

        var cancelled = 0;
        await http.ChangeAsync(membership, $"access to {helpdesk.Kind.Title} at {helpdesk.Url.Host}", async session =>
        {
            cancelled = await helpdesks.SetAsync(session, membership.SenderId, helpdesk, http.RequestAborted);
            return 1;
        });
        var waited = cancelled switch { 0 => "", 1 => " The request that waited for the one before is cancelled.", _ => $" The {cancelled} requests that waited for the one before are cancelled." };
        http.LeaveNotice(membership, Page, new("good", $"Saved, and not tested yet. Requests about conversations in {helpdesk.Kind.Title} are posted there.{waited} Test it now."));
    }

    private static Helpdesk? ReadHelpdesk(IFormCollection form, SubmittedForm submittedForm, WebhookSettings settings, EgressGuard guard)
    {
        var (url, account, token) = (Text("desk_url"), Text("desk_account"), Text("desk_token") ?? "");
        if (HelpdeskKinds.Find(form["desk"].ToString()) is not { } kind)
        {
            submittedForm.Refuse("desk", "Choose a helpdesk.");
            return null;
        }

        if (url is null && kind != HelpdeskKind.Intercom) submittedForm.Refuse("desk_url", "Enter where the helpdesk is.");
        else if (url is not null && Helpdesk.ReadUrl(url, settings, guard).Wrong is { } wrong) submittedForm.Refuse("desk_url", $"It must be {wrong.Replace("; give those with --basic", "", StringComparison.Ordinal)}.");
        if (!Helpdesk.IsToken(token)) submittedForm.Refuse("desk_token", "A token is one line of letters, digits and signs, without spaces.");
        if (!Helpdesk.IsAccount(kind, account)) submittedForm.Refuse("desk_account", kind.Account is { } needed ? $"It must be {needed}." : $"{kind.Title} needs none. Leave it empty.");
        return submittedForm.IsWrong ? null : Helpdesk.Read(kind, url, account, token, settings, guard).Helpdesk;

        string? Text(string name) => form[name].ToString().Trim() is { Length: > 0 } text ? text : null;
    }

    private static async Task TestHelpdesk(HttpContext http, Membership membership, SenderHelpdesks helpdesks, HelpdeskTransport carrier, OutgoingConnections connections, AuditLog audit)
    {
        var stop = http.RequestAborted;
        if (HelpdeskKinds.Find(http.Request.Form["desk"].ToString()) is not { } kind || (await helpdesks.OfAsync(membership.SenderId, stop)).Find(one => one.Kind == kind) is not { } helpdesk)
        {
            await ChannelPageEndpoints.ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There is no access to this helpdesk any more."));
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Changed, $"tested the access to {kind.Title}", stop);
        using var permit = await connections.TakeAsync(HelpdeskTransport.EndOf(membership.SenderId), stop);
        Tell(http, membership, await carrier.TestAsync(helpdesk, permit, stop), kind.Title, "token");
    }

    private static async Task RemoveHelpdesk(HttpContext http, Membership membership, SenderHelpdesks helpdesks)
    {
        if (HelpdeskKinds.Find(http.Request.Form["desk"].ToString()) is { } kind)
        {
            if (!await http.IsConfirmedAsync(membership, new(
                $"Remove the access to {kind.Title}?", "Requests that wait for its conversations are cancelled. The token is forgotten here; end it in the helpdesk, too.", "Remove", Page))) return;

            await http.ChangeAsync(membership, $"no more access to {kind.Title}", session => helpdesks.RemoveAsync(session, membership.SenderId, kind, http.RequestAborted));
        }

        http.LeaveNotice(membership, Page, new("good", "Removed. Nothing more is posted there."));
    }

    private static async Task SetX(HttpContext http, Membership membership, XAccounts accounts, Settings settings)
    {
        var form = http.Request.Form;
        var submittedForm = SubmittedForm.Of(form, [.. s_keys.Select(key => key.Field)]);
        if (await IsRefusedAsync(http, membership, settings, submittedForm)) return;

        var keys = s_keys.Select(key => form[key.Field].ToString().Trim()).ToArray();
        foreach (var ((field, name), key) in s_keys.Zip(keys))
        {
            if (!Helpdesk.IsToken(key)) submittedForm.Refuse(field, $"The {name} is one line of letters, digits and signs, without spaces.");
        }

        if (submittedForm.IsWrong)
        {
            await ChannelPageEndpoints.ShowAsync(http, membership, 400, submittedForm, notice: null);
            return;
        }

        var account = new XAccount(new Uri(XAccount.Api), new OAuthCredentials(keys[0], keys[1], keys[2], keys[3]));
        await http.ChangeAsync(membership, "keys for X", session => accounts.SetAsync(session, membership.SenderId, account, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", "Saved, and not tested yet. Requests to customers of this channel are direct messages of your user at X. Test it now."));
    }

    private static async Task TestX(HttpContext http, Membership membership, XAccounts accounts, XTransport carrier, OutgoingConnections connections, AuditLog audit)
    {
        var stop = http.RequestAborted;
        if (await accounts.FindAsync(membership.SenderId, stop) is not { } account)
        {
            await ChannelPageEndpoints.ShowAsync(http, membership, 400, SubmittedForm.Nothing, new("bad", "There are no keys for X any more."));
            return;
        }

        await audit.NoteAsync(membership, AuditAction.Changed, "tested the keys for X", stop);
        using var permit = await connections.TakeAsync(XTransport.EndOf(membership.SenderId), stop);
        Tell(http, membership, await carrier.TestAsync(account, permit, stop), "X", "keys");
    }

    private static async Task RemoveX(HttpContext http, Membership membership)
    {
        if (!await http.IsConfirmedAsync(membership, new("Remove the keys for X?", "Requests for customers of this channel wait until there are keys again. They are forgotten here; end them at X, too.", "Remove", Page))) return;

        await http.ChangeAsync(membership, "no more keys for X", session => XAccounts.RemoveAsync(session, membership.SenderId, http.RequestAborted));
        http.LeaveNotice(membership, Page, new("good", "Removed. No more direct messages are sent."));
    }

    private static void Tell(HttpContext http, Membership membership, ChannelAttempt attempt, string other, string shown) => http.LeaveNotice(membership, Page, attempt.Outcome == AttemptOutcome.Sent
        ? new("good", FormattableString.Invariant($"{other} accepted the {shown} in {attempt.Took} ms. Nothing was posted."))
        : new("bad", attempt.Status is null ? $"{other} cannot be reached: {attempt.Error}" : $"{other} did not accept the {shown}: {attempt.Error}"));

    // Messages and card links leave the installation for where this leads, as they do for an address of the sender's own.
    private static async Task<bool> IsRefusedAsync(HttpContext http, Membership membership, Settings settings, SubmittedForm form)
    {
        if (ChannelPageEndpoints.MaySet(membership, settings)) return false;

        await ChannelPageEndpoints.ShowAsync(http, membership, 400, form, new("bad", "An operator of this server sets up this access."));
        return true;
    }
}
