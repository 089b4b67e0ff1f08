using System.Text.Json;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Operators;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.Users;
using Afterword.Server.Webhooks.Polling;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Webhooks;

/// <summary>What <c>afterword webhook</c> does, for an operator's programs. Each change is first written down at the sender.</summary>
internal static class OperatorEndpoints
{
    private const int Shown = 20;
    private const int MostShown = 200;
    private const string LeftOut = "left out where poll is true";

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapOperator();
        group.MapGet("/webhooks.json", List).Describe(OperatorReference.List);
        group.MapPost("/webhooks.json", Add).Describe(OperatorReference.Add);
        group.MapGet("/webhooks/{id}.json", Show).Describe(OperatorReference.Show);
        group.MapDelete("/webhooks/{id}.json", Remove).Describe(OperatorReference.Remove);
        group.MapPost("/webhooks/{id}/test.json", Test).Describe(OperatorReference.Test);
        group.MapPost("/webhooks/{id}/rotate.json", Rotate).Describe(OperatorReference.Rotate);
        group.MapPost("/webhooks/{id}/enable.json", Enable).Describe(OperatorReference.Enable);
        group.MapPost("/webhooks/{id}/disable.json", Disable).Describe(OperatorReference.Disable);
        group.MapPost("/webhooks/{id}/replay.json", Replay).Describe(OperatorReference.Replay);
        routes.MapPolling();
    }

    private static async Task List(HttpContext http, Endpoints endpoints, UserAccounts accounts)
    {
        if (await http.ReadParametersAsync() is not { } read) return;

        var handle = Handle(read, read.Optional("sender"));
        if (await RefusedAsync(http, read)) return;

        var sender = handle is null ? null : await accounts.FindAsync(handle, http.RequestAborted);
        if (handle is not null && sender is null) await http.RefuseAsync(ApiError.RecipientUnknown);
        else await http.AnswerAsync(200, new WebhooksJson([.. (await endpoints.ListAsync(sender?.Id, null, http.RequestAborted)).Select(WebhookJson.Of)]), OperatorJson.Default.WebhooksJson);
    }

    private static async Task Add(HttpContext http, AuditLog audit, Endpoints endpoints, UserAccounts accounts, WebhookSettings settings, EgressGuard guard)
    {
        if (await http.ReadParametersAsync() is not { } read) return;

        var (handle, polled) = (Handle(read, read.Required("sender")), read.Truth("poll"));
        var (text, basic) = (polled ? read.Optional("url") : read.Required("url"), read.Optional("basic"));
        var (url, wrong) = text is null ? (null, null) : polled ? (null, LeftOut) : WebhookUrl.Read(text, settings, guard);
        if (wrong is not null) read.Errors.Add(ApiError.Invalid("url", wrong));
        if (polled && basic is not null) read.Errors.Add(ApiError.Invalid("basic", LeftOut));
        if (basic is not null && !WebhookUrl.IsBasic(basic)) read.Errors.Add(ApiError.Invalid("basic", "user:password"));
        var format = WebhookFormats.Find(read.Optional("format") ?? WebhookFormat.Events.Name);
        if (polled && format is not (null or WebhookFormat.Events)) read.Errors.Add(ApiError.Invalid("format", LeftOut));
        if (format is null) read.Errors.Add(ApiError.Invalid("format", $"one of {string.Join(", ", WebhookFormats.All)}"));
        if (await RefusedAsync(http, read)) return;

        if (await accounts.FindAsync(handle!, http.RequestAborted) is not { } sender)
        {
            await http.RefuseAsync(ApiError.RecipientUnknown);
            return;
        }

        // The path of an address may be its key.
        var chat = format!.Value.Product is { } product ? $", a channel of {product}" : "";
        await audit.NoteAsync(sender.Id, By(http), AuditAction.Changed, $"webhook {(url is null ? "to be polled" : $"to {url.GetLeftPart(UriPartial.Authority)}{chat}")}: added, to be approved by an owner", http.RequestAborted);
        var added = await endpoints.AddAsync(sender.Id, url, basic, format.Value, Approval.Needed, http.RequestAborted);
        await http.AnswerAsync(201, WebhookJson.Of(added, sender.ScreenName, basic is not null), OperatorJson.Default.WebhookJson);
    }

    private static async Task Show(HttpContext http, string id, Endpoints endpoints, DeliveryHistory history)
    {
        if (await FindAsync(http, id, endpoints) is not { } found || await http.ReadParametersAsync() is not { } read) return;

        var dead = read.Truth("dead");
        var most = read.Whole("count", 1, MostShown, Shown);
        if (await RefusedAsync(http, read)) return;

        var latest = await history.LatestAsync(found.Endpoint.Key, dead, most, http.RequestAborted);
        await http.AnswerAsync(200, WebhookJson.Of(found) with { Deliveries = [.. latest.Select(delivery => DeliveryJson.Of(delivery).WithoutAnswers())] }, OperatorJson.Default.WebhookJson);
    }

    private static async Task Remove(HttpContext http, string id, Endpoints endpoints)
    {
        if (await FindToChangeAsync(http, id, endpoints, "removed") is not { } found) return;

        var buried = 0L;
        await endpoints.RemoveAsync(found.Endpoint.Key, all => buried = all, http.RequestAborted);
        await http.AnswerAsync(200, new WebhookDeniedJson(id, found.Endpoint.ShownAddress, Allowed: false, buried), OperatorJson.Default.WebhookDeniedJson);
    }

    private static async Task Test(HttpContext http, string id, Endpoints endpoints, SendTestEvent test)
    {
        if (await FindToChangeAsync(http, id, endpoints, "sent a test event", onlyApproved: true, onlySent: true) is not { } found) return;

        if (await test.RunAsync(found.Endpoint.Key, http.RequestAborted) is { } sent) await http.AnswerAsync(200, AttemptJson.Of(sent.Attempt), OperatorJson.Default.AttemptJson);
        else await http.RefuseAsync(ApiError.NotFound);
    }

    private static async Task Rotate(HttpContext http, string id, Endpoints endpoints)
    {
        // Whoever has the secret of one that is polled reads its events, which operators do not.
        if (await FindAsync(http, id, endpoints) is not { } listed) return;
        if (listed.Endpoint is { IsPolled: true, IsApproved: true })
        {
            await http.RefuseAsync(ApiError.Invalid("id", "the secret of this webhook lets in anyone who polls, so an owner of the sender makes a new one in the console"));
            return;
        }

        if (await FindToChangeAsync(http, id, endpoints, "new secret") is not { } found) return;

        var secret = await endpoints.RotateAsync(found.Endpoint.Key, http.RequestAborted);
        await http.AnswerAsync(200, WebhookJson.Of(found) with { Secret = secret?.ToString() }, OperatorJson.Default.WebhookJson);
    }

    private static Task Enable(HttpContext http, string id, Endpoints endpoints) =>
        SwitchAsync(http, id, endpoints, "switched on", onlyApproved: true, key => endpoints.EnableAsync(key, http.RequestAborted));

    private static Task Disable(HttpContext http, string id, Endpoints endpoints) =>
        SwitchAsync(http, id, endpoints, "switched off", onlyApproved: false, key => endpoints.DisableAsync(key, "Switched off by an operator.", http.RequestAborted));

    private static async Task SwitchAsync(HttpContext http, string id, Endpoints endpoints, string what, bool onlyApproved, Func<EndpointKey, Task> run)
    {
        if (await FindToChangeAsync(http, id, endpoints, what, onlyApproved) is not { } found) return;

        await run(found.Endpoint.Key);
        if (await FindAsync(http, id, endpoints) is { } now) await http.AnswerAsync(200, WebhookJson.Of(now), OperatorJson.Default.WebhookJson);
    }

    /// <summary>Writes a line of JSON for each transaction, and one at the end, so that a long replay shows how far it is.</summary>
    private static async Task Replay(HttpContext http, string id, AuditLog audit, Endpoints endpoints, ReplayDeliveries replay)
    {
        if (await FindAsync(http, id, endpoints, onlyApproved: true, onlySent: true) is not { } found || await http.ReadParametersAsync() is not { } read) return;

        var (one, dead, from, to) = (read.OptionalId("event"), read.Truth("dead"), read.OptionalId("from"), read.OptionalId("to"));
        if (one is null && !dead && from is null && to is null) read.Errors.Add(ApiError.Missing("event"));
        if (one is not null && (dead || from is not null || to is not null)) read.Errors.Add(ApiError.Invalid("event", "alone, or left out for a range"));
        if (await RefusedAsync(http, read)) return;

        await NoteAsync(http, audit, found, "sent events again");
        http.Response.ContentType = "application/x-ndjson";
        var written = Task.CompletedTask;
        var all = await replay.RunAsync(
            found.Endpoint.Key, new(one, from ?? 0, to ?? long.MaxValue, dead),
            soFar => written = WriteAsync(http, written, new(soFar, Done: false)), http.RequestAborted);
        await WriteAsync(http, written, new(all, Done: true));
    }

    private static async Task WriteAsync(HttpContext http, Task before, ReplayProgressJson line)
    {
        await before;
        await http.Response.Body.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, OperatorJson.Default.ReplayProgressJson), (byte)'\n'], http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Gives the endpoint after it was written down at its sender who does what to it; or null after the call was refused.</summary>
    private static async Task<ListedEndpoint?> FindToChangeAsync(HttpContext http, string id, Endpoints endpoints, string what, bool onlyApproved = false, bool onlySent = false)
    {
        var found = await FindAsync(http, id, endpoints, onlyApproved, onlySent);
        if (found is not null) await NoteAsync(http, http.RequestServices.GetRequiredService<AuditLog>(), found, what);
        return found;
    }

    private static Task NoteAsync(HttpContext http, AuditLog audit, ListedEndpoint found, string what) =>
        audit.NoteAsync(found.Endpoint.Key.SenderId, By(http), AuditAction.Changed, $"webhook {WebhookJson.Text(found.Endpoint.Key.Id)}: {what}", http.RequestAborted);

    /// <summary>The key that let the call in. A handler's parameters are bound before that is known.</summary>
    private static Member By(HttpContext http) => http.Features.GetRequiredFeature<Member>();

    /// <summary>Gives the endpoint, or null after the call was refused.</summary>
    private static async Task<ListedEndpoint?> FindAsync(HttpContext http, string id, Endpoints endpoints, bool onlyApproved = false, bool onlySent = false)
    {
        var found = WholeNumber.TryRead(id, out var number) ? (await endpoints.ListAsync(null, number, http.RequestAborted)).SingleOrDefault() : null;
        if (found is null) await http.RefuseAsync(ApiError.NotFound);
        else if (onlyApproved && !found.Endpoint.IsApproved)
        {
            await http.RefuseAsync(ApiError.Invalid("id", "this webhook waits until an owner of the sender, or an operator where an owner has added it, approves it in the console"));
            return null;
        }
        else if (onlySent && found.Endpoint.IsPolled)
        {
            await http.RefuseAsync(ApiError.Invalid("id", "nothing is sent to this webhook, for its receiver polls"));
            return null;
        }

        return found;
    }

    /// <summary>Gives a handle without its @, or null after noting that it is none.</summary>
    private static string? Handle(ParameterReader read, string? text)
    {
        if (text is null || UserAccounts.Handle.IsMatch(UserAccounts.Bare(text))) return text is null ? null : UserAccounts.Bare(text);

        read.Errors.Add(ApiError.Invalid("sender", "a handle such as @furni"));
        return null;
    }

    private static async Task<bool> RefusedAsync(HttpContext http, ParameterReader read)
    {
        if (read.Errors.Any) await http.RefuseAsync(read.Errors);
        return read.Errors.Any;
    }
}
