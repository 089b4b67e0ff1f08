namespace Afterword.Server.Access.Console;

/// <summary>Metadata of a route of the console: who may come in. A route without it lets nobody in.</summary>
/// <param name="Roles">Those who may, in the place that the address names.</param>
/// <param name="Stage">How far somebody without such a role must be signed in.</param>
internal sealed record Entry(IReadOnlyList<Role> Roles, EntryStage Stage)
{
    /// <summary>Who comes in, as docs/console.md tells it.</summary>
    public string Who => Stage switch
    {
        EntryStage.Guest => "anyone",
        EntryStage.Arriving => "whoever gave the right password",
        EntryStage.Person => "everybody signed in",
        _ => string.Join(", ", Roles.Select(role => role.Word)),
    };

    /// <summary>The most bytes of a form that the route takes.</summary>
    public int MaxForm { get; init; } = 16 * 1024;

    /// <summary>The most fields of a form that the route takes.</summary>
    public int MaxFields { get; init; } = SignIn.Forms.MaxValues;
}

/// <summary>How far somebody is signed in. The numbers are stored.</summary>
internal enum EntryStage
{
    /// <summary>Not at all: the sign-in page itself.</summary>
    Guest = 0,

    /// <summary>The password was right; the second factor is owed.</summary>
    Arriving = 1,

    /// <summary>Signed in, whatever the role.</summary>
    Person = 2,

    /// <summary>Signed in, with one of the roles at the place.</summary>
    Seat = 3,
}

internal static class Entries
{
    extension<TBuilder>(TBuilder route)
        where TBuilder : IEndpointConventionBuilder
    {
        /// <summary>Lets those with one of the roles in: at the sender whose <c>{handle}</c> is in the address, or else at the installation.</summary>
        public TBuilder For(params Role[] roles) => route.WithMetadata(new Entry(roles, EntryStage.Seat));

        /// <summary>Lets everybody in who is signed in, for pages about themselves.</summary>
        public TBuilder ForPeople() => route.WithMetadata(new Entry([], EntryStage.Person));

        /// <summary>Lets those in who still owe the second factor.</summary>
        public TBuilder ForArriving() => route.WithMetadata(new Entry([], EntryStage.Arriving));

        /// <summary>Lets everybody in, for signing in.</summary>
        public TBuilder ForGuests() => route.WithMetadata(new Entry([], EntryStage.Guest));
    }
}
