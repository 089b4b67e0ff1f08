using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Afterword.Server.Changes;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;

namespace Afterword.Server.Automation.Rules;

/// <summary>A version of a sender's rules as it was saved.</summary>
/// <param name="ChangedAt">Unix milliseconds.</param>
/// <param name="ChangedBy">Who saved it.</param>
internal sealed record RulesVersion(long Version, long ChangedAt, string ChangedBy, string Document);

/// <summary>What became of new rules.</summary>
internal abstract record ChangeRulesOutcome
{
    private ChangeRulesOutcome()
    {
    }

    internal sealed record Saved(RulesVersion Rules) : ChangeRulesOutcome;

    /// <summary>Someone else saved other rules since those were read.</summary>
    /// <param name="Version">The version that holds.</param>
    internal sealed record Conflict(long Version) : ChangeRulesOutcome;
}

/// <summary>Reads and changes a sender's rules, as a whole; every version is kept.</summary>
internal sealed class ChangeRules(Store store, AuditLog audit, TimeProvider clock)
{
    private const int KeyLength = 32;

    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The rules that hold; null when none were ever saved.</summary>
    public Task<RulesVersion?> FindAsync(long sender, CancellationToken stop) => store.Main.ReadAsync(session => FindAsync(session, sender, stop), stop);

    /// <summary>Why a sender's rules ask nobody; null where they ask.</summary>
    public async Task<RulesSilence?> SilenceAsync(long sender, CancellationToken stop) => RulesSilence.Of(await FindAsync(sender, stop));

    /// <summary>A version, be it the one that holds or an earlier one; null when there is none.</summary>
    public Task<RulesVersion?> FindAsync(long sender, long version, CancellationToken stop) => store.Main.ReadAsync(
        session => session.Sql("select version, changed_at, changed_by, document from automation_rules where sender_id = @sender and version = @version")
            .Bind("sender", sender).Bind("version", version).FirstAsync(Read, stop),
        stop);

    /// <param name="sender">Whose rules.</param>
    /// <param name="by">Who changes them.</param>
    /// <param name="seen">The version that was read; null puts these in the place of whatever there is.</param>
    /// <param name="document">As <see cref="RulesDocument.Text"/>.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="what">What is done besides, for the audit log.</param>
    public Task<ChangeRulesOutcome> RunAsync(long sender, Member by, long? seen, string document, CancellationToken stop, string what = "") => store.Main.WriteAsync<ChangeRulesOutcome>(
        async session =>
        {
            // Closes hold the same lock: each is decided by the version that was saved before it, and of two writers one comes first.
            var states = new Dictionary<long, SenderState>();
            await session.EachAsync(ChangeLog.Stamp([sender], clock.GetUtcNow().ToUnixTimeMilliseconds(), states), stop);
            var before = await FindAsync(session, sender, stop);
            var version = before?.Version ?? 0;
            if (seen is not null && seen != version) return new ChangeRulesOutcome.Conflict(version);

            var saved = new RulesVersion(version + 1, states[sender].Stamp, by.Email, StillOff(document, before));
            await session.Sql("insert into automation (sender_id, version, sampling_key) values (@sender, @version, @key) on conflict (sender_id) do update set version = excluded.version")
                .Bind("sender", sender).Bind("version", saved.Version).Bind("key", store.Secrets.Protect(RandomNumberGenerator.GetBytes(KeyLength))).RunAsync(stop);
            await session.Sql("insert into automation_rules (sender_id, version, changed_at, changed_by, document) values (@sender, @version, @at, @by, @document)")
                .Bind("sender", sender).Bind("version", saved.Version).Bind("at", saved.ChangedAt).Bind("by", saved.ChangedBy).Bind("document", saved.Document).RunAsync(stop);
            await audit.WriteAsync(session, sender, by, AuditAction.Changed, string.Create(CultureInfo.InvariantCulture, $"automation rules: version {saved.Version}{what}"), stop);
            return new ChangeRulesOutcome.Saved(saved);
        },
        stop);

    /// <summary>Turns all automatic requests on or off, by a version that differs in nothing else.</summary>
    /// <param name="membership">Who does it, and whose rules.</param>
    /// <param name="seen">The version that was read.</param>
    /// <param name="on">Whether customers are asked.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<ChangeRulesOutcome> SwitchAsync(Membership membership, long seen, bool on, CancellationToken stop)
    {
        // A version never changes, so what is read here is what is replaced, or nothing is.
        if (await FindAsync(membership.SenderId, seen, stop) is not { } saved) return new ChangeRulesOutcome.Conflict(0);

        var document = JsonNode.Parse(saved.Document)!.AsObject();
        document["enabled"] = on;
        if (on) document["paused"] = false;
        return await RunAsync(membership.SenderId, membership.Member, seen, document.ToJsonString(s_readable), stop, on ? ", requests turned on" : ", requests turned off");
    }

    // Whoever writes rules need not know that someone turned requests off: only a word turns them on again.
    private static string StillOff(string document, RulesVersion? before)
    {
        if (before is null || JsonNode.Parse(before.Document)!["enabled"]?.GetValueKind() != JsonValueKind.False) return document;

        var json = JsonNode.Parse(document)!.AsObject();
        if (json["enabled"] is not null) return document;

        json["enabled"] = false;
        return json.ToJsonString(s_readable);
    }

    private static Task<RulesVersion?> FindAsync(Session session, long sender, CancellationToken stop) => session.Sql(
        """
        select r.version, r.changed_at, r.changed_by, r.document from automation a
        join automation_rules r on r.sender_id = a.sender_id and r.version = a.version
        where a.sender_id = @sender
        """).Bind("sender", sender).FirstAsync(Read, stop);

    private static RulesVersion Read(Row row) => new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3));
}
