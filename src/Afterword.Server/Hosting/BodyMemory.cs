using System.Net;
using Afterword.Server.Access;
using Afterword.Server.Answers;
using Afterword.Server.Embed;
using Afterword.Server.Errors;
using Afterword.Server.Limits;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Hosting;

/// <summary>Bounds what bodies on their way take of the memory: they are held before anybody knows who sends them, and may come slowly.</summary>
/// <remarks>Comes after routing: what no route reads is not held, and a refusal has the form of its route.</remarks>
internal sealed class BodyMemory(RequestDelegate next, Settings settings, TimeProvider clock)
{
    /// <summary>What bodies may claim together.</summary>
    public const int Most = 32 * 1024 * 1024;

    /// <summary>What those from one address may claim.</summary>
    public const int MostOfAddress = Most / 8;

    // Ordinary calls and forms: as many as there may be connections.
    private const int Small = 8 * 1024;

    // No route reads more. One that does not say how long it is may be as long as that.
    private const int Largest = 128 * 1024;

    // A customer has typed what a form on a card carries: it waits two seconds for room before it is refused.
    private const int Tries = 21;
    private static readonly TimeSpan s_tryEvery = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, long> _ofAddress = [];
    private long _claimed;

    public async Task InvokeAsync(HttpContext http)
    {
        var claim = ClaimOf(http);
        if (claim == 0)
        {
            await next(http);
            return;
        }

        var from = Networks.CountedAs(http.Connection.RemoteIpAddress, settings.Proxies);
        if (!await TryClaimAsync(http, from, claim))
        {
            await http.RefuseAsync(ApiError.Overloaded);
            return;
        }

        try
        {
            await next(http);
        }
        finally
        {
            Release(from, claim);
        }
    }

    private async Task<bool> TryClaimAsync(HttpContext http, IPAddress? from, long claim)
    {
        var tries = IsCard(http.Request.Path) ? Tries : 1;
        while (!TryClaim(from, claim))
        {
            if (--tries == 0) return false;
            await Task.Delay(s_tryEvery, clock, http.RequestAborted);
        }

        return true;
    }

    private bool TryClaim(IPAddress? from, long claim)
    {
        lock (_lock)
        {
            if (_claimed + claim > Most) return false;

            if (from is not null)
            {
                var own = _ofAddress.GetValueOrDefault(from) + claim;
                if (own > MostOfAddress) return false;
                _ofAddress[from] = own;
            }

            _claimed += claim;
            return true;
        }
    }

    private void Release(IPAddress? from, long claim)
    {
        lock (_lock)
        {
            _claimed -= claim;
            if (from is not null && (_ofAddress[from] -= claim) == 0) _ofAddress.Remove(from);
        }
    }

    private static long ClaimOf(HttpContext http)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } || !ReadsBody(http)) return 0;

        var length = Math.Min(http.Request.ContentLength ?? Largest, Largest);
        return length > Small ? length : 0;
    }

    // Signed calls carry parameters in a body by any method. What has no methods stands for a route that does not exist.
    private static bool ReadsBody(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata is not { } route || route.GetMetadata<IHttpMethodMetadata>() is not { HttpMethods.Count: > 0 }) return false;

        var method = http.Request.Method;
        return route.GetMetadata<Signed>() is not null || !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));
    }

    private static bool IsCard(PathString path) => path.StartsWithSegments(CardLink.PathPrefix.TrimEnd('/')) || path.StartsWithSegments(EmbedEndpoints.PathPrefix.TrimEnd('/'));
}
