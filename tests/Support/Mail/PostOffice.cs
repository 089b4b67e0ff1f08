using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Afterword.Support;

/// <summary>An email as an independent reader found it.</summary>
internal sealed record ReceivedMail(JsonElement Json)
{
    public string Plain => TextOf("plain");

    public string Html => TextOf("html");

    /// <summary>The email as it came over the wire.</summary>
    public string Raw => Json.GetProperty("raw").GetString()!;

    public string MessageId => this["Message-ID"];

    public string To => Json.GetProperty("to")[0].GetString()!;

    /// <summary>The only header of this name.</summary>
    public string this[string header] => Headers(header) is [var one] ? one : throw new InvalidOperationException($"There are {Headers(header).Length} headers {header}.");

    private string TextOf(string part) => Json.GetProperty(part).GetString()!.ReplaceLineEndings("\n");

    public string[] Headers(string name) =>
        [.. Json.GetProperty("headers").EnumerateArray().Where(pair => pair[0].GetString()!.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair[1].GetString()!)];
}

/// <summary>A real mail server, aiosmtpd, on a port of its own; Python's own parser reads what it takes.</summary>
internal sealed class PostOffice : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PostOffice(string options)
    {
        using var script = new StreamReader(typeof(PostOffice).Assembly.GetManifestResourceStream("support/post_office.py")!);

        // Debian's package is for Debian's interpreter; another python3 may stand before it in the path.
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("/usr/bin/python3", ["-W", "ignore", "-c", script.ReadToEnd(), options]) { RedirectStandardInput = true, RedirectStandardOutput = true },
        };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) _port.TrySetException(new InvalidOperationException("The mail server ended before it listened."));
            else if (int.TryParse(line.Data, NumberStyles.None, CultureInfo.InvariantCulture, out var port)) _port.TrySetResult(port);
            else All.Enqueue(new(JsonDocument.Parse(line.Data).RootElement));
        };
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.Start();
        _process.BeginOutputReadLine();
    }

    /// <summary>Every email, in the order of their arrival.</summary>
    public ConcurrentQueue<ReceivedMail> All { get; } = new();

    public int Port => _port.Task.Result;

    /// <param name="user">Who must sign in, with <paramref name="password"/>; null for nobody.</param>
    /// <param name="password">The password.</param>
    /// <param name="certificate">Files of a certificate and its key: nothing is taken without TLS. Null for no TLS at all.</param>
    /// <param name="implicitTls">Whether TLS begins with the first byte, and not by STARTTLS.</param>
    /// <param name="mechanisms">By what one can sign in: some of PLAIN, LOGIN and GSSAPI; null for the first two.</param>
    public static async Task<PostOffice> StartAsync(
        string? user = null, string? password = null, (string Certificate, string Key)? certificate = null, bool implicitTls = false, string? mechanisms = null)
    {
        var office = new PostOffice(JsonSerializer.Serialize(new Dictionary<string, string?>
        {
            ["user"] = user, ["password"] = password, ["certificate"] = certificate?.Certificate, ["key"] = certificate?.Key,
            ["implicit"] = implicitTls ? "yes" : null, ["mechanisms"] = mechanisms,
        }));
        await office._port.Task;
        return office;
    }

    /// <summary>Waits until so many emails have come.</summary>
    public async Task<ReceivedMail[]> WaitAsync(int count)
    {
        while (All.Count < count) await Task.Delay(5, TestContext.Current.CancellationToken);
        return [.. All];
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => _process.Kill();
}
