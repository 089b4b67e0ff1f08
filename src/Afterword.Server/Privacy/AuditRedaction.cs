using System.Text.RegularExpressions;
using Afterword.Server.Console.Audit;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Takes a person's name out of the audit logs. What was done, when and by whom stays; where the person themselves did it, that it was someone who is erased.</summary>
/// <remarks>
/// The hash of such an entry remains that of what was written, so that the chain goes on behind it, and the entry says that it cannot be
/// compared any more. What owners and operators wrote down about the person's own account, which is a log of its own, goes.
/// </remarks>
internal static class AuditRedaction
{
    private const string Instead = "(erased)";

    // As the filter of a page stands in an entry.
    private const string ReferenceIs = "external_id ";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Session session, FoundPerson person, CancellationToken stop)
    {
        await session.Sql("delete from audit where sender_id = @user").Bind("user", person.UserId).RunAsync(stop);
        await session.Sql("delete from audit_head where sender_id = @user").Bind("user", person.UserId).RunAsync(stop);

        // No index leads to names in a log. There is an entry for each thing that people did, and this is done once in the life of a customer.
        var found = await NamingAsync(session, person, stop);
        var (name, references) = (person.Account is { } account ? NameIn(account) : null, ReferencesOf(person));
        var changed = found.Select(entry => entry with { Person = WithoutName(entry.Person, name), What = WithoutReference(WithoutName(entry.What, name), entry.SenderId, references) })
            .Where((entry, place) => entry != found[place]).ToArray();
        await session.EachAsync(
            [
                new(
                    "update audit set person = item.person, what = item.what, erased = 1 from {rows} where audit.sender_id = item.sender_id and audit.id = item.id",
                    Rows.Of(changed).Long("sender_id", e => e.SenderId).Long("id", e => e.Id).Text("person", e => e.Person).Text("what", e => e.What), null),
            ],
            stop);
    }

    /// <summary>Entries that may name the person.</summary>
    private static Task<List<Entry>> NamingAsync(Session session, FoundPerson person, CancellationToken stop) => session.Sql(
        """
        select sender_id, id, person, what from audit
        where lower(person) = @exactly or lower(what) like @handle escape '\' or lower(what) like @mail escape '\' or what like @reference
        """)
        .Bind("exactly", $"@{person.Account?.ScreenName.ToLowerInvariant()}").Bind("handle", PatternOf(person.Account?.ScreenName)).Bind("mail", PatternOf(person.Account?.Email))
        .Bind("reference", $"%{ReferenceIs}%")
        .ListAsync(row => new Entry(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3)), stop);

    // No entry is empty.
    private static string PatternOf(string? text) =>
        text is null ? "" : $"%{text.ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal)}%";

    private static HashSet<(long Sender, string Reference)> ReferencesOf(FoundPerson person) =>
    [
        .. person.Conversations.Select(conversation => (conversation.SenderId, conversation.ExternalId)),
        .. person.Requests.Where(request => request.ExternalId is not null).Select(request => (request.SenderId, request.ExternalId!)),
    ];

    private static string WithoutName(string text, Regex? name) => name?.Replace(text, Instead) ?? text;

    private static string WithoutReference(string what, long sender, HashSet<(long Sender, string Reference)> references)
    {
        var at = what.IndexOf(ReferenceIs, StringComparison.Ordinal);
        if (at < 0) return what;

        // Whatever follows is another filter, behind a comma; a reference may hold one itself.
        var rest = what[(at + ReferenceIs.Length)..];
        return references.Where(one => one.Sender == sender && (rest == one.Reference || rest.StartsWith($"{one.Reference}, ", StringComparison.Ordinal) || IsCut(what, rest, one.Reference)))
            .Select(one => one.Reference).OrderByDescending(reference => reference.Length).FirstOrDefault() is { } longest
            ? string.Concat(what.AsSpan(0, at + ReferenceIs.Length), Instead, rest.AsSpan(Math.Min(longest.Length, rest.Length)))
            : what;
    }

    private static bool IsCut(string what, string rest, string reference) => rest.Length > 0 && reference.StartsWith(rest, StringComparison.Ordinal) && what.EnumerateRunes().Count() == AuditLog.MostLetters;

    // With an @ wherever it stands, and so the address; without one only where a command or a filter has it, for a handle may be a common word.
    private static Regex NameIn(FoundUser account) => new(
        $"""(?<![\w@])@{account.ScreenName}(?!\w)|(?<=^(?:user|allow|deny|exempt|token|embed|channel|webhook|erase)(?: [a-z-]+)? ){account.ScreenName}(?!\w)|(?<=(?: with|,) customer ){account.ScreenName}(?=$|,)"""
        + (account.Email is { } email ? $"""|(?<![\w.+-]){Regex.Escape(email)}(?![\w-])""" : ""),
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, s_patience);

    private sealed record Entry(long SenderId, long Id, string Person, string What);
}
