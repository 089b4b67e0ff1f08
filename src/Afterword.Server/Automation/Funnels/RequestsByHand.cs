namespace Afterword.Server.Automation.Funnels;

/// <summary>Statements about requests that someone made about a closed conversation, beside the rules.</summary>
/// <remarks>
/// The index by reference gives the ids alone, and the requests are looked up by these: asked for anything else, SQLite would look through all requests of the
/// sender. Someone may give all requests one reference: the latest of them will do.
/// </remarks>
internal static class RequestsByHand
{
    /// <summary>1 where someone asked about a conversation <c>c</c> that the rules did not ask about, else 0.</summary>
    public const string OfConversation =
        """
        case when c.decision = 1 or c.external_id = '' then 0 when exists (
            select 1 from (select x.id from prompt x where x.sender_id = c.sender_id and x.external_id = c.external_id order by x.id desc limit 3) as latest
            cross join prompt p where p.sender_id = c.sender_id and p.id = latest.id and p.automatic = 0 and p.test = c.test) then 1 else 0 end
        """;

    /// <summary>The latest requests <c>p</c> of <c>@sender</c> about the ticket <c>@external_id</c>, for a select from it; more conditions can follow.</summary>
    public const string OfTicket =
        """
        (select x.id from prompt x where x.sender_id = @sender and x.external_id = @external_id order by x.id desc limit 100) as latest
        cross join prompt p where p.sender_id = @sender and p.id = latest.id
        """;
}
