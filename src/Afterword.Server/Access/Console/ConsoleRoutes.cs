using Afterword.Server.Access.Console.Pages;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Reports;
using Afterword.Server.Storage;

namespace Afterword.Server.Access.Console;

/// <summary>Metadata of everything below <c>/console</c>. Such routes are pages for people: they stand in docs/console.md and not in the API's reference.</summary>
internal sealed class ConsoleRoute;

internal static class ConsoleRoutes
{
    public static void AddConsole(this IServiceCollection services)
    {
        services.AddSingleton<ConsoleSessions>();
        services.AddSingleton<Persons>();
        services.AddSingleton<Invitations>();
        services.AddSingleton<InvitationMail>();
        services.AddSingleton<CheckPerson>();
        services.AddSingleton<PersonPasswords>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<Passkeys>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditTally>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTally>());
        services.AddSingleton<ConsoleMenu>();
        services.AddSingleton<OneTimeNotices>();
    }

    /// <summary>The group of the console's routes. Each says who may come in: <see cref="Entries"/>.</summary>
    public static RouteGroupBuilder MapConsole(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/console");
        group.WithMetadata(new ConsoleRoute(), new HtmlPage());
        return group;
    }

    extension(HttpContext http)
    {
        /// <summary>Shows a page of the console. Its component has a <c>Frame</c>, which it hands to <see cref="ConsolePage"/>.</summary>
        /// <param name="seat">Who looks, and where.</param>
        /// <param name="status">The status of the answer.</param>
        /// <param name="parameters">The component's other parameters by name.</param>
        public Task ShowConsoleAsync<TPage>(Seat seat, int status, Dictionary<string, object?> parameters)
            where TPage : Microsoft.AspNetCore.Components.IComponent => http.ShowConsoleAsync<TPage>(seat.Person, seat, status, parameters);

        /// <summary>The same for a page that belongs to no sender.</summary>
        public async Task ShowConsoleAsync<TPage>(Person person, Seat? seat, int status, Dictionary<string, object?> parameters)
            where TPage : Microsoft.AspNetCore.Components.IComponent
        {
            var (services, settings) = (http.RequestServices, http.RequestServices.GetRequiredService<Settings>());
            var hold = typeof(TPage).IsDefined(typeof(OutboundPageAttribute), inherit: false) ? await OutboundHold.FindAsync(services.GetRequiredService<Store>().Main, http.RequestAborted) : null;
            parameters["Frame"] = new ConsoleFrame(
                person, seat, services.GetRequiredService<ConsoleMenu>().For(person, seat), services.GetRequiredService<Forms>().TokenFor(http),
                ConsoleTimes.For(person, settings), settings.TimeZone, services.GetRequiredService<TimeProvider>().GetUtcNow(), hold?.Reason);
            await http.ShowPageAsync<TPage>(status, parameters);
        }
    }
}
