using System.Diagnostics.Metrics;
using System.Globalization;
using Afterword.Server.Storage;

namespace Afterword.Server.Errors;

/// <summary>Counts why requests are refused, by the codes of the catalogue.</summary>
internal sealed class RefusalCounter(Store store)
{
    private readonly Counter<long> _refusals = store.Problems.Meter.CreateCounter<long>("afterword.refusals", "{errors}", "Errors that requests were answered with.");

    /// <summary>Those of the server that serves a request; null for a request of none.</summary>
    public static RefusalCounter? Of(HttpContext http) => http.RequestServices?.GetService<RefusalCounter>();

    public void Count(ApiError error)
    {
        if (!_refusals.Enabled) return;

        _refusals.Add(
            1, new KeyValuePair<string, object?>("code", error.Code.ToString(CultureInfo.InvariantCulture)), new KeyValuePair<string, object?>("status", error.Status.ToString(CultureInfo.InvariantCulture)));
    }
}
