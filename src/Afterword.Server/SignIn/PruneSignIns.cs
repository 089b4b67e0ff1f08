using System.Diagnostics.CodeAnalysis;

namespace Afterword.Server.SignIn;

/// <summary>Takes away all that a user signs in by, and where they are signed in.</summary>
internal static class PruneSignIns
{
    /// <summary>One statement after the other, for the account that <c>user</c> names.</summary>
    [StringSyntax("sql")]
    public static readonly string[] OfUser =
    [
        "delete from visit where user_id = @user",
        "delete from access_token where user_id = @user",
        "delete from user_recovery_code where user_id = @user",
        "delete from user_factor where user_id = @user",
        "delete from known_browser where kind = 1 and owner_id = @user",
        "delete from reset_link where kind = 1 and owner_id = @user",
    ];
}
