using System.Text;
using Afterword.Server.Tests.Fixtures;

namespace Afterword.Server.Tests.Inbox;

/// <summary>A page's end of the stream of events.</summary>
internal sealed class Stream : IDisposable
{
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 100 });

    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _reader;
    private readonly StringBuilder _heard = new();

    private Stream(HttpResponseMessage answer, System.IO.Stream body) => (_answer, _reader) = (answer, new StreamReader(body));

    /// <summary>All that came.</summary>
    public string Heard => _heard.ToString();

    /// <summary>The id of the last event.</summary>
    public string LastId { get; private set; } = "";

    public static Task<HttpResponseMessage> SendAsync(TestServer node, TestBrowser browser, string address, string? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node.Url, address));
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", browser.Cookies.Select(pair => $"{pair.Key}={pair.Value}")));
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        return s_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public static async Task<Stream> OpenAsync(TestServer node, TestBrowser browser, string address, string? lastEventId)
    {
        var answer = (await SendAsync(node, browser, address, lastEventId)).EnsureSuccessStatusCode();
        var stream = new Stream(answer, await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        if (lastEventId is null && !address.Contains("since", StringComparison.Ordinal)) await stream.BeginAsync();
        return stream;
    }

    /// <summary>Reads the event that a stream without a mark begins with.</summary>
    public Task BeginAsync() => LastId.Length > 0 ? Task.CompletedTask : EventAsync();

    /// <summary>The name of the next event.</summary>
    public async Task<string> EventAsync()
    {
        while (true)
        {
            var block = await BlockAsync() ?? throw new InvalidOperationException($"The stream has ended: {Heard}");
            if (block.Find(line => line.StartsWith("event: ", StringComparison.Ordinal)) is not { } named) continue;

            if (block.Find(line => line.StartsWith("id: ", StringComparison.Ordinal)) is { } id) LastId = id[4..];
            return named[7..];
        }
    }

    /// <summary>Waits for two signs of life in a row: between them there was nothing to tell.</summary>
    /// <param name="mayRepeat">The last event may come again: a heartbeat that sees a change before its wake-up does tells it twice.</param>
    public async Task QuietAsync(bool mayRepeat = false)
    {
        for (var signs = 0; signs < 2;)
        {
            var block = await BlockAsync() ?? throw new InvalidOperationException($"The stream has ended: {Heard}");
            if (mayRepeat && block.Contains($"id: {LastId}")) continue;

            Assert.DoesNotContain(block, line => line.StartsWith("event:", StringComparison.Ordinal));
            if (block is [":"]) signs++;
        }
    }

    /// <summary>Reads to the end; true, or the test waits until it is stopped.</summary>
    public async Task<bool> HasEndedAsync()
    {
        while (await BlockAsync() is not null)
        {
        }

        return true;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _answer.Dispose();
    }

    /// <summary>The lines up to the next empty one; null at the end.</summary>
    private async Task<List<string>?> BlockAsync()
    {
        var lines = new List<string>();
        while (await _reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            _heard.AppendLine(line);
            if (line.Length == 0) return lines;
            lines.Add(line);
        }

        return null;
    }
}
