using Afterword.Client.Wire;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Answers;

/// <summary>The recipient's side of the API: first-party clients answer with the recipient's own token.</summary>
internal static class AnswerEndpoints
{
    public static void AddAnswers(this IServiceCollection services)
    {
        services.AddSingleton<AnswerPrompt>();
        services.AddSingleton<AnswerCard>();
        services.AddSingleton<CardGate>();
        services.AddSingleton<CardPages>();
    }

    public static void MapAnswers(this IEndpointRouteBuilder routes)
    {
        var recipient = new SignatureRequirement(Permission.DirectMessages, AppAllowed: true);
        routes.MapPost("/1.1/feedback/submit/{id}.json", Submit).WithMetadata(recipient with { Limit = LimitedEndpoint.Submit }).Describe(AnswerReference.Submit);
        routes.MapPost("/1.1/feedback/dismiss/{id}.json", Dismiss).WithMetadata(recipient with { Limit = LimitedEndpoint.Dismiss }).Describe(AnswerReference.Dismiss);
        routes.MapCards();
    }

    private static async Task Submit(HttpContext http, string id, SignedCall call, Store store, AnswerPrompt answers, TimeProvider clock)
    {
        var read = new ParameterReader(call.Parameters);
        var draft = AnswerDraft.Parse(read);
        if (await http.RefusedAsync(read, call, clock)) return;

        if (await FindAsync(store, call.Caller.UserId, id, http.RequestAborted) is not { } key) await http.RefuseAsync(ApiError.NotFound);
        else await TellAsync(http, await answers.RunAsync(new(key, draft!.Score, draft.Text)));
    }

    private static async Task Dismiss(HttpContext http, string id, SignedCall call, Store store, AnswerPrompt answers, TimeProvider clock)
    {
        if (await http.RefusedByLimitAsync(call, clock)) return;

        if (await FindAsync(store, call.Caller.UserId, id, http.RequestAborted) is not { } key) await http.RefuseAsync(ApiError.NotFound);
        else await TellAsync(http, await answers.RunAsync(new(key, null, null, Dismiss: true)));
    }

    private static Task TellAsync(HttpContext http, AnswerOutcome outcome)
    {
        switch (outcome)
        {
            case AnswerOutcome.Recorded(var card, false, false):
                return http.AnswerAsync(200, card.Prompt.ToWire(), WireJson.Default.FeedbackJson);
            case AnswerOutcome.Recorded(_, var scoreRefused, var textRefused):
                var errors = new ApiErrors();
                if (scoreRefused) errors.Add(ApiError.AlreadySubmitted("score"));
                if (textRefused) errors.Add(ApiError.AlreadySubmitted("text"));
                return http.RefuseAsync(errors);
            case AnswerOutcome.OutOfRange(var type):
                return http.RefuseAsync(AnswerDraft.OutOfRange(type));
            case AnswerOutcome.Closed:
                return http.RefuseAsync(ApiError.Closed);
            case AnswerOutcome.NotFound:
                return http.RefuseAsync(ApiError.NotFound);
            default:
                throw new System.Diagnostics.UnreachableException(outcome.ToString());
        }
    }

    /// <summary>Finds a prompt by its recipient. The message has the id that follows the prompt's, and an index by recipient.</summary>
    private static async Task<CardKey?> FindAsync(Store store, long recipient, string id, CancellationToken stop)
    {
        if (!WholeNumber.TryRead(id, out var prompt) || prompt == long.MaxValue) return null;

        return await store.Main.ReadAsync(
            session => session.Sql(
                "select sender_id from message where recipient_id = @recipient and id = @message and prompt_id = @prompt")
                .Bind("recipient", recipient).Bind("message", prompt + 1).Bind("prompt", prompt)
                .FirstAsync(row => (CardKey?)new CardKey(row.GetInt64(0), prompt, null), stop),
            stop);
    }
}
