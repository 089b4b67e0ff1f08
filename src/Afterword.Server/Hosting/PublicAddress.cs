using System.Net;
using Afterword.Server.Configuration;

namespace Afterword.Server.Hosting;

internal static class PublicAddress
{
    extension(HttpContext http)
    {
        /// <summary>What addresses of this server begin with: <c>PublicUrl</c>, or else the host that was called. Without a slash at the end.</summary>
        public string PublicBase(Settings settings) =>
            settings.PublicBase ?? $"{http.Request.Scheme}://{http.Request.Host.Value}";

        /// <summary>The same where the caller must not choose it; null where it would.</summary>
        public string? OwnBase(Settings settings) => settings.PublicBase is not null || IsLoopback(http.Request.Host.Host) ? http.PublicBase(settings) : null;
    }

    /// <summary>Whether a host of an address is the reader's own machine.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
