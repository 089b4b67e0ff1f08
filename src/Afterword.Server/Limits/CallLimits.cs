using Afterword.Server.Access;
using Afterword.Server.Hosting;

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
            LimitedEndpoint.Submit or LimitedEndpoint.Dismiss => limits.AnswersPer15Minutes,
            LimitedEndpoint.MessagesList or LimitedEndpoint.MessagesShow => limits.MessagesPer15Minutes,
            LimitedEndpoint.RateLimitStatus => limits.StatusPer15Minutes,
            _ => limits.UsersPer15Minutes,
        };
    }
}
