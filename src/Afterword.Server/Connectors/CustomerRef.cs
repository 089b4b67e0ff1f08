using Afterword.Server.Channels;
using Afterword.Server.Connectors.Definitions;

namespace Afterword.Server.Connectors;

/// <summary>The names under which a sender's own programs know its customers, as they are stored: each kind for itself, so that nobody can pass one off as another.</summary>
internal static class CustomerRef
{
    /// <summary>The most characters of one.</summary>
    public const int Length = 200;

    /// <summary>The business's own number, as in the column <c>ref</c> of a file of users.</summary>
    public static string OfBusiness(string text) => $"r:{text}";

    /// <summary>A helpdesk's number of a contact.</summary>
    public static string OfContact(string text) => $"c:{text}";

    /// <summary>An address that an owner has said to be a user's.</summary>
    public static string OfMail(EmailAddress mail) => $"m:{KeyOf(mail)}";

    /// <summary>An address without its letter case.</summary>
    public static string KeyOf(EmailAddress mail) => mail.Value.ToLowerInvariant();

    /// <summary>One as it is compared; null when it cannot be one.</summary>
    public static string? Normalised(string text) => Fields.Plain(text) is { Length: > 0 and <= Length } plain ? plain : null;
}
