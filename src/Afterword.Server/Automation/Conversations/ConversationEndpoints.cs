using Afterword.Client.Wire;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Conversations;

/// <summary>A sender tells that conversations end, and sees what was decided.</summary>
internal static class ConversationEndpoints
{
    public static void MapConversations(this IEndpointRouteBuilder routes)
    {
        var writes = new SignatureRequirement(Permission.DirectMessages, AppAllowed: true, SenderAllowed: true);
        var reads = new SignatureRequirement(AppAllowed: true, SenderAllowed: true);
        routes.MapPost("/1.1/feedback/conversations/close.json", Close).WithMetadata(writes with { Limit = LimitedEndpoint.Close }).Describe(ConversationReference.Close);
        routes.MapPost("/1.1/feedback/conversations/reopen.json", Reopen).WithMetadata(writes with { Limit = LimitedEndpoint.Reopen }).Describe(ConversationReference.Reopen);
        routes.MapGet("/1.1/feedback/conversations/show/{id}.json", Show).WithMetadata(reads with { Limit = LimitedEndpoint.ConversationsShow }).Describe(ConversationReference.Show);
        routes.MapGet("/1.1/feedback/conversations/list.json", List).WithMetadata(reads with { Limit = LimitedEndpoint.ConversationsList }).Describe(ConversationReference.List);
        routes.MapGet("/1.1/feedback/can_prompt.json", CanAsk).WithMetadata(reads with { Limit = LimitedEndpoint.CanPrompt }).Describe(ConversationReference.CanPrompt);
    }

    private static async Task Close(HttpContext http, SignedCall call, CloseConversation close, Settings settings, TimeProvider clock)
    {
        var draft = CloseDraft.Parse(call.Parameters, clock.GetUtcNow(), out var errors);
        if (await RefusedAsync(http, errors, call, clock)) return;

        var closed = await close.RunAsync(new(call.Caller.UserId, call.Caller.Sender, draft!, http.PublicBase(settings)));
        await http.AnswerAsync(200, ConversationJson.Of(closed), ConversationsJson.Default.ConversationJson);
    }

    private static async Task Reopen(HttpContext http, SignedCall call, ReopenConversation reopen, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var externalId = PromptDraft.ReadShort(read, "external_id", PromptDraft.ExternalIdLength, required: true);
        if (await http.RefusedAsync(read, call, clock)) return;

        await AnswerAsync(http, await reopen.RunAsync(call.Caller.UserId, externalId!));
    }

    private static async Task Show(HttpContext http, string id, SignedCall call, ListConversations conversations, TimeProvider clock)
    {
        if (!WholeNumber.TryRead(id, out var number)) await http.RefuseAsync(ApiError.NotFound);
        else if (!await http.RefusedByLimitAsync(call, clock)) await AnswerAsync(http, await conversations.FindAsync(call.Caller.UserId, number, http.RequestAborted));
    }

    private static async Task List(HttpContext http, SignedCall call, ListConversations conversations, Store store, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var count = read.Whole("count", 1, ListConversations.MostPerPage, ListConversations.MostPerPage);
        var filter = ConversationsFilter.Parse(read);
        var range = ConversationsRange.Parse(read, call.Caller.UserId, clock.GetUtcNow(), store.Secrets.Cursors);
        read.RefuseUnknown();
        if (await http.RefusedAsync(read, call, clock)) return;

        var (page, more) = await conversations.RunAsync(range!.Value, filter, count, http.RequestAborted);
        await http.AnswerAsync(
            200, new([.. page.Select(one => ConversationJson.Of(one))], more is null ? "" : range.Value.CursorAfter(more, store.Secrets.Cursors)), ConversationsJson.Default.ConversationPageJson);
    }

    private static async Task CanAsk(HttpContext http, SignedCall call, CanPrompt can, TimeProvider clock)
    {
        var draft = Conversations.CanPrompt.Parse(call.Parameters, clock.GetUtcNow(), out var asksRules, out var errors);
        if (await RefusedAsync(http, errors, call, clock)) return;

        await http.AnswerAsync(200, await can.RunAsync(call.Caller, draft!, asksRules, http.RequestAborted), ConversationsJson.Default.CanPromptJson);
    }

    private static async Task<bool> RefusedAsync(HttpContext http, ApiErrors errors, SignedCall call, TimeProvider clock)
    {
        if (!errors.Any) return await http.RefusedByLimitAsync(call, clock);

        await http.RefuseAsync(errors);
        return true;
    }

    private static Task AnswerAsync(HttpContext http, Conversation? found) =>
        found is null ? http.RefuseAsync(ApiError.NotFound) : http.AnswerAsync(200, ConversationJson.Of(found), ConversationsJson.Default.ConversationJson);
}
