using System.Globalization;
using System.Net.Http.Headers;

namespace Afterword.Bench.Load;

/// <summary>The least that delivers: a bare <see cref="HttpClient"/> in a loop, so many requests at once.</summary>
internal static class PostLoop
{
    public static async Task RunAsync(Uri url, int count, int concurrency, byte[] body)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, MaxConnectionsPerServer = concurrency });
        var left = count;
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.TryAddWithoutValidation("webhook-id", left.ToString(CultureInfo.InvariantCulture));
                using var answer = await http.SendAsync(request);
                answer.EnsureSuccessStatusCode();
            }
        }));
    }
}
