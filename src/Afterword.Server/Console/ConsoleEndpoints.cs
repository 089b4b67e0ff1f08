using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Console;

/// <summary>The ways into the console, and out of it.</summary>
internal static class ConsoleEndpoints
{
    public static void MapConsoleEntrances(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("", Arrive).ForPeople();
        console.MapGet("/@{handle}", ArriveAt).For([.. Roles.OfSenders]);
        console.MapGet("/admin", ArriveAt).For(Role.Operator);
        console.MapPost("/sign-out", SignOut).ForArriving();

        // The last resort within the console: nothing here is told apart from what belongs to others.
        console.MapGet("/{**path}", ConsoleAuthorization.ShowUnknownAsync).ForPeople().WithOrder(int.MaxValue);
    }

    // Where there is only one place to go, nobody is asked.
    private static Task Arrive(HttpContext http, Member person, ConsoleMenu menu)
    {
        if (person.Workspaces is [var only] && menu.FirstOf(person, only) is { } address)
        {
            http.SeeOther(address);
            return Task.CompletedTask;
        }

        return http.ShowConsoleAsync<WorkspacesPage>(person, membership: null, 200, []);
    }

    private static Task ArriveAt(HttpContext http, Membership membership, ConsoleMenu menu)
    {
        http.SeeOther(menu.FirstOf(membership.Member, membership.Workspace) ?? ConsoleAddress.Root);
        return Task.CompletedTask;
    }

    private static async Task SignOut(HttpContext http, Member person, ConsoleSessions sessions)
    {
        await sessions.EndAsync(http, person);
        http.SeeOther(ConsoleAddress.SignIn);
    }
}
