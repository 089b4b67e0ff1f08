namespace Afterword.Server.Sandbox;

/// <summary>Puts a mark on top of every page of a sandbox, so that nobody takes it for the real one.</summary>
internal static class SandboxBanner
{
    public const string StylePath = "/sandbox.css";

    /// <summary>One word that needs no translation.</summary>
    public static ReadOnlySpan<byte> Mark => "<link rel=\"stylesheet\" href=\"/sandbox.css\"><p class=\"sandbox-mark\" role=\"note\" lang=\"en\" dir=\"ltr\">Sandbox</p>"u8;

    public static ReadOnlySpan<byte> Style =>
        "body{padding-block-start:1.75rem}.sandbox-mark{position:fixed;inset-block-start:0;inset-inline:0;z-index:99;margin:0;padding:.125rem;background:#7c2d12;color:#fff;font:600 .8125rem/1.25 system-ui,sans-serif;text-align:center}"u8;

    public static void UseSandboxBanner(this IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        // Into a page that is compressed nothing can be put.
        http.Request.Headers.AcceptEncoding = default;
        var body = http.Response.Body;
        await using var marked = new MarkedPage(http.Response, body);
        http.Response.Body = marked;
        try
        {
            await next(http);
            await marked.CompleteAsync(http.RequestAborted);
        }
        finally
        {
            http.Response.Body = body;
        }
    });

    /// <summary>Keeps a page until it is complete, and lets everything else through.</summary>
    private sealed class MarkedPage(HttpResponse response, Stream body) : Stream
    {
        private readonly MemoryStream _page = new();
        private bool? _isPage;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        // Its length is another one now.
        private bool IsPage
        {
            get
            {
                if (_isPage is { } known) return known;

                _isPage = response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true;
                if (_isPage.Value) response.ContentLength = null;
                return _isPage.Value;
            }
        }

        public async Task CompleteAsync(CancellationToken stop)
        {
            if (_isPage != true) return;

            var page = _page.GetBuffer().AsMemory(0, (int)_page.Length);
            var at = page.Span.IndexOf("<body"u8);
            var end = at < 0 ? -1 : page.Span[at..].IndexOf((byte)'>');
            var head = end < 0 ? 0 : at + end + 1;
            await body.WriteAsync(page[..head], stop);
            if (head > 0) await body.WriteAsync(Mark.ToArray(), stop);
            await body.WriteAsync(page[head..], stop);
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (IsPage) _page.Write(buffer, offset, count);
            else body.Write(buffer, offset, count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => IsPage ? _page.WriteAsync(buffer, cancellationToken) : body.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
            if (!IsPage) body.Flush();
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => IsPage ? Task.CompletedTask : body.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
