using System.Net;
using System.Text;

namespace Afterword.Client.Tests;

/// <summary>Stands in for the network: gives prepared answers in their order and keeps what was sent.</summary>
internal sealed class FakeNetwork : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = [];

    public List<Sent> Requests { get; } = [];

    public FakeNetwork Answers(string body, HttpStatusCode status = HttpStatusCode.OK, params (string Name, string Value)[] headers)
    {
        _answers.Enqueue(() =>
        {
            var answer = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            foreach (var (name, value) in headers) answer.Headers.TryAddWithoutValidation(name, value);
            return answer;
        });
        return this;
    }

    public FakeNetwork Fails()
    {
        _answers.Enqueue(() => throw new HttpRequestException(HttpRequestError.ConnectionError, "No route to host."));
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : null;
        request.Headers.TryGetValues("Authorization", out var authorization);
        request.Headers.TryGetValues("Idempotency-Key", out var key);
        Requests.Add(new(request.Method.Method, request.RequestUri!, body, authorization?.Single(), key?.Single()));
        return _answers.Dequeue()();
    }

    internal sealed record Sent(string Method, Uri Address, string? Body, string? Authorization, string? IdempotencyKey);
}
