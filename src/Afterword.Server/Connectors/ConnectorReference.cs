using Afterword.Server.Reference;

namespace Afterword.Server.Connectors;

/// <summary>What the reference says of the routes of <see cref="ConnectorEndpoints"/>.</summary>
internal static class ConnectorReference
{
    private static readonly Parameter s_token = new("token", "The end of the connector's address.", ValueFormat.Opaque)
    {
        Required = true, Example = new ConnectorAddress(1989771413512192, 2123907341324648460, new byte[20]).ToString(),
    };

    private static readonly Reply s_unknown = Of(404, "No such connector. Every unknown token gets the same answer.", "There is no such connector.");

    private static readonly Reply s_flood = Of(429, "Too many requests to this address, or too many from one network that opened nothing; with `Retry-After`.", "Too many requests.");

    public static Operation Take() => new(Topic.Connectors, "Tell of a conversation")
    {
        Does =
            """
            Where a helpdesk posts what happens, in its own form. 200 with what was decided whenever the signature is right, whatever was decided; the decision is on the disk. The same event is decided once.

            A body has at most 1 MiB. Whether the store can be reached stands in the status: 503 means that it is to be sent again.
            """,
        Caller = "a helpdesk with the address",
        Parameters = [s_token],
        Replies =
        [
            Reply.Of("What was decided. Of a challenge what was to be repeated.", ConnectorsJson.Default.DeliveryDecisionJson, new("scheduled", null, "chatwoot:482", Repeated: false, null)),
            Of(401, "It is not signed rightly, or its time is more than five minutes off.", "The signature is missing."), s_unknown, Of(408, "The body did not come within 15 seconds.", "The body did not come in time."),
            Of(413, "More than 1 MiB, or a list of more than 100 events; none of them was taken.", "At most 1 MiB."), s_flood, Reply.Plain("The store cannot be reached.", "The store cannot be reached. Please try again in a moment.\n", 503),
        ],
    };

    public static Operation Look() => new(Topic.Connectors, "See whether an address is one")
    {
        Does = "Some helpdesks look before they save an address.",
        Caller = "a helpdesk with the address",
        Parameters = [s_token],
        Replies = [Reply.Of("It is.", ConnectorsJson.Default.ConnectorReadyJson, new(Ready: true)), s_unknown, s_flood],
    };

    private static Reply Of(int status, string what, string error) =>
        Reply.Of(what, ConnectorsJson.Default.DeliveryRefusedJson, new(error)) with { Status = status };
}
