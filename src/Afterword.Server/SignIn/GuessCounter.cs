using Afterword.Server.Configuration;
using Afterword.Server.Storage;

namespace Afterword.Server.SignIn;

/// <summary>Counts wrong passwords and codes in the store, for all nodes and racing attempts.</summary>
internal static class GuessCounter
{
    // After a lock the count begins anew.
    private const string Failures = "case when locked_until is null then failed_sign_ins + 1 else 1 end";
    private const string CodeFailures = "case when codes_locked_until is null then failed_codes + 1 else 1 end";

    /// <summary>Counts one. The one that reaches the limit is still looked at, and locks what comes after it.</summary>
    public const string Counted =
        $"""
        failed_sign_ins = {Failures}, locked_until = case when ({Failures}) >= @most then @until end
        """;

    /// <summary>
    /// The same for a code, which only someone who knows the password may try, so it is counted apart: strangers cannot close it.
    /// Each lock lasts twice as long as the one before, up to 256 times the first (RFC 4226, section 7.3): at five guesses in each
    /// five minutes, one of a million codes would be found within months.
    /// </summary>
    public const string CountedCode =
        $"""
        failed_codes = {CodeFailures},
            code_locks = case when ({CodeFailures}) >= @most and code_locks < 8 then code_locks + 1 else code_locks end,
            codes_locked_until = case when ({CodeFailures}) >= @most then @now + (@until - @now) * (1 << code_locks) end
        """;

    public const string IsOpen = "(locked_until is null or locked_until <= @now)";

    public const string IsOpenToCodes = "(codes_locked_until is null or codes_locked_until <= @now)";

    /// <summary>What a row is set to when everything is forgiven.</summary>
    public const string Forgiven = "failed_sign_ins = 0, locked_until = null, failed_codes = 0, codes_locked_until = null, code_locks = 0";

    public static Statement BindGuess(this Statement statement, Settings settings, TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return statement.Bind("most", (long)settings.SignIn.FailuresBeforeLock)
            .Bind("until", (now + settings.SignIn.LockFor).ToUnixTimeMilliseconds()).Bind("now", now.ToUnixTimeMilliseconds());
    }
}
