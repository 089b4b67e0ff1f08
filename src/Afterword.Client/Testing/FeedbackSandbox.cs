using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Afterword.Client.OAuth;

namespace Afterword.Client.Testing;

/// <summary>A user of a sandbox, with a token of its app.</summary>
/// <param name="UserId">The user's id, decimal.</param>
/// <param name="ScreenName">The handle without @.</param>
/// <param name="Credentials">What signs in the user's name.</param>
public sealed record SandboxUser(string UserId, string ScreenName, OAuthCredentials Credentials);

/// <summary>A server for the tests of a program that asks for feedback: <c>afterword serve --sandbox</c>, with a clock that the test moves.</summary>
/// <remarks>It is thrown away with its store when it is disposed. Nothing leaves this machine.</remarks>
public sealed class FeedbackSandbox : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly HttpClient _operator;

    private FeedbackSandbox(Process process, DirectoryInfo folder, JsonElement told)
    {
        (_process, _folder) = (process, folder);
        Server = new Uri(told.GetProperty("urls")[0].GetString()!);
        var sandbox = told.GetProperty("sandbox");
        OperatorKey = sandbox.GetProperty("operator_key").GetString()!;
        var app = sandbox.GetProperty("app");
        var (key, secret) = (app.GetProperty("consumer_key").GetString()!, app.GetProperty("consumer_secret").GetString()!);
        Sender = UserOf(sandbox.GetProperty("sender"));
        Customers = [.. sandbox.GetProperty("customers").EnumerateArray().Select(UserOf)];
        _operator = new HttpClient { BaseAddress = Server };
        _operator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperatorKey);

        SandboxUser UserOf(JsonElement user)
        {
            var token = new OAuthCredentials(key, secret, user.GetProperty("oauth_token").GetString(), user.GetProperty("oauth_token_secret").GetString());
            return new(user.GetProperty("user_id").GetString()!, user.GetProperty("screen_name").GetString()!, token);
        }
    }

    /// <summary>Where it listens, on this machine.</summary>
    public Uri Server { get; }

    /// <summary>Who asks.</summary>
    public SandboxUser Sender { get; }

    /// <summary>Whom the sender can ask.</summary>
    public IReadOnlyList<SandboxUser> Customers { get; }

    /// <summary>Lets its routes for operators be called.</summary>
    public string OperatorKey { get; }

    /// <summary>Starts a sandbox; when this returns, it answers.</summary>
    /// <param name="program">The path of <c>afterword</c>, or its name where it is installed.</param>
    /// <param name="cancellationToken">Gives up, and ends what was started.</param>
    /// <exception cref="InvalidOperationException">It did not start; the message is what it said.</exception>
    public static async Task<FeedbackSandbox> StartAsync(string program = "afterword", CancellationToken cancellationToken = default)
    {
        // A process that is killed deletes nothing: its store lies in a folder of ours.
        var folder = Directory.CreateTempSubdirectory("afterword-sandbox-");
        var start = new ProcessStartInfo(program, ["serve", "--sandbox", "--json", "--urls", "http://127.0.0.1:0"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = folder.FullName;
        Process? process = null;
        try
        {
            var said = new StringBuilder();
            process = Start(start, program);
            process.ErrorDataReceived += (_, line) =>
            {
                lock (said) said.AppendLine(line.Data);
            };
            process.BeginErrorReadLine();
            using var told = await ReadAsync(process.StandardOutput, cancellationToken).ConfigureAwait(false);
            if (told is not null) return new(process, folder, told.RootElement);

            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            lock (said) throw new InvalidOperationException(said.ToString().Trim());
        }
        catch
        {
            await EndAsync(process, folder).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A client for one of its users.</summary>
    public FeedbackClient ClientOf(SandboxUser user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return new(new FeedbackClientOptions(Server, user.Credentials));
    }

    /// <summary>Moves the server's clock forward. What falls due meanwhile is done within a second or two.</summary>
    /// <param name="by">How far, in whole seconds; the clock is never set back.</param>
    /// <param name="cancellationToken">Gives up the call.</param>
    /// <returns>What the clock shows now.</returns>
    /// <exception cref="FeedbackApiException">The server refused, e.g. because it would be more than ten years ahead.</exception>
    public async Task<DateTimeOffset> AdvanceAsync(TimeSpan by, CancellationToken cancellationToken = default)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{(long)by.TotalHours:00}:{by.Minutes:00}:{by.Seconds:00}");
        using var form = new FormUrlEncodedContent([new("by", text)]);
        using var answer = await _operator.PostAsync(new Uri("operator/clock.json", UriKind.Relative), form, cancellationToken).ConfigureAwait(false);
        return await NowOfAsync(answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What the server's clock shows.</summary>
    /// <param name="cancellationToken">Gives up the call.</param>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken = default)
    {
        using var answer = await _operator.GetAsync(new Uri("operator/clock.json", UriKind.Relative), cancellationToken).ConfigureAwait(false);
        return await NowOfAsync(answer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends it, and deletes its store.</summary>
    public async ValueTask DisposeAsync()
    {
        _operator.Dispose();
        await EndAsync(_process, _folder).ConfigureAwait(false);
    }

    private static async Task<DateTimeOffset> NowOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var taken = await Answers.SuccessAsync(answer, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        using var told = JsonDocument.Parse(await taken.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        return told.RootElement.GetProperty("now").GetDateTimeOffset();
    }

    /// <summary>Reads the one document that the server writes once it answers; null when it ends before.</summary>
    private static async Task<JsonDocument?> ReadAsync(StreamReader output, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        while (await output.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            text.AppendLine(line);
            if (line == "}") return JsonDocument.Parse(text.ToString());
        }

        return null;
    }

    private static Process Start(ProcessStartInfo start, string program)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{program} was not started.");
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"{program} cannot be started: {error.Message}. Give the path of afterword, or install it.", error);
        }
    }

    private static async Task EndAsync(Process? process, DirectoryInfo folder)
    {
        if (process is not null)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync().ConfigureAwait(false);
            process.Dispose();
        }

        folder.Delete(recursive: true);
    }
}
