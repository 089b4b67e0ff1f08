using Afterword.Server.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Afterword.Server.Hosting;

/// <summary>Bounds what bodies on their way take of the memory: they are held before anybody knows who sends them, and may come slowly.</summary>
internal sealed class BodyMemory(RequestDelegate next)
{
    /// <summary>What bodies may claim together.</summary>
    public const int Most = 32 * 1024 * 1024;

    // Ordinary calls and forms: as many as there may be connections.
    private const int Small = 8 * 1024;

    // No route reads more. One that does not say how long it is may be as long as that.
    private const int Largest = 128 * 1024;

    private long _claimed;

    public async Task InvokeAsync(HttpContext http)
    {
        var claim = ClaimOf(http);
        if (Interlocked.Add(ref _claimed, claim) > Most && claim > 0)
        {
            Interlocked.Add(ref _claimed, -claim);
            await http.RefuseAsync(ApiError.Overloaded);
            return;
        }

        try
        {
            await next(http);
        }
        finally
        {
            Interlocked.Add(ref _claimed, -claim);
        }
    }

    private static long ClaimOf(HttpContext http)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false }) return 0;

        var length = Math.Min(http.Request.ContentLength ?? Largest, Largest);
        return length > Small ? length : 0;
    }
}
