using Afterword.Server.Errors;
using Afterword.Server.OAuth;
using Afterword.Server.Parsing;

namespace Afterword.Server.Limits;

internal static class LimitResponses
{
    extension(HttpContext http)
    {
        /// <summary>Answers when a parameter is wrong or the call's limit is used up: the checks before a read, in the documented order.</summary>
        public async Task<bool> RefusedAsync(ParameterReader read, SignedCall call, TimeProvider clock)
        {
            if (!read.Errors.Any) return await http.RefusedByLimitAsync(call, clock);

            await http.RefuseAsync(read.Errors);
            return true;
        }

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
