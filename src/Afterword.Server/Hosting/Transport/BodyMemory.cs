using System.Net;
using Afterword.Server.Answers;
using Afterword.Server.Configuration;
using Afterword.Server.Embed;
using Afterword.Server.Errors;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Hosting.Transport;

/// <summary>Metadata of a route that reads larger bodies than others.</summary>
/// <param name="Most">The most bytes.</param>
internal sealed record BodyLimit(int Most);

/// <summary>Bounds what bodies on their way take of the memory: they are held before anybody knows who sends them, and may come slowly.</summary>
/// <remarks>Comes after routing: what no route reads is not held, and a refusal has the form of its route.</remarks>
internal sealed class BodyMemory(RequestDelegate next, Settings settings, Store store, TimeProvider clock)
{
    /// <summary>What bodies may claim together.</summary>
    public const int Most = 32 * 1024 * 1024;

    /// <summary>What those from one address may claim.</summary>
    public const int MostOfAddress = Most / 8;

    // Ordinary calls and forms: as many as there may be connections.
    private const int Small = 8 * 1024;

    // No route reads more that does not say so.
    private const int Largest = 128 * 1024;

    // What one that does not say how long it is claims at once more, as it comes.
    private const int Step = 16 * 1024;

    // A customer has typed what a form on a card carries: it waits two seconds for room before it is refused.
    private const int Tries = 21;
    private static readonly TimeSpan s_tryEvery = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, long> _ofAddress = [];
    private long _claimed;

    public async Task InvokeAsync(HttpContext http)
    {
        var length = http.Request.ContentLength;
        if (length <= Small || http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } || !ReadsBody(http))
        {
            await next(http);
            return;
        }

        var claim = new Claim(Networks.CountedAs(http.Connection.RemoteIpAddress, settings.Proxies));
        try
        {
            if (length is not { } told) http.Request.Body = new ClaimingBody(http.Request.Body, come => TryGrowAsync(http, claim, SizeOf(come, MostOf(http))));
            else if (!await TryGrowAsync(http, claim, Math.Min(told, MostOf(http))))
            {
                store.Problems.Meet(ProblemCause.OverCapacity);
                await http.RefuseAsync(ApiError.Overloaded);
                return;
            }

            await next(http);
        }
        finally
        {
            Release(claim);
        }
    }

    private static long MostOf(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>()?.Most ?? Largest;

    private static long SizeOf(long come, long most) => come <= Small ? 0 : Math.Min((come + Step - 1) / Step * Step, most);

    private async ValueTask<bool> TryGrowAsync(HttpContext http, Claim claim, long size)
    {
        var tries = IsCard(http.Request.Path) ? Tries : 1;
        while (!TryGrow(claim, size))
        {
            if (--tries == 0) return false;
            await Task.Delay(s_tryEvery, clock, http.RequestAborted);
        }

        return true;
    }

    private bool TryGrow(Claim claim, long size)
    {
        var more = size - claim.Size;
        if (more <= 0) return true;

        lock (_lock)
        {
            if (_claimed + more > Most) return false;

            if (claim.From is { } from)
            {
                var own = _ofAddress.GetValueOrDefault(from) + more;
                if (own > MostOfAddress) return false;
                _ofAddress[from] = own;
            }

            _claimed += more;
            claim.Size = size;
            return true;
        }
    }

    private void Release(Claim claim)
    {
        lock (_lock)
        {
            _claimed -= claim.Size;
            if (claim is { From: { } from, Size: > 0 } && (_ofAddress[from] -= claim.Size) == 0) _ofAddress.Remove(from);
        }
    }

    // Signed calls carry parameters in a body by any method. What has no methods stands for a route that does not exist.
    private static bool ReadsBody(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata is not { } route || route.GetMetadata<IHttpMethodMetadata>() is not { HttpMethods.Count: > 0 }) return false;

        var method = http.Request.Method;
        return route.GetMetadata<SignatureRequirement>() is not null || !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));
    }

    private static bool IsCard(PathString path) => path.StartsWithSegments(CardLink.PathPrefix.TrimEnd('/')) || path.StartsWithSegments(EmbedEndpoints.PathPrefix.TrimEnd('/'));

    /// <summary>What one body has claimed.</summary>
    private sealed class Claim(IPAddress? from)
    {
        public IPAddress? From => from;

        public long Size { get; set; }
    }
}
