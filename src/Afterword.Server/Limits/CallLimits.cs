using Afterword.Server.Configuration;
using Afterword.Server.OAuth;

namespace Afterword.Server.Limits;

internal static class CallLimits
{
    extension(LimitSettings limits)
    {
        /// <summary>The calls of an endpoint that a user may make through an app in 15 minutes.</summary>
        /// <param name="endpoint">A limited one.</param>
        /// <param name="grant">What an operator granted the user as a sender.</param>
        public long MostFor(LimitedEndpoint endpoint, SenderGrant? grant) => endpoint switch
        {
            LimitedEndpoint.Show => grant?.Shows ?? limits.ShowPer15Minutes,
            LimitedEndpoint.Events => grant?.Events ?? limits.EventsPer15Minutes,
            LimitedEndpoint.Export => limits.ExportsPer15Minutes,
            LimitedEndpoint.Metrics => limits.MetricsPer15Minutes,
            LimitedEndpoint.Submit or LimitedEndpoint.Dismiss => limits.AnswersPer15Minutes,
            LimitedEndpoint.MessagesList or LimitedEndpoint.MessagesShow => limits.MessagesPer15Minutes,
            LimitedEndpoint.RateLimitStatus => limits.StatusPer15Minutes,
            LimitedEndpoint.Close or LimitedEndpoint.Reopen or LimitedEndpoint.CanPrompt => limits.ClosesPer15Minutes,
            LimitedEndpoint.ConversationsShow or LimitedEndpoint.ConversationsList => limits.ConversationsPer15Minutes,
            LimitedEndpoint.RulesRead or LimitedEndpoint.RulesWrite => limits.RulesPer15Minutes,
            LimitedEndpoint.Simulate => limits.SimulationsPer15Minutes,
            _ => limits.UsersPer15Minutes,
        };

        /// <summary>How long a sender waits between two requests to one recipient, in milliseconds.</summary>
        /// <param name="grant">What an operator granted the sender.</param>
        public long IntervalFor(SenderGrant? grant) => grant?.RecipientIntervalMillis ?? (long)limits.RecipientInterval.TotalMilliseconds;

        /// <summary>How many requests a sender may make in 24 hours.</summary>
        /// <param name="grant">What an operator granted the sender.</param>
        public long CreatesFor(SenderGrant? grant) => grant?.CreatesPerDay ?? limits.CreatesPerDay;
    }
}
