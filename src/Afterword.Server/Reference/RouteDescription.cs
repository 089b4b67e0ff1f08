namespace Afterword.Server.Reference;

/// <summary>Metadata of a route: where its description is. It is written down when someone asks for it, not at every start.</summary>
/// <param name="Operation">Gives the description.</param>
/// <param name="StandsFor">The path under which many like routes are told as one, or null.</param>
internal sealed record RouteDescription(Func<Operation> Operation, string? StandsFor);

internal static class RouteDescriptions
{
    /// <summary>Describes a route for the OpenAPI document and the reference page. A test fails for every route without.</summary>
    /// <param name="route">The route that was just mapped.</param>
    /// <param name="operation">A method, so that nothing of it is made at the start.</param>
    /// <param name="standsFor">The path under which many like routes are told as one.</param>
    public static TBuilder Describe<TBuilder>(this TBuilder route, Func<Operation> operation, string? standsFor = null)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteDescription(operation, standsFor));
}
