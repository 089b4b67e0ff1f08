using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Afterword.Server.Hosting;

/// <summary>Serves the files of <c>wwwroot</c> out of the binary, compressed once at start.</summary>
internal static class Assets
{
    private const string Folder = "wwwroot/";

    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        var assembly = typeof(Assets).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal)))
        {
            var asset = new Asset(assembly.GetManifestResourceStream(name)!, name);
            routes.MapMethods($"/{name[Folder.Length..]}", ["GET", "HEAD"], asset.ServeAsync);
        }
    }

    private sealed class Asset
    {
        private readonly byte[] _plain;
        private readonly byte[] _brotli;
        private readonly byte[] _gzip;
        private readonly string _type;
        private readonly string _tag;

        public Asset(Stream content, string name)
        {
            using var whole = new MemoryStream();
            content.CopyTo(whole);
            _plain = whole.ToArray();
            _brotli = Compress(stream => new BrotliStream(stream, CompressionLevel.SmallestSize));
            _gzip = Compress(stream => new GZipStream(stream, CompressionLevel.SmallestSize));
            _tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(_plain).AsSpan(0, 8))}\"";
            _type = Path.GetExtension(name) switch
            {
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                ".svg" => "image/svg+xml",
                ".png" => "image/png",
                _ => "application/octet-stream",
            };
        }

        public Task ServeAsync(HttpContext http)
        {
            var headers = http.Response.Headers;
            headers.CacheControl = "public, max-age=3600";
            headers.ETag = _tag;
            headers.Vary = "Accept-Encoding";
            if (http.Request.Headers.IfNoneMatch.ToString().Contains(_tag, StringComparison.Ordinal))
            {
                http.Response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }

            var accepted = http.Request.GetTypedHeaders().AcceptEncoding;
            if (Accepts(accepted, "br")) return Send(http, "br", _brotli);
            return Accepts(accepted, "gzip") ? Send(http, "gzip", _gzip) : Send(http, null, _plain);
        }

        private Task Send(HttpContext http, string? encoding, byte[] body)
        {
            if (encoding is not null) http.Response.Headers.ContentEncoding = encoding;
            return http.AnswerAsync(200, _type, body);
        }

        private static bool Accepts(IList<StringWithQualityHeaderValue> accepted, string encoding) =>
            accepted.Any(one => one.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && one.Quality is not 0);

        private byte[] Compress(Func<Stream, Stream> compressor)
        {
            using var compressed = new MemoryStream();
            using (var stream = compressor(compressed)) stream.Write(_plain);
            return compressed.ToArray();
        }
    }
}
