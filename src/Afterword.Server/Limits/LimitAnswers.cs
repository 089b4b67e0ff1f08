using Afterword.Server.Access;
using Afterword.Server.Errors;

namespace Afterword.Server.Limits;

internal static class LimitAnswers
{
    extension(HttpContext http)
    {
        /// <summary>Answers 429 when the call's limit is used up. The three headers are set already.</summary>
        public async Task<bool> RefusedByLimitAsync(SignedCall call, TimeProvider clock)
        {
            if (call.Limit is not { IsExceeded: true } limit) return false;

            http.ShowRetryAfter(limit.ResetsAt, clock.GetUtcNow());
            await http.RefuseAsync(ApiError.LimitReached);
            return true;
        }
    }
}
