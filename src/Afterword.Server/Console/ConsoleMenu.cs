using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;

namespace Afterword.Server.Console;

/// <summary>What the navigation shows: the pages that are mapped and that the role may open, as their own entries say.</summary>
internal sealed class ConsoleMenu(EndpointDataSource endpoints)
{
    private const string SenderPages = "/console/@{handle}/";
    private const string AdminPages = "/console/admin/";

    // Their order is that of the menu. The first that a person may open is where they arrive.
    private static readonly (string Page, string Name)[] s_sender =
    [
        ("overview", "Overview"), ("answers", "Answers"), ("follow-up", "Follow-up"), ("automation", "Automation"), ("rules", "Rules"), ("fairness", "Fairness"), ("alerts", "Alerts"), ("export", "Export"),
        ("asked", "Asked"), ("channels", "Channels"), ("apps", "Apps"), ("connectors", "Connectors"), ("webhooks", "Webhooks"), ("people", "People"), ("retention", "Retention"), ("privacy", "Privacy"), ("audit", "Audit"),
    ];

    private static readonly (string Page, string Name)[] s_admin =
    [
        ("health", "Health"), ("backups", "Backups"), ("senders", "Senders"), ("users", "Users"), ("apps", "Apps"), ("webhooks", "Webhooks"), ("email", "Email"), ("keys", "Operator keys"), ("people", "People"),
        ("retention", "Retention"), ("privacy", "Privacy"), ("audit", "Audit"),
    ];

    private readonly Lazy<Dictionary<string, AccessRule>> _accessRules = new(() => endpoints.Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<ConsoleRoute>() is not null && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains(HttpMethods.Get))
        .Where(endpoint => endpoint.Metadata.GetMetadata<AccessRule>() is not null)
        .ToDictionary(endpoint => endpoint.RoutePattern.RawText!, endpoint => endpoint.Metadata.GetMetadata<AccessRule>()!));

    /// <param name="member">Who looks.</param>
    /// <param name="membership">Where; null for pages that belong to no sender.</param>
    public IReadOnlyList<MenuItem> For(Member member, Membership? membership)
    {
        // On pages that belong to no place, the places themselves.
        if (membership is null) return [.. member.Workspaces.Select(workspace => new MenuItem("place", workspace.Title, workspace.Address))];

        var (prefix, pages) = membership.SenderId == Workspace.Installation ? (AdminPages, s_admin) : (SenderPages, s_sender);
        return [.. pages.Where(one => _accessRules.Value.TryGetValue(prefix + one.Page, out var accessRule) && accessRule.Roles.Contains(membership.Role))
            .Select(one => new MenuItem(one.Page, one.Name, membership.AddressOf(one.Page)))];
    }

    /// <summary>Where a person arrives at a place; null when there is nothing for the role.</summary>
    public string? FirstOf(Member member, Workspace workspace) => For(member, new(member, workspace)) is [var first, ..] ? first.Address : null;
}
