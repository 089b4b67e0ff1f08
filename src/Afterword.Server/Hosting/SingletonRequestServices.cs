namespace Afterword.Server.Hosting;

internal static class SingletonRequestServices
{
    /// <summary>Gives handlers the server's own services. All of them live as long as the server, so no request needs a scope, which would be made and ended for each.</summary>
    public static void UseOneProvider(this WebApplication app) => app.Use((http, next) =>
    {
        http.RequestServices = app.Services;
        return next(http);
    });
}
