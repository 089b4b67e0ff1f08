using Afterword.Server.Reference;

namespace Afterword.Server.Hosting;

/// <summary>Serves the files of <c>wwwroot</c> out of the binary.</summary>
internal static class Assets
{
    private const string Folder = "wwwroot/";

    // User objects name it, for clients to show in their own pages.
    private const string ProfilePicture = "default_profile.png";

    /// <summary>The names of all files, as they stand in their addresses.</summary>
    public static IEnumerable<string> Names => typeof(Assets).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name => name[Folder.Length..]);

    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        foreach (var name in Names)
        {
            var file = new CachedResponse(TypeOf(name), () => Read(name));
            routes.MapGet($"/{name}", name == ProfilePicture ? http => ServeToAllAsync(http, file) : file.ServeAsync)
                .Describe(HostingReference.Asset, standsFor: "/{file}");
        }
    }

    private static Task ServeToAllAsync(HttpContext http, CachedResponse file)
    {
        http.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        return file.ServeAsync(http);
    }

    private static byte[] Read(string name)
    {
        using var content = typeof(Assets).Assembly.GetManifestResourceStream(Folder + name)!;
        var bytes = new byte[content.Length];
        content.ReadExactly(bytes);
        return bytes;
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    };
}
