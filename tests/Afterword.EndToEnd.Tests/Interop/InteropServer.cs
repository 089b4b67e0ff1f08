using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Allowlists;
using Afterword.Server.Console.Audit;
using Afterword.Server.OAuth;
using Afterword.Server.SignIn;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>The server as Twitter's clients look for it: under Twitter's names, on port 443, over TLS.</summary>
/// <remarks>Who finds it there is told so alone: the names by nss_wrapper, the authority by an environment variable.</remarks>
internal sealed class InteropServer : IAsyncDisposable
{
    public const string Password = "correct horse battery staple";

    /// <summary>Few, so that a client soon sees what a limit looks like.</summary>
    public const int ShowsPer15Minutes = 5;

    private const int Port = 443;

    private static readonly string[] s_names = ["api.twitter.com", "api.x.com"];

    private readonly TestFolder _folder;
    private readonly string _address;

    private InteropServer(TestFolder folder, string address) => (_folder, _address) = (folder, address);

    public required TestAuthority Authority { get; init; }

    public required CallbackReceiver Receiver { get; init; }

    public required ServerProcess Server { get; init; }

    public required NewApp App { get; init; }

    /// <summary>May ask, and is the one who signs in.</summary>
    public required User Furni { get; init; }

    /// <summary>Is asked.</summary>
    public required User Ana { get; init; }

    /// <summary>What makes Chromium find the server, and trust its key alone.</summary>
    public string[] BrowserArguments =>
    [
        $"--host-resolver-rules={string.Join(',', s_names.Select(name => $"MAP {name} {_address}"))}",
        $"--ignore-certificate-errors-spki-list={Authority.KeyHash}",
        "--no-proxy-server",
    ];

    /// <summary>What makes a client's process find the server, past any proxy of the machine.</summary>
    public Dictionary<string, string> Names => new() { ["LD_PRELOAD"] = "libnss_wrapper.so", ["NSS_WRAPPER_HOSTS"] = HostsFile, ["NO_PROXY"] = "*" };

    /// <summary>What makes a client's process find the server and trust it.</summary>
    public Dictionary<string, string> NamesAndTrust => new(Names)
    {
        ["NODE_EXTRA_CA_CERTS"] = Authority.RootFile, ["REQUESTS_CA_BUNDLE"] = Authority.RootFile, ["SSL_CERT_FILE"] = Authority.RootFile, ["PERL_LWP_SSL_CA_FILE"] = Authority.RootFile,
    };

    /// <summary>What a client's script is told first.</summary>
    public string Brief => JsonSerializer.Serialize(new
    {
        app = new { key = App.ConsumerKey, secret = App.ConsumerSecret }, callback = Receiver.Callback, ana = $"{Ana.Id}",
    });

    private string HostsFile => Path.Combine(_folder.Path, "hosts");

    public static async Task<InteropServer> StartAsync(TestStore store)
    {
        // Of the loopback network, and of this run alone: the port is the same for all.
        var address = $"127.77.{RandomNumberGenerator.GetInt32(256)}.{RandomNumberGenerator.GetInt32(1, 255)}";
        RequirePort(address);
        var folder = TestFolder.Create("site");
        var receiver = await CallbackReceiver.StartAsync();
        var (app, furni, ana) = await SetUpAsync(store, receiver.Callback);
        var authority = await TestAuthority.IssueAsync(folder.Path, s_names);
        var site = new InteropServer(folder, address)
        {
            Authority = authority, Receiver = receiver, App = app, Furni = furni, Ana = ana,
            Server = await ServerProcess.StartAtAsync(
                store, $"https://{address}:{Port}",
                $"Kestrel:Certificates:Default:Path={authority.CertificateFile}", $"Kestrel:Certificates:Default:KeyPath={authority.KeyFile}",
                "Limits:RecipientInterval=00:00:00", $"Limits:ShowPer15Minutes={ShowsPer15Minutes}", "Feedback:EventsDelay=00:00:00"),
        };
        await File.WriteAllLinesAsync(site.HostsFile, [.. s_names.Select(name => $"{address} {name}"), "127.0.0.1 localhost"]);
        return site;
    }

    private static async Task<(NewApp App, User Furni, User Ana)> SetUpAsync(TestStore store, string callback)
    {
        await using var opened = await store.OpenAsync();
        await opened.LeaseAsync(TimeProvider.System, CancellationToken.None);
        var apps = new Apps(opened, TimeProvider.System);
        var userAccounts = new UserAccounts(opened, new PasswordHashes(), TimeProvider.System);

        var app = await apps.AddAsync("Furni Desk", [callback, "oob"], CancellationToken.None);
        await apps.AllowAsync(app.ConsumerKey, true, CancellationToken.None);
        var furni = await userAccounts.AddAsync("furni", "Furni Möbel", Password, MessagingPermission.Anyone, CancellationToken.None);
        var ana = await userAccounts.AddAsync("ana", "Ana", Password, MessagingPermission.Anyone, CancellationToken.None);
        await new Allowlist(opened, new AuditLog(opened, TimeProvider.System), TimeProvider.System).AllowSenderAsync(furni!.Id, new SenderGrant(null, null, null, null), CancellationToken.None);
        return (app, furni, ana!);
    }

    private static void RequirePort(string address)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Parse(address), Port);
            listener.Start();
        }
        catch (SocketException error)
        {
            Assert.Fail($"Twitter's clients ask on port {Port}, and {address}:{Port} cannot be had: {error.Message}. "
                + $"Run the tests as root, or allow the port to all: sysctl net.ipv4.ip_unprivileged_port_start={Port}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Receiver.DisposeAsync();
        _folder.Dispose();
    }
}
