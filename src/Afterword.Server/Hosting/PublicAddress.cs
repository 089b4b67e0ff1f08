namespace Afterword.Server.Hosting;

internal static class PublicAddress
{
    extension(HttpContext http)
    {
        /// <summary>What addresses of this server begin with: <c>PublicUrl</c>, or else the host that was called. Without a slash at the end.</summary>
        public string PublicBase(Settings settings) =>
            settings.PublicBase ?? $"{http.Request.Scheme}://{http.Request.Host.Value}";
    }
}
