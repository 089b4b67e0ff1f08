using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Console.Pages;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;

namespace Afterword.Server.Console;

/// <summary>Metadata of everything below <c>/console</c>. Such routes are pages for people: they stand in docs/console.md and not in the API's reference.</summary>
internal sealed class ConsoleRoute;

internal static class ConsoleRoutes
{
    public static void AddConsole(this IServiceCollection services)
    {
        services.AddSingleton<ConsoleSessions>();
        services.AddSingleton<Memberships>();
        services.AddSingleton<Invitations>();
        services.AddSingleton<InvitationEmail>();
        services.AddSingleton<CheckMemberPassword>();
        services.AddSingleton<MemberPasswords>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<Passkeys>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditCounter>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditCounter>());
        services.AddSingleton<ConsoleMenu>();
        services.AddSingleton<OneTimeNotices>();
    }

    /// <summary>The group of the console's routes. Each says who may come in: <see cref="AccessRules"/>.</summary>
    public static RouteGroupBuilder MapConsole(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/console");
        group.WithMetadata(new ConsoleRoute(), new HtmlPage());
        return group;
    }

    extension(HttpContext http)
    {
        /// <summary>Shows a page of the console. Its component has a <c>Frame</c>, which it hands to <see cref="ConsolePage"/>.</summary>
        /// <param name="membership">Who looks, and where.</param>
        /// <param name="status">The status of the answer.</param>
        /// <param name="parameters">The component's other parameters by name.</param>
        public Task ShowConsoleAsync<TPage>(Membership membership, int status, Dictionary<string, object?> parameters)
            where TPage : Microsoft.AspNetCore.Components.IComponent => http.ShowConsoleAsync<TPage>(membership.Member, membership, status, parameters);

        /// <summary>The same for a page that belongs to no sender.</summary>
        public async Task ShowConsoleAsync<TPage>(Member member, Membership? membership, int status, Dictionary<string, object?> parameters)
            where TPage : Microsoft.AspNetCore.Components.IComponent
        {
            var (services, settings) = (http.RequestServices, http.RequestServices.GetRequiredService<Settings>());
            var hold = typeof(TPage).IsDefined(typeof(OutboundPageAttribute), inherit: false) ? await OutboundPause.FindAsync(services.GetRequiredService<Store>().Main, http.RequestAborted) : null;
            parameters["Frame"] = new ConsoleFrame(
                member, membership, services.GetRequiredService<ConsoleMenu>().For(member, membership), services.GetRequiredService<SignedForms>().TokenFor(http),
                ConsoleTimes.For(member, settings), settings.TimeZone, services.GetRequiredService<TimeProvider>().GetUtcNow(), hold?.Reason);
            await http.ShowPageAsync<TPage>(status, parameters);
        }
    }
}
