using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;

namespace Afterword.Server.Connectors;

/// <summary>Holds back floods on the addresses of connectors: what comes to one of them, and what one network guesses.</summary>
/// <remarks>A helpdesk that serves many businesses calls from one network: what reaches a connector counts for that one alone.</remarks>
internal sealed class ConnectorGate(Settings settings, TimeProvider clock)
{
    // Whoever sets a connector up sees what is wrong at once; a helpdesk with an old secret must not write all day.
    private const long NotedInMinute = 6;

    private readonly FloodGate _tokens = new(settings.ConnectorCalls, clock);
    private readonly FloodGate _guesses = new(settings.ConnectorGuesses, clock);
    private readonly FloodGate _refusals = new(NotedInMinute, clock);

    /// <summary>Seconds until it opens again.</summary>
    public long SecondsToWait => _tokens.SecondsToWait;

    /// <summary>Counts a call; false when there were too many.</summary>
    public bool TryPass(string token, IPAddress? from)
    {
        if (NetworkOf(from) is { } network && !_guesses.IsOpen(network)) return false;

        // The whole token, not the connector it names: who has only guessed at an address must not shut out who has it.
        return _tokens.TryPass(token.GetHashCode(StringComparison.Ordinal));
    }

    /// <summary>Counts a call that opened nothing.</summary>
    public void CountGuess(IPAddress? from)
    {
        if (NetworkOf(from) is { } network) _guesses.TryPass(network);
    }

    /// <summary>Whether a request that was refused is to be written down.</summary>
    public bool IsNoted(ConnectorKey connector) => _refusals.TryPass(HashCode.Combine(connector.SenderId, connector.Id));

    // A proxy on this machine that nobody told the server about sends everybody from here.
    private static int? NetworkOf(IPAddress? from) => from is null || IPAddress.IsLoopback(from) ? null : HashCode.Combine(Networks.Of(from));
}
