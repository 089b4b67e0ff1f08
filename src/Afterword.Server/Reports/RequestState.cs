using System.Text;

namespace Afterword.Server.Reports;

/// <summary>What has become of a request for feedback.</summary>
internal enum RequestState
{
    /// <summary>Score or text can still be given.</summary>
    Open,

    /// <summary>Score and text are there.</summary>
    Answered,

    /// <summary>The customer put the card away, with a score or without.</summary>
    Dismissed,

    /// <summary>The card was open as long as cards are.</summary>
    Expired,
}

internal static class RequestStates
{
    /// <param name="scored">There is a score.</param>
    /// <param name="commented">There is a text.</param>
    /// <param name="dismissed">The card was put away.</param>
    /// <param name="createdAt">When it was asked, Unix milliseconds.</param>
    /// <param name="oldestOpen">The first millisecond of those whose cards have not run out.</param>
    public static RequestState Of(bool scored, bool commented, bool dismissed, long createdAt, long oldestOpen) =>
        scored && commented ? RequestState.Answered
        : dismissed ? RequestState.Dismissed
        : createdAt < oldestOpen ? RequestState.Expired
        : RequestState.Open;

    extension(RequestState state)
    {
        /// <summary>The word for it, in files and on pages.</summary>
        public ReadOnlySpan<byte> Utf8 => state switch
        {
            RequestState.Open => "open"u8,
            RequestState.Answered => "answered"u8,
            RequestState.Dismissed => "dismissed"u8,
            _ => "expired"u8,
        };

        public string Name => Encoding.ASCII.GetString(state.Utf8);
    }
}
