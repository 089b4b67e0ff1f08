using System.Diagnostics;
using Afterword.Client.Wire;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;
using Afterword.Server.Reference;
using Afterword.Server.Storage;

namespace Afterword.Server.Prompts;

/// <summary>A sender asks, and looks at what became of it.</summary>
internal static class PromptEndpoints
{
    public static void AddPrompts(this IServiceCollection services)
    {
        services.AddSingleton<Questions>();
        services.AddSingleton<PromptWindow>();
        services.AddSingleton<CreatePrompt>();
        services.AddSingleton<OptOut>();
    }

    public static void MapPrompts(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/1.1/feedback/create.json", Create)
            .WithMetadata(new SignatureRequirement(Permission.DirectMessages, AppAllowed: true, SenderAllowed: true, CountsPrompts: true)).Describe(PromptReference.Create);
        routes.MapGet("/1.1/feedback/show/{id}.json", Show)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Show)).Describe(PromptReference.Show);
    }

    private static async Task Create(
        HttpContext http, SignedCall call, CreatePrompt create, Questions questions, PromptWindow window, Settings settings, TimeProvider clock)
    {
        var draft = PromptDraft.Parse(call.Parameters, questions, out var errors);
        var key = http.Request.Headers["Idempotency-Key"];
        if (key.Count > 0 && (key.Count > 1 || !Idempotency.IsKey(key.ToString()))) errors.Add(ApiError.Invalid("Idempotency-Key", "1 to 255 visible ASCII characters"));
        if (errors.Any)
        {
            http.ShowLimit(await window.ReadAsync(call.Caller, http.RequestAborted));
            await http.RefuseAsync(errors);
            return;
        }

        var answer = await create.RunAsync(new(call.Caller, draft!, key.Count == 0 ? null : key.ToString(), http.PublicBase(settings)));
        http.ShowLimit(answer.Window);
        await TellAsync(http, answer, clock);
    }

    private static Task TellAsync(HttpContext http, CreateAnswer answer, TimeProvider clock)
    {
        switch (answer.Outcome)
        {
            case CreateOutcome.Created(var feedback, var replayed):
                if (replayed) http.Response.Headers["Idempotent-Replayed"] = "true";
                return http.AnswerAsync(200, feedback, WireJson.Default.FeedbackJson);
            case CreateOutcome.KeyReused:
                return http.RefuseAsync(ApiError.KeyReused);
            case CreateOutcome.RecipientUnknown:
                return http.RefuseAsync(ApiError.RecipientUnknown);
            case CreateOutcome.RecipientSuspended:
                return http.RefuseAsync(ApiError.RecipientSuspended);
            case CreateOutcome.CannotMessage:
                return http.RefuseAsync(ApiError.CannotMessage);
            case CreateOutcome.RecipientCapReached(var until):
                // The limit that was reached is told, not the sender's: clients that wait for the reset wait for the right one.
                http.ShowLimit(new LimitState(1, 1, until));
                http.ShowRetryAfter(until, clock.GetUtcNow());
                return http.RefuseAsync(ApiError.LimitReached);
            case CreateOutcome.SenderCapReached:
                http.ShowRetryAfter(answer.Window.ResetsAt, clock.GetUtcNow());
                return http.RefuseAsync(ApiError.LimitReached);
            default:
                throw new UnreachableException(answer.Outcome.ToString());
        }
    }

    private static async Task Show(HttpContext http, string id, SignedCall call, Store store, AuditCounter tally, TimeProvider clock)
    {
        if (!WholeNumber.TryRead(id, out var prompt))
        {
            await http.RefuseAsync(ApiError.NotFound);
            return;
        }

        if (await http.RefusedByLimitAsync(call, clock)) return;

        tally.Read(CountedAction.Show, call.Caller);
        var sender = call.Caller.UserId;
        var feedback = Buffers.Rent();
        await store.Main.ReadAsync(
            session => session.Sql($"select {Prompt.Columns} from prompt p where p.sender_id = @sender and p.id = @id")
                .Bind("sender", sender).Bind("id", prompt).FirstAsync(
                    row =>
                    {
                        FeedbackLine.Write(feedback, row);
                        return true;
                    },
                    http.RequestAborted),
            http.RequestAborted);
        await (feedback.WrittenCount == 0 ? http.RefuseAsync(ApiError.NotFound) : http.AnswerJsonAsync(feedback.WrittenSpan));
        Buffers.Return(feedback);
    }
}
