using Afterword.Server.Access.Console;
using Afterword.Server.Admin.Pages;
using Afterword.Server.Errors;
using Afterword.Server.Hosting.Pages;

namespace Afterword.Server.Admin;

/// <summary>Who may do what in a sender's console; its owners decide.</summary>
internal static class PeopleEndpoints
{
    public static void MapConsolePeople(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/people", Show).For(Role.Owner);
        console.MapPost("/@{handle}/people/role", ChangeRole).For(Role.Owner);
    }

    private static async Task Show(HttpContext http, Seat seat, Persons persons) => await http.ShowConsoleAsync<PeoplePage>(seat, 200, new()
    {
        [nameof(PeoplePage.People)] = await persons.ListAsync(seat.SenderId, http.RequestAborted),
    });

    private static async Task ChangeRole(HttpContext http, Seat seat, Persons persons)
    {
        var form = http.Request.Form;
        if (WholeNumber.TryRead(form["person"].ToString(), out var person) && Roles.Read(form["role"]) is { } role && Roles.OfSenders.Contains(role))
        {
            await persons.ChangeRoleAsync(seat, person, role, http.RequestAborted);
        }

        http.SeeOther(seat.AddressOf("people"));
    }
}
