using System.Globalization;

namespace Afterword.Server.Webhooks;

/// <summary>Names an endpoint: whose events it gets, and its id.</summary>
internal readonly record struct EndpointKey(long SenderId, long Id)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{SenderId}/{Id}");

    public static bool TryParse(string text, out EndpointKey key)
    {
        key = default;
        var at = text.IndexOf('/', StringComparison.Ordinal);
        if (at < 0 || !long.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var sender)) return false;
        if (!long.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return false;

        key = new(sender, id);
        return true;
    }
}
