using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Afterword.Client.OAuth;
using Afterword.Server.Admin.Health;
using Afterword.Server.Allowlists;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Afterword.Server.Users;
using Afterword.Support;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>The real server on a real port with a store of its own and a clock that the test holds.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TestFolder? _folder;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Dictionary<string, string?> _settings;
    private AfterwordServer _server = null!;
    private int _nonces;

    private readonly Action<IServiceCollection>? _replace;

    private TestServer(Dictionary<string, string?> settings, TestFolder? folder, Action<IServiceCollection>? replace = null) =>
        (_settings, _folder, _replace) = (settings, folder, replace);

    public ManualClock Clock { get; } = new("2026-01-05T09:00:00Z");

    public AfterwordServer Server => _server;

    public Uri Url => new(_server.Urls.First());

    public List<string> Log { get; } = [];

    /// <param name="engine">The engine of its store.</param>
    /// <param name="settings">Settings besides the store's, as <c>key=value</c>.</param>
    public static Task<TestServer> StartAsync(Engine engine, params string[] settings) => StartAsync(engine, null, settings);

    /// <param name="engine">The engine of its store.</param>
    /// <param name="replace">Replaces parts of the server.</param>
    /// <param name="settings">Settings besides the store's, as <c>key=value</c>.</param>
    public static async Task<TestServer> StartAsync(Engine engine, Action<IServiceCollection>? replace, params string[] settings)
    {
        var folder = TestFolder.Create("store");
        var all = await engine.MigratedStoreAsync(folder);
        foreach (var pair in settings) all[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] = pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var server = new TestServer(all, folder, replace);
        await server.StartAsync();
        return server;
    }

    /// <summary>On a store that was made elsewhere, at a time of its own.</summary>
    /// <param name="store">Where it is, as settings.</param>
    /// <param name="now">What the clock shows.</param>
    /// <param name="settings">Further settings, as <c>key=value</c>.</param>
    public static async Task<TestServer> StartOnAsync(Dictionary<string, string?> store, DateTimeOffset now, params string[] settings)
    {
        foreach (var pair in settings) store[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] = pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var server = new TestServer(store, folder: null);
        server.Clock.AdjustTime(now);
        await server.StartAsync();
        return server;
    }

    /// <summary>A second node on the same store, with the same clock.</summary>
    public async Task<TestServer> StartSecondAsync()
    {
        var second = new TestServer(_settings, folder: null) { _server = await CreateAsync(_settings, Clock, [], null) };
        await second._server.StartAsync(TestContext.Current.CancellationToken);
        second._nonces = 1_000_000;
        second.Clock.AdjustTime(Clock.GetUtcNow());
        return second;
    }

    /// <summary>Stops the process's part of the server and starts it again on the same store.</summary>
    /// <param name="settings">Settings that are others from then on, as <c>key=value</c>.</param>
    public async Task RestartAsync(params string[] settings)
    {
        await _server.DisposeAsync();
        foreach (var pair in settings) _settings[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] = pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
        await StartAsync();
    }

    public T Get<T>()
        where T : notnull => _server.Services.GetRequiredService<T>();

    public async Task<User> UserAsync(string handle, string accepts = MessagingPermission.Anyone) =>
        await Get<UserAccounts>().AddAsync(handle, handle.ToUpperInvariant(), null, accepts, default) ?? throw new InvalidOperationException($"{handle} is taken.");

    public async Task<NewApp> AppAsync(bool allowed = true)
    {
        var app = await Get<Apps>().AddAsync("Helpdesk", ["oob"], default);
        if (allowed) await Get<Apps>().AllowAsync(app.ConsumerKey, true, default);
        return app;
    }

    internal async Task<OAuthCredentials> TokenAsync(NewApp app, User user, Permission permission = Permission.DirectMessages)
    {
        var token = await Get<Apps>().IssueTokenAsync(app.ConsumerKey, user.Id, permission, default);
        return new(app.ConsumerKey, app.ConsumerSecret, token!.Token, token.TokenSecret);
    }

    /// <summary>A sender that may ask, with its token.</summary>
    internal async Task<(User User, OAuthCredentials Token)> SenderAsync(NewApp app, string handle = "furni", SenderGrant? limits = null)
    {
        var user = await UserAsync(handle);
        await Get<Allowlist>().AllowSenderAsync(user.Id, limits ?? new(null, null, null, null), default);
        return (user, await TokenAsync(app, user));
    }

    public Task<Answer> PostAsync(OAuthCredentials who, string path, params (string Name, string Value)[] form) =>
        SendAsync(who, HttpMethod.Post, path, Form(form));

    public Task<Answer> GetAsync(OAuthCredentials who, string path) => SendAsync(who, HttpMethod.Get, path, null);

    public Task<Answer> PostJsonAsync(OAuthCredentials who, string path, string json) => SendAsync(
        who, HttpMethod.Post, path, null, request => request.Content = new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>Sends a direct message.</summary>
    public Task<Answer> WriteAsync(OAuthCredentials who, User recipient, string text = "Hello") => PostJsonAsync(
        who, "/1.1/direct_messages/events/new.json",
        $$"""{"event":{"type":"message_create","message_create":{"target":{"recipient_id":"{{recipient.Id}}"},"message_data":{"text":{{JsonSerializer.Serialize(text)}} } } } }""");

    /// <param name="who">Signs the request; null sends it bare.</param>
    /// <param name="method">The method.</param>
    /// <param name="pathAndQuery">As it goes over the wire.</param>
    /// <param name="form">The form's bytes, or null for no body.</param>
    /// <param name="change">Last changes to the request, after it was signed.</param>
    public async Task<Answer> SendAsync(OAuthCredentials? who, HttpMethod method, string pathAndQuery, byte[]? form, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, pathAndQuery));
        if (form is not null)
        {
            request.Content = new ByteArrayContent(form);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        }

        if (who is not null) request.Headers.TryAddWithoutValidation("Authorization", Sign(who, method.Method, request.RequestUri!, form));
        change?.Invoke(request);
        return await SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return new(
            (int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Gives an answer's status, its body where it says how long that is, and where it leads.</summary>
    public async Task<(int Status, string Body, string? Location)> PeekAsync(HttpRequestMessage request)
    {
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var body = response.Content.Headers.ContentLength is null ? "" : await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, body, response.Headers.Location?.OriginalString);
    }

    /// <summary>An Authorization header for a request; what is not given is taken fresh.</summary>
    public string Sign(
        OAuthCredentials who, string method, Uri address, byte[]? form, string? nonce = null, long? timestamp = null, string signatureMethod = "HMAC-SHA1",
        params (string Name, string Value)[] more)
    {
        var oauth = new List<KeyValuePair<string, string>>
        {
            new("oauth_consumer_key", who.ConsumerKey),
            new("oauth_signature_method", signatureMethod),
            new("oauth_timestamp", (timestamp ?? Clock.GetUtcNow().ToUnixTimeSeconds()).ToString(System.Globalization.CultureInfo.InvariantCulture)),
            new("oauth_nonce", nonce ?? $"n{Interlocked.Increment(ref _nonces)}"),
        };
        if (who.Token is not null) oauth.Add(new("oauth_token", who.Token));
        oauth.AddRange(more.Select(pair => new KeyValuePair<string, string>(pair.Name, pair.Value)));

        var all = new ParameterList();
        foreach (var (name, value) in oauth) all.Add(name, value);
        all.AddQuery(address.Query);
        if (form is not null) all.AddForm(form);

        var text = new SignatureBase();
        text.Add(all);
        text.Complete(method, new BaseAddress(address));
        SignatureMethods.TryParse(Encoding.ASCII.GetBytes(signatureMethod), out var hash);
        var signature = new byte[SignatureMethods.MaxSize];
        var size = text.Sign(hash, who.ConsumerSecret, who.TokenSecret, signature);
        oauth.Add(new("oauth_signature", Convert.ToBase64String(signature, 0, size)));
        return AuthorizationHeader.Write(oauth);
    }

    public static byte[] Form(params (string Name, string Value)[] pairs) =>
        Encoding.ASCII.GetBytes(string.Join('&', pairs.Select(pair => $"{PercentEncoding.Encode(pair.Name)}={PercentEncoding.Encode(pair.Value)}")));

    /// <summary>Lets time pass, with the maintenance that the server does meanwhile.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        Clock.Advance(by);
        await Get<WorkerLease>().RenewAsync(default);
    }

    /// <summary>How many rows a table has; read from the store, not asked of the server.</summary>
    public Task<long> CountAsync(string table, string condition = "1 = 1") => _server.Store.Main.ReadAsync(
        session => session.Sql($"select count(*) from {table} where {condition}").FirstAsync(row => row.GetInt64(0), default), default);

    /// <summary>Takes a table away, or brings it back: whoever needs it meanwhile fails as nobody thought of.</summary>
    public Task RenameAsync(string table, string name) =>
        _server.Store.Main.WriteAsync(session => session.Sql($"alter table {table} rename to {name}").RunAsync(default), default);

    /// <summary>Lets the doctor look at the whole store.</summary>
    public async Task<List<DoctorFinding>> ExamineAsync()
    {
        var findings = new List<DoctorFinding>();
        await foreach (var finding in new Doctor(_server.Store, Clock).ExamineAsync(_ => { }, default)) findings.Add(finding);
        return findings;
    }

    public async Task AllIsWellAsync() => Assert.All(await ExamineAsync(), finding => Assert.Empty(finding.Problems));

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        if (_folder is null) return;

        if (_settings.GetValueOrDefault("Database") is { } database) await PostgresCluster.Shared.DropAsync(database);
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        _server = await CreateAsync(_settings, Clock, Log, _replace);
        await _server.StartAsync(TestContext.Current.CancellationToken);
    }

    private static Task<AfterwordServer> CreateAsync(Dictionary<string, string?> given, TimeProvider clock, List<string> log, Action<IServiceCollection>? replace)
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(given).Build());
        Assert.Empty(errors);

        // A hash that takes as long as in production would be most of what some tests take.
        settings = settings! with { SignIn = settings.SignIn with { HashRounds = 1 } };

        // A database on a machine that is busy with tests is no database that hangs.
        if (!given.ContainsKey("Storage:CommitWait")) settings = settings with { Storage = settings.Storage with { CommitWait = TimeSpan.FromMinutes(5) } };
        return AfterwordServer.CreateAsync(
            settings, "http://127.0.0.1:0", clock,
            builder =>
            {
                builder.WebHost.UseDefaultServiceProvider(provider => provider.ValidateScopes = true);
                builder.Logging.ClearProviders().AddProvider(new ListLog(log));
                replace?.Invoke(builder.Services);
            },
            TestContext.Current.CancellationToken);
    }
}
