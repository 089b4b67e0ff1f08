namespace Afterword.Bench.Bare;

/// <summary>What <c>dotnet new web</c> gives: the least an ASP.NET Core application can be.</summary>
internal static class EmptyApp
{
    public static Task RunAsync(string url)
    {
        var builder = WebApplication.CreateBuilder(["--urls", url]);
        var app = builder.Build();
        app.MapGet("/", () => "Hello World!");
        return app.RunAsync();
    }
}
