using System.Net;
using Afterword.Server.Configuration;

namespace Afterword.Server.Sandbox;

internal static class SandboxSettings
{
    extension(Settings settings)
    {
        /// <summary>The same settings for a sandbox: on a store that is thrown away, and with nothing that leaves this machine.</summary>
        /// <param name="folder">Where the store is.</param>
        public Settings InSandbox(string folder) => settings with
        {
            IsSandbox = true,
            Data = folder,
            Database = null,
            Webhooks = settings.Webhooks with { LoopbackOnly = true, AllowPlainHttp = true },
            Mail = settings.Mail is { } email && IsThisMachine(email.Host) ? email with { OAuth = null } : null,
            Backup = settings.Backup with { Every = null },
            PublicUrl = null,
            KeyFile = null,

            // Codes of an app are made by a clock that nobody moves.
            Console = settings.Console with { SecondFactorRequired = false },
        };
    }

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
