using Afterword.Server.Reference;

namespace Afterword.Server.Limits;

/// <summary>What the reference says of the route of <see cref="StatusEndpoints"/>.</summary>
internal static class StatusReference
{
    public static Operation Status() => new(Topic.Access, "How far limits are used up")
    {
        Does =
            """
            Tells it of every limit of the caller, and uses none but its own. A limit that is not used yet has its full `remaining`. That of `feedback/create` is told by its own answers.
            """,
        Parameters =
        [
            new("resources", "Which families are told; unknown ones are passed over.", ValueFormat.Said("`account`, `application`, `blocks`, `direct_messages`, `feedback`, `followers`, `friends`, `friendships`, `users`, separated by commas"))
            {
                Default = "all", Example = "users",
            },
        ],
        Replies =
        [
            Reply.Of(
                "The limits, by family and route.", StatusJson.Default.RateLimitStatusJson,
                new(new("2123906916080947200-EXAMPLEEXAMPLEEXAMPLE"), new Dictionary<string, IReadOnlyDictionary<string, RateLimitJson>>
                {
                    ["users"] = new Dictionary<string, RateLimitJson> { ["/users/show/:id"] = new(900, 899, 1795214846), ["/users/lookup"] = new(900, 900, 1795215746) },
                })),
        ],
    };
}
