using System.CommandLine;
using System.Net.Sockets;
using System.Security.Cryptography;
using Afterword.Server.Cli.Demo;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Sandbox;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting.Systemd;

namespace Afterword.Server.Cli;

/// <summary><c>afterword serve</c>: runs the server until it is told to stop.</summary>
internal static class ServeCommand
{
    private const string NoTimeZones =
        "Warning: This system has no time zones: install them (package tzdata) and start again. Until then, rules with quiet hours in another zone than UTC cannot be saved or read.";

    private static bool KnowsTimeZones => TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Berlin", out _);

    public static Option<string?> Urls { get; } = new("--urls")
    {
        Description = "Where to listen, separated by semicolons (ASPNETCORE_URLS; http://localhost:5000 by default).", HelpName = "U",
    };

    private static readonly Option<bool> s_sandbox = new("--sandbox")
    {
        Description = "For an integrator's tests: a store that is thrown away, nothing that leaves this machine, and a clock that can be moved (docs/sandbox.md).",
    };

    public static Command Create()
    {
        var command = new Command("serve", "Run the server. Example: afterword serve --urls http://0.0.0.0:8080 --data /var/lib/afterword") { Urls, s_sandbox };
        command.SetAction(async (parsed, stop) =>
        {
            var settings = StoreOptions.SettingsOf(parsed);
            if (!parsed.GetValue(s_sandbox)) return await RunAsync(parsed, settings, stop);
            if (parsed.GetValue(StoreOptions.Data) is not null || parsed.GetValue(StoreOptions.Database) is not null)
            {
                throw new CommandException(ExitCode.WrongUse, "A sandbox has a store of its own, which is thrown away: leave out --data and --database.");
            }

            using var folder = new TemporaryFolder("afterword-sandbox-");
            return await RunAsync(parsed, settings.InSandbox(folder.Path), stop);
        });
        return command;
    }

    /// <summary>Puts the server together and starts it; when this returns, it answers.</summary>
    /// <exception cref="CommandException">The store cannot be opened, or the addresses cannot be listened on.</exception>
    public static async Task<AfterwordServer> StartAsync(Settings settings, string? urls, CancellationToken stop)
    {
        // Before the store is opened: a start that comes to nothing makes none.
        var addresses = ListenAddresses.Of(settings, urls);
        if (addresses.Select(ListenAddresses.WrongWith).FirstOrDefault(wrong => wrong is not null) is { } wrong) throw new CommandException(ExitCode.WrongUse, wrong);
        if (settings.Database is null && !File.Exists(Store.MainFile(settings.Data)) && ListenAddresses.Taken(addresses) is { } taken) throw new CommandException(ExitCode.Failed, taken);

        var server = await OpenedStore.ExplainAsync(settings, () => AfterwordServer.CreateAsync(settings, urls, TimeProvider.System, QuietStart, stop));
        try
        {
            await server.StartAsync(stop);
            return server;
        }
        catch (Exception error)
        {
            await server.DisposeAsync();
            throw WhyNotListening(error, addresses) ?? error;
        }
    }

    private static async Task<int> RunAsync(ParseResult parsed, Settings settings, CancellationToken stop)
    {
        try
        {
            await using var server = await StartAsync(settings, parsed.GetValue(Urls), stop);
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"Store: {server.Store.Main.Engine}, {OpenedStore.NameOf(settings)}");
            if (!KnowsTimeZones) await parsed.InvocationConfiguration.Error.WriteLineAsync(NoTimeZones);
            foreach (var line in await OutboundPause.WarningsAsync(server.Store.Main, stop)) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Warning: {line}");
            if (settings.Backup.WrongWith() is { } useless) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Warning: {useless}");
            if (PlainHttpWarning.WarningFor(settings, server.Urls) is { } warning) await parsed.InvocationConfiguration.Error.WriteLineAsync($"Warning: {warning}");
            ServedAddress.Write(settings, DemoGuide.LinkBase(server.Urls));
            var setUp = await SetUpLinkAsync(server, settings, stop);
            var sandbox = settings.IsSandbox ? await SandboxKeys.MakeAsync(server, stop) : null;
            parsed.Say(
                new ServeJson([.. server.Urls], server.Store.Main.Engine, setUp, sandbox), CommandJson.Default.ServeJson,
                [.. sandbox is null ? [] : SandboxKeys.Lines(sandbox), .. setUp is null ? (string[])[] : [$"Nobody may use the console yet. Set it up, once and within 7 days: {setUp}"], .. server.Urls.Select(url => $"Listening on {url}")]);
            TellSystemd(server);
            await server.WaitForShutdownAsync();
            ServedAddress.Remove(settings);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop while it started: nothing was served, nothing is left open.
        }

        return ExitCode.Done;
    }

    /// <summary>With <c>Type=notify</c>, systemd learns that the server answers, and when it begins to stop. Nothing happens elsewhere.</summary>
    /// <remarks>AddSystemd would do that too, but take over the handling of signals, and write log lines without ids of events.</remarks>
    private static void TellSystemd(AfterwordServer server)
    {
        var systemd = new SystemdNotifier();
        systemd.Notify(ServiceState.Ready);
        server.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => systemd.Notify(ServiceState.Stopping));
    }

    /// <summary>A link for the first operator, while the console has nobody.</summary>
    private static async Task<string?> SetUpLinkAsync(AfterwordServer server, Settings settings, CancellationToken stop) =>
        await server.Services.GetRequiredService<Invitations>().IssueFirstAsync(stop) is { } path ? (settings.PublicBase ?? DemoGuide.LinkBase(server.Urls)) + path : null;

    /// <returns>What to tell; null when it was something else.</returns>
    internal static CommandException? WhyNotListening(Exception error, IReadOnlyList<ListenAddress> addresses)
    {
        var socket = error as SocketException ?? error.InnerException as SocketException ?? (error.InnerException as AggregateException)?.InnerExceptions.OfType<SocketException>().FirstOrDefault();
        if (socket is not null && ListenAddresses.Refused(addresses, socket.SocketErrorCode) is { } refused) return new(ExitCode.WrongUse, ListenAddresses.WhyRefused(refused, socket));

        return error switch
        {
            IOException { InnerException: AddressInUseException } => new(ExitCode.Failed, $"{error.Message} Stop what listens there, or choose another address with --urls."),
            _ when socket is not null => new(ExitCode.Failed, $"{error.Message} Choose another address with --urls."),
            FormatException => new(ExitCode.WrongUse, $"{error.Message} --urls takes addresses such as http://localhost:5000 or http://*:8080."),
            InvalidOperationException when error.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) && error.Message.Contains("dev-certs", StringComparison.Ordinal) =>
                new(ExitCode.WrongUse, ListenAddresses.WithoutCertificate(addresses)),
            FileNotFoundException or DirectoryNotFoundException or CryptographicException =>
                new(ExitCode.WrongUse, $"A certificate or its key cannot be read: {error.Message} See docs/configuration.md, \"Addresses and TLS\"."),
            InvalidOperationException => new(ExitCode.Failed, $"The server cannot listen: {error.Message}"),
            _ => null,
        };
    }

    // The command line says in one line why a start failed; the host would add its stack trace. What fails later is
    // logged by those who run it.
    private static void QuietStart(WebApplicationBuilder builder) =>
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
}
