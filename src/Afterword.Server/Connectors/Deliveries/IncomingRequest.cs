namespace Afterword.Server.Connectors.Deliveries;

/// <summary>A request to a connector's address, with its body read.</summary>
/// <param name="Uri">The whole address, as the other side knows it.</param>
/// <param name="Header">Gives a header by its name; null when it is missing or came more than once.</param>
internal sealed record IncomingRequest(string Method, string Uri, Func<string, string?> Header, ReadOnlyMemory<byte> Body);
