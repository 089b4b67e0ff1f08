using System.Net;
using Afterword.Server.Configuration;
using Afterword.Server.Limits;

namespace Afterword.Server.Answers;

/// <summary>Holds back floods on the card's links: those on one link, and those from one address.</summary>
internal sealed class CardGate(Settings settings, TimeProvider clock)
{
    private readonly FloodGate _links = new(settings.CardCallsPerLink, clock);
    private readonly FloodGate _addresses = new(settings.CardCallsPerAddress, clock);

    /// <summary>Seconds until it opens again.</summary>
    public long SecondsToWait => _links.SecondsToWait;

    /// <summary>Counts a call; false when there were too many.</summary>
    public bool TryPass(string token, IPAddress? from)
    {
        // A proxy on this machine that nobody told the server about sends all customers from here: they must not share a limit.
        if (from is not null && !IPAddress.IsLoopback(from) && !_addresses.TryPass(HashCode.Combine(Networks.Of(from)))) return false;

        // The whole token, not the prompt it names: who has only guessed at a link must not shut out who has it.
        return _links.TryPass(token.GetHashCode(StringComparison.Ordinal));
    }
}
