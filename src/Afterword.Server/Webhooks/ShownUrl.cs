namespace Afterword.Server.Webhooks;

/// <summary>A webhook's address as it is shown. That of a chat is a password: whoever has it can write into the channel as Afterword.</summary>
internal static class ShownUrl
{
    // Enough to tell two channels apart.
    private const int TellingLength = 4;

    extension(Endpoint endpoint)
    {
        /// <summary>Where changes are posted to, without what is secret in it; null where they are fetched.</summary>
        public string? ShownAddress => endpoint.IsPolled ? null : Of(endpoint.Url, endpoint.Format);
    }

    public static string Of(string url, WebhookFormat format) =>
        format == WebhookFormat.Events ? url : $"{new Uri(url).GetLeftPart(UriPartial.Authority)}/…{url[^Math.Min(TellingLength, url.Length)..]}";
}
