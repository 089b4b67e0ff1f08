using Afterword.Server.Admin;
using Afterword.Server.Admin.Health;
using Afterword.Server.Answers;
using Afterword.Server.Automation;
using Afterword.Server.Backups;
using Afterword.Server.Changes;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Email;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors;
using Afterword.Server.Console;
using Afterword.Server.Console.Authentication;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.Errors;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Monitoring;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Limits;
using Afterword.Server.Messages;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;
using Afterword.Server.Privacy;
using Afterword.Server.Prompts;
using Afterword.Server.Reference;
using Afterword.Server.Reports;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Retention;
using Afterword.Server.Sandbox;
using Afterword.Server.SetUp;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;
using Microsoft.AspNetCore.HttpOverrides;

namespace Afterword.Server;

/// <summary>The whole server: store, features and web host. Tests build the same object on port 0.</summary>
internal sealed class AfterwordServer : IAsyncDisposable
{
    // In-flight requests, and webhooks under way beside them, get this long when the process is told to stop.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(25);

    // Less, so that services whose commits hang end in time, and who waits for one hears of it.
    private static readonly TimeSpan s_commitFarewell = TimeSpan.FromSeconds(15);

    private readonly Store _store;
    private readonly WebApplication _app;

    private AfterwordServer(Store store, WebApplication app) => (_store, _app) = (store, app);

    /// <summary>The addresses it listens on, once started.</summary>
    public ICollection<string> Urls => _app.Urls;

    public IServiceProvider Services => _app.Services;

    public Store Store => _store;

    /// <summary>Opens the store and puts the server together; it does not listen yet.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="urls">Where to listen, separated by semicolons; null leaves it to ASP.NET's own configuration.</param>
    /// <param name="clock">The only source of time.</param>
    /// <param name="configure">Last word on the host, for tests.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<AfterwordServer> CreateAsync(
        Settings settings, string? urls, TimeProvider clock, Action<WebApplicationBuilder>? configure, CancellationToken stop)
    {
        // Requests are signed by the clocks of clients, which nobody moves.
        var steady = new SteadyClock(clock);
        var sandbox = settings.IsSandbox ? new SandboxClock(steady) : null;
        var store = await Store.OpenAsync(settings, sandbox ?? (TimeProvider)steady, stop, serves: true);
        try
        {
            var lease = await store.LeaseAsync(sandbox ?? (TimeProvider)steady, stop);
            await RebuildRollups.RecordZoneAsync(store, settings.TimeZone, stop);
            var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            Configure(builder, settings, urls);

            builder.Services.AddSingleton(settings);
            builder.Services.AddSingleton(store);
            Secrets.AddKeyRing(builder.Services, store.Main, store.MasterKeys);
            builder.Services.AddSingleton(lease);
            AddClocks(builder.Services, steady, sandbox);
            builder.Services.AddSingleton<StoreMonitor>();
            builder.Services.AddHostedService(services => services.GetRequiredService<StoreMonitor>());
            builder.Services.AddSingleton<Readiness>();
            builder.Services.AddSingleton<RefusalCounter>();
            AddFeatures(builder.Services);
            builder.Services.AddHostedService<KeepWorkerNumber>();
            builder.Services.AddSingleton<ProblemMonitor>();
            builder.Services.AddHostedService(services => services.GetRequiredService<ProblemMonitor>());
            builder.Services.AddHostedService<MaintenanceWorker>();
            builder.Services.AddHostedService<AnalyzeNewTables>();
            builder.Services.AddSingleton<BackupEmail>();
            builder.Services.AddSingleton<BackupSchedule>();
            builder.Services.AddHostedService(services => services.GetRequiredService<BackupSchedule>());
            builder.Services.AddSingleton<PolicyReports>();
            builder.AddTelemetry(settings.Telemetry);
            configure?.Invoke(builder);

            var app = builder.Build();
            app.UseFarewell();
            app.Lifetime.ApplicationStopping.Register(() => store.Main.EndWaitingIn(s_commitFarewell));
            store.Problems.Log = app.Services.GetRequiredService<ILogger<Problems>>();
            store.Faults.Log = app.Services.GetRequiredService<ILogger<StoreFaults>>();
            app.UseOneProvider();
            app.UseForwarded(settings);
            if (sandbox is not null) app.UseSandboxBanner();
            app.UseErrorAnswers();
            app.UseSecurityHeaders();
            app.UseRouting();
            app.UseMiddleware<BodyMemory>();
            app.UseMiddleware<SignatureMiddleware>();
            app.UseMiddleware<ConsoleAuthorization>();
            MapRoutes(app.MapWithHead(), settings);
            return new(store, app);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static void AddFeatures(IServiceCollection services)
    {
        services.AddHealth();
        services.AddCallers();
        services.AddSignIn();
        services.AddConsole();
        services.AddPrompts();
        services.AddAnswers();
        services.AddEmbed();
        services.AddUsers();
        services.AddMessages();
        services.AddWebhooks();
        services.AddChannels();
        services.AddReports();
        services.AddAutomation();
        services.AddConnectors();
        services.AddPrivacy();
        services.AddRetention();
        services.AddSetUp();
    }

    public async Task StartAsync(CancellationToken stop)
    {
        try
        {
            await Services.GetRequiredService<StoreMonitor>().LookAsync(stop);
            await _app.StartAsync(stop);
        }
        catch
        {
            // What has begun is stopped before it is torn down: else the host would log each service's end as critical.
            await _app.StopAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Runs until the process is told to stop.</summary>
    public Task WaitForShutdownAsync() => _app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static void AddClocks(IServiceCollection services, SteadyClock steady, SandboxClock? sandbox)
    {
        services.AddSingleton(steady);
        if (sandbox is not null) services.AddSingleton(sandbox);
        services.AddSingleton(sandbox ?? (TimeProvider)steady);
    }

    private static void MapRoutes(RouteGroupBuilder routes, Settings settings)
    {
        if (settings.IsSandbox) routes.MapSandbox();
        routes.MapGrants();
        routes.MapSignIn();
        routes.MapPrompts();
        routes.MapAnswers();
        routes.MapEmbed();
        routes.MapChanges();
        routes.MapAutomation();
        routes.MapConnectors();
        routes.MapReports();
        routes.MapRetention();
        routes.MapPeople();
        routes.MapMessages();
        routes.MapStatus();
        routes.MapWebhooks();
        routes.MapConsoleEntrances();
        routes.MapConsoleSignIn();
        routes.MapInvitations();
        routes.MapConsoleForgotten();
        routes.MapConsoleAccount();
        routes.MapConsolePeople();
        routes.MapConsoleAudit();
        routes.MapConsoleHealth();
        routes.MapConsoleAdmin();
        routes.MapConsoleApps();
        routes.MapPrivacy();
        routes.MapBackupPage();
        MapSetUpPages(routes);
        routes.MapAsked();
        routes.MapWebhookPages();
        routes.MapOperatorWebhookPages();
        routes.MapReference();
        routes.MapAssets();
        routes.MapHealth();
        routes.MapSecurity();
    }

    private static void MapSetUpPages(RouteGroupBuilder routes)
    {
        routes.MapConsoleKeys();
        routes.MapConsoleUsers();
        routes.MapEmailPage();
        routes.MapSetUp();
        routes.MapByHand();
        routes.MapSenderApps();
        routes.MapChannelPages();
        routes.MapChannelAccess();
    }

    private static void Configure(WebApplicationBuilder builder, Settings settings, string? urls)
    {
        builder.Configuration.AddInMemoryCollection(settings.Kestrel);
        if (urls is not null) builder.WebHost.UseUrls(urls);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // Each route has a limit of its own, far below. Up to this one the rest of a body that is too long is still
            // read, and thrown away, so that the client gets to hear the refusal instead of a broken pipe.
            kestrel.Limits.MaxRequestBodySize = 4 * 1024 * 1024;
        });

        builder.BoundConnections(settings.Http);

        builder.Services.Configure<HostOptions>(host => (host.ShutdownTimeout, host.ServicesStopConcurrently) = (s_farewell, true));
        builder.Logging.ConfigureLogs();
    }
}

internal static class Forwarded
{
    /// <summary>Behind a proxy the signed address is the public one; only configured proxies are believed.</summary>
    public static void UseForwarded(this IApplicationBuilder app, Settings settings)
    {
        if (settings.Proxies.Count == 0) return;

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null };
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var network in settings.Proxies) options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }
}
