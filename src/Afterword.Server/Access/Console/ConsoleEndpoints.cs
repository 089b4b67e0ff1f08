using Afterword.Server.Access.Console.Pages;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Access.Console;

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
        console.MapGet("/{**path}", ConsoleDoor.ShowUnknownAsync).ForPeople().WithOrder(int.MaxValue);
    }

    // Where there is only one place to go, nobody is asked.
    private static Task Arrive(HttpContext http, Person person, ConsoleMenu menu)
    {
        if (person.Places is [var only] && menu.FirstOf(person, only) is { } address)
        {
            http.SeeOther(address);
            return Task.CompletedTask;
        }

        return http.ShowConsoleAsync<PlacesPage>(person, seat: null, 200, []);
    }

    private static Task ArriveAt(HttpContext http, Seat seat, ConsoleMenu menu)
    {
        http.SeeOther(menu.FirstOf(seat.Person, seat.Place) ?? ConsoleAddress.Root);
        return Task.CompletedTask;
    }

    private static async Task SignOut(HttpContext http, Person person, ConsoleSessions sessions)
    {
        await sessions.EndAsync(http, person);
        http.SeeOther(ConsoleAddress.SignIn);
    }
}
