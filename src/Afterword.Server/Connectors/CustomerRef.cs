using System.Globalization;
using Afterword.Server.Channels;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;

namespace Afterword.Server.Connectors;

/// <summary>How it is known which user a name stands for. The numbers are stored.</summary>
internal enum CustomerBasis
{
    /// <summary>An owner or a file of users says so; what events say does not change it.</summary>
    Named = 0,

    /// <summary>It came together with the user's own id or number, or the user was made of it.</summary>
    Proven = 1,

    /// <summary>It came together with the user's address, which customers may type as they like.</summary>
    Address = 2,
}

/// <summary>The names under which a sender's own programs know its customers, as they are stored: each kind for itself, so that nobody can pass one off as another.</summary>
internal static class CustomerRef
{
    /// <summary>The most characters of one.</summary>
    public const int Length = 200;

    /// <summary>The business's own number, as in the column <c>ref</c> of a file of users.</summary>
    public static string OfBusiness(string text) => $"r:{text}";

    /// <summary>A helpdesk's number of a contact. In another helpdesk of the same kind it is another person's.</summary>
    public static string OfContact(ConnectorKey connector, string text) => PrefixOfContacts(connector) + text;

    /// <summary>How the names of all contacts of a connector begin.</summary>
    public static string PrefixOfContacts(ConnectorKey connector) => string.Create(CultureInfo.InvariantCulture, $"c:{connector.Id}:");

    /// <summary>An address that an owner has said to be a user's.</summary>
    public static string OfEmail(EmailAddress email) => $"m:{KeyOf(email)}";

    /// <summary>Under which an owner says who a customer is; null when the event has nothing to know the customer by again.</summary>
    public static string? Of(ConnectorKey connector, EventCustomer customer) => customer switch
    {
        { Contact: { } contact } => OfContact(connector, contact),
        { Ref: { } known } => OfBusiness(known),
        { Email: { } email } => OfEmail(email),
        _ => null,
    };

    /// <summary>What a helpdesk's or the business's own programs say for one that is stored: the mapping of a kind sets the kind before its numbers.</summary>
    /// <returns>The connector whose it is, or null for all of the sender's.</returns>
    public static (long? Connector, string Text) Parts(string stored)
    {
        if (!stored.StartsWith("c:", StringComparison.Ordinal)) return (null, stored[2..]);

        var parts = stored.Split(':', 3);
        return (long.Parse(parts[1], CultureInfo.InvariantCulture), parts[2][(parts[2].LastIndexOf(':') + 1)..] is { Length: > 0 } number ? number : parts[2]);
    }

    /// <summary>An address without its letter case.</summary>
    public static string KeyOf(EmailAddress email) => email.Value.ToLowerInvariant();

    /// <summary>One as it is compared; null when it cannot be one.</summary>
    public static string? Normalised(string text) => DeliveryFields.Plain(text) is { Length: > 0 and <= Length } plain ? plain : null;
}
