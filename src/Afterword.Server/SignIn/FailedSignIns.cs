using Afterword.Server.Console.Audit;

namespace Afterword.Server.SignIn;

/// <summary>Tells the audit log of passwords and codes of users that were not taken, at the sign-in and wherever they are asked for again.</summary>
internal static class FailedSignIns
{
    extension(HttpContext http)
    {
        /// <summary>Counts the outcome, unless it is a welcome. A guess that was not looked at counts for its network alone.</summary>
        public void CountSignIn(string screenName, SignInOutcome outcome)
        {
            if (outcome is SignInOutcome.Welcome) return;

            var counter = http.RequestServices.GetRequiredService<AuditCounter>();
            counter.Failed(CountedAction.SignIn, outcome is SignInOutcome.TooMany ? null : screenName, http.Connection.RemoteIpAddress);
        }
    }
}
