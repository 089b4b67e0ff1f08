using Afterword.Client.Wire;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Configuration;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;

namespace Afterword.Server.Automation.Simulation;

/// <summary>A sender tries rules out on what was closed.</summary>
internal static class SimulationEndpoints
{
    public static void MapSimulation(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/1.1/feedback/rules/simulate.json", Simulate)
            .WithMetadata(new SignatureRequirement(AppAllowed: true, SenderAllowed: true, Limit: LimitedEndpoint.Simulate, NestedJson: true)).Describe(SimulationReference.Simulate);

    private static async Task Simulate(HttpContext http, SignedCall call, SimulateRules simulate, Questions questions, Settings settings, TimeProvider clock)
    {
        var days = SimulateRules.UsualDays;
        var draft = RulesDocument.Parse(call.Body.WrittenMemory, questions, out var errors, body => days = (int)(body.Whole("days", 1, SimulateRules.MostDays) ?? SimulateRules.UsualDays));
        if (errors.Any)
        {
            await http.RefuseAsync(errors);
            return;
        }

        if (await http.RefusedByLimitAsync(call, clock)) return;

        if (await simulate.RunAsync(call.Caller.UserId, draft!.Rules, days, settings.Limits.IntervalFor(call.Caller.Sender), http.RequestAborted) is not { } simulated)
        {
            await http.RefuseAsync(ApiError.Overloaded);
            return;
        }

        await http.AnswerAsync(200, SimulationJson.Of(simulated, days), SimulationsJson.Default.SimulationJson);
    }
}

/// <summary>What the reference says of the route of <see cref="SimulationEndpoints"/>.</summary>
internal static class SimulationReference
{
    public static Operation Simulate() => new(Topic.Feedback, "Try rules out")
    {
        Does =
            """
            Runs a draft over the closes of the last days and tells what would have happened, beside what did. Nothing is written. What only shows later is taken as it was: who could not be reached, or wrote again, is so in the simulation too.
            """,
        Parameters =
        [
            new("days", "The closes of so many days.", ValueFormat.Whole(1, SimulateRules.MostDays)) { Default = "30" },
            new("rules", "The draft, with all that [rules](/api#put-feedback-rules) may have.", ValueFormat.Said("a list of objects")) { Required = true },
        ],
        Body = RuleReference.Draft,
        Replies =
        [
            Reply.Of(
                "What would have happened.", SimulationsJson.Default.SimulationJson,
                new(
                    30, 1200, [new("everybody else", "asked", null, 590), new("everybody else", "skipped", "sampled_out", 610)], [new("everybody else", "asked", null, 301), new("everybody else", "skipped", "sampled_out", 899)],
                    Different: 289, [])),
        ],
    };
}
