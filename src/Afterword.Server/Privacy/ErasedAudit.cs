using System.Text.RegularExpressions;
using Afterword.Server.Storage;

namespace Afterword.Server.Privacy;

/// <summary>Takes a person's name out of the audit logs. What was done, when and by whom stays; where the person themselves did it, that it was somebody who is erased.</summary>
/// <remarks>
/// The hash of such an entry remains that of what was written, so that the chain goes on behind it, and the entry says that it cannot be
/// compared any more. What owners and operators wrote down about the person's own account, which is a log of its own, goes.
/// </remarks>
internal static class ErasedAudit
{
    private const string Instead = "(erased)";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Session session, long user, string? screenName, CancellationToken stop)
    {
        await session.Sql("delete from audit where sender_id = @user").Bind("user", user).RunAsync(stop);
        await session.Sql("delete from audit_head where sender_id = @user").Bind("user", user).RunAsync(stop);
        if (screenName is null) return;

        // No index leads to names in a log. There is an entry for each thing that people did, and this is done once in the life of a customer.
        var named = await session.Sql("select sender_id, id, person, what from audit where lower(person) = @exactly or lower(what) like @pattern escape '\\'")
            .Bind("exactly", $"@{screenName.ToLowerInvariant()}").Bind("pattern", $"%{screenName.ToLowerInvariant().Replace("_", "\\_", StringComparison.Ordinal)}%")
            .ListAsync(row => new Entry(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3)), stop);
        var name = NameIn(screenName);
        var changed = named.Select(entry => entry with { Person = name.Replace(entry.Person, Instead), What = name.Replace(entry.What, Instead) })
            .Where((entry, place) => entry != named[place]).ToArray();
        await session.EachAsync(
            [
                new(
                    "update audit set person = item.person, what = item.what, erased = 1 from {rows} where audit.sender_id = item.sender_id and audit.id = item.id",
                    Rows.Of(changed).Long("sender_id", e => e.SenderId).Long("id", e => e.Id).Text("person", e => e.Person).Text("what", e => e.What), null),
            ],
            stop);
    }

    // With an @ wherever it stands; without one only where a command has it, for a handle may be a common word.
    private static Regex NameIn(string screenName) => new(
        $"""(?<![\w@])@{screenName}(?!\w)|(?<=^(?:user|allow|deny|exempt|token|embed|channel|webhook|erase)(?: [a-z-]+)? ){screenName}(?!\w)""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, s_patience);

    private sealed record Entry(long SenderId, long Id, string Person, string What);
}
