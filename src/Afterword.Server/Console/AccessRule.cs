using Afterword.Server.Console.Members;

namespace Afterword.Server.Console;

/// <summary>Metadata of a route of the console: who may come in. A route without it lets nobody in.</summary>
/// <param name="Roles">Those who may, in the place that the address names.</param>
/// <param name="Stage">How far someone without such a role must be signed in.</param>
internal sealed record AccessRule(IReadOnlyList<Role> Roles, SignInState Stage)
{
    /// <summary>Who comes in, as docs/console.md tells it.</summary>
    public string Who => Stage switch
    {
        SignInState.Anonymous => "anyone",
        SignInState.PasswordChecked => "anyone who gave the right password",
        SignInState.SignedIn => "everybody signed in",
        _ => string.Join(", ", Roles.Select(role => role.Word)),
    };

    /// <summary>The most bytes of a form that the route takes.</summary>
    public int MaxForm { get; init; } = 16 * 1024;

    /// <summary>The most fields of a form that the route takes.</summary>
    public int MaxFields { get; init; } = Afterword.Server.SignIn.SignedForms.MaxValues;
}

/// <summary>How far someone is signed in. The numbers are stored.</summary>
internal enum SignInState
{
    /// <summary>Not at all: the sign-in page itself.</summary>
    Anonymous = 0,

    /// <summary>The password was right; the second factor is owed.</summary>
    PasswordChecked = 1,

    /// <summary>Signed in, whatever the role.</summary>
    SignedIn = 2,

    /// <summary>Signed in, with one of the roles at the place.</summary>
    Member = 3,
}

internal static class AccessRules
{
    extension<TBuilder>(TBuilder route)
        where TBuilder : IEndpointConventionBuilder
    {
        /// <summary>Lets those with one of the roles in: at the sender whose <c>{handle}</c> is in the address, or else at the installation.</summary>
        public TBuilder For(params Role[] roles) => route.WithMetadata(new AccessRule(roles, SignInState.Member));

        /// <summary>Lets everybody in who is signed in, for pages about themselves.</summary>
        public TBuilder ForPeople() => route.WithMetadata(new AccessRule([], SignInState.SignedIn));

        /// <summary>Lets those in who still owe the second factor.</summary>
        public TBuilder ForArriving() => route.WithMetadata(new AccessRule([], SignInState.PasswordChecked));

        /// <summary>Lets everybody in, for signing in.</summary>
        public TBuilder ForGuests() => route.WithMetadata(new AccessRule([], SignInState.Anonymous));
    }
}
