using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Afterword.Server.Hosting;

/// <summary>An answer that stays the same while the server runs: made and compressed when someone first asks for it, then only copied.</summary>
/// <param name="contentType">The type of what is sent.</param>
/// <param name="make">Gives the body; called once. Work done here costs the start nothing.</param>
internal sealed class CachedResponse(string contentType, Func<byte[]> make)
{
    private readonly Lazy<Encodings> _encodings = new(() => new Encodings(make()));

    public Task ServeAsync(HttpContext http)
    {
        var encodings = _encodings.Value;
        var headers = http.Response.Headers;
        headers.CacheControl = "public, max-age=3600";
        headers.ETag = encodings.Tag;
        headers.Vary = "Accept-Encoding";
        if (http.Request.Headers.IfNoneMatch.ToString().Contains(encodings.Tag, StringComparison.Ordinal))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        var accepted = http.Request.GetTypedHeaders().AcceptEncoding;
        if (Accepts(accepted, "br")) return SendAsync(http, "br", encodings.Brotli);
        return Accepts(accepted, "gzip") ? SendAsync(http, "gzip", encodings.Gzip) : SendAsync(http, null, encodings.Plain);
    }

    private Task SendAsync(HttpContext http, string? encoding, byte[] body)
    {
        if (encoding is not null) http.Response.Headers.ContentEncoding = encoding;
        return http.AnswerAsync(200, contentType, body);
    }

    private static bool Accepts(IList<StringWithQualityHeaderValue> accepted, string encoding) =>
        accepted.Any(one => one.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && one.Quality is not 0);

    private sealed class Encodings(byte[] plain)
    {
        public byte[] Plain { get; } = plain;

        public byte[] Brotli { get; } = Compress(plain, stream => new BrotliStream(stream, CompressionLevel.SmallestSize));

        public byte[] Gzip { get; } = Compress(plain, stream => new GZipStream(stream, CompressionLevel.SmallestSize));

        public string Tag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(plain).AsSpan(0, 8))}\"";

        private static byte[] Compress(byte[] plain, Func<Stream, Stream> compressor)
        {
            using var compressed = new MemoryStream();
            using (var stream = compressor(compressed)) stream.Write(plain);
            return compressed.ToArray();
        }
    }
}
