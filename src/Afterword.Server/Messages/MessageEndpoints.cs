using System.Diagnostics;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.Messages.Inbox;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Messages;

/// <summary>Users write to each other.</summary>
internal static class MessageEndpoints
{
    public const int MostPerPage = 50;

    private const int UsualPage = 20;

    public static void AddMessages(this IServiceCollection services)
    {
        services.AddSingleton<MessageWindow>();
        services.AddSingleton<SendMessage>();
        services.AddSingleton<Mailbox>();
        services.AddSingleton<HideMessage>();
        services.AddInbox();
    }

    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/1.1/direct_messages/events/new.json", New)
            .WithMetadata(new SignatureRequirement(Permission.DirectMessages, CountsMessages: true, NestedJson: true)).Describe(MessageReference.New);
        routes.MapGet("/1.1/direct_messages/events/list.json", List)
            .WithMetadata(new SignatureRequirement(Permission.DirectMessages, Limit: LimitedEndpoint.MessagesList)).Describe(MessageReference.List);
        routes.MapGet("/1.1/direct_messages/events/show.json", Show)
            .WithMetadata(new SignatureRequirement(Permission.DirectMessages, Limit: LimitedEndpoint.MessagesShow)).Describe(MessageReference.Show);
        routes.MapDelete("/1.1/direct_messages/events/destroy.json", Destroy).WithMetadata(new SignatureRequirement(Permission.DirectMessages)).Describe(MessageReference.Destroy);
        routes.MapInbox();
    }

    private static async Task New(HttpContext http, SignedCall call, SendMessage send, MessageWindow window, TimeProvider clock)
    {
        if (MessageDraft.Parse(call.Body.WrittenMemory, out var errors) is not { } draft)
        {
            http.ShowLimit(await window.ReadAsync(call.Caller, http.RequestAborted));
            await http.RefuseAsync(errors);
            return;
        }

        var answer = await send.RunAsync(new(call.Caller.UserId, call.Caller.App.Id, draft));
        http.ShowLimit(answer.Window);
        await TellAsync(http, answer.Outcome, clock);
    }

    private static Task TellAsync(HttpContext http, SendOutcome outcome, TimeProvider clock)
    {
        switch (outcome)
        {
            case SendOutcome.Sent(var message):
                return http.AnswerAsync(200, new MessageAnswerJson(message.ToWire()), MessagesJson.Default.MessageAnswerJson);
            case SendOutcome.RecipientUnknown:
                return http.RefuseAsync(ApiError.RecipientUnknown);
            case SendOutcome.RecipientSuspended:
                return http.RefuseAsync(ApiError.RecipientSuspended);
            case SendOutcome.CannotMessage:
                return http.RefuseAsync(ApiError.CannotMessage);
            case SendOutcome.LimitReached(var reached):
                // The limit that was reached is told, be it the app's: clients that wait for the reset wait for the right one.
                http.ShowLimit(reached);
                http.ShowRetryAfter(reached.ResetsAt, clock.GetUtcNow());
                return http.RefuseAsync(ApiError.LimitReached);
            default:
                throw new UnreachableException(outcome.ToString());
        }
    }

    private static async Task List(HttpContext http, SignedCall call, Mailbox mailbox, Store store, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var count = read.Whole("count", 1, MostPerPage, UsualPage);
        var before = MessageCursor.Read(read, call.Caller.UserId, store.Secrets.Cursors);
        if (await http.RefusedAsync(read, call, clock)) return;

        // One more than the page holds tells whether there is a next one.
        var messages = await mailbox.ListAsync(call.Caller.UserId, before, count + 1, http.RequestAborted);
        var page = messages.Take(count).ToArray();
        var next = messages.Count > count ? MessageCursor.After(page[^1], call.Caller.UserId, store.Secrets.Cursors) : null;
        await http.AnswerAsync(200, new MessagePageJson([.. page.Select(message => message.ToWire())], next), MessagesJson.Default.MessagePageJson);
    }

    private static async Task Show(HttpContext http, SignedCall call, Mailbox mailbox, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var id = read.RequiredId("id");
        if (await http.RefusedAsync(read, call, clock)) return;

        if (await mailbox.FindAsync(call.Caller.UserId, id!.Value, http.RequestAborted) is not { } message) await http.RefuseAsync(ApiError.NotFound);
        else await http.AnswerAsync(200, new MessageAnswerJson(message.ToWire()), MessagesJson.Default.MessageAnswerJson);
    }

    private static async Task Destroy(HttpContext http, SignedCall call, HideMessage hide)
    {
        var read = new ParameterReader(call.Parameters);
        var id = read.RequiredId("id");
        if (read.Errors.Any) await http.RefuseAsync(read.Errors);
        else if (await hide.RunAsync(call.Caller, id!.Value, http.RequestAborted)) http.Response.StatusCode = StatusCodes.Status204NoContent;
        else await http.RefuseAsync(ApiError.NotFound);
    }
}
