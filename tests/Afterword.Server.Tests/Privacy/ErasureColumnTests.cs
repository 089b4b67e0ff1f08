using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Privacy;

/// <summary>Every column that can hold a text is known: what becomes of it when a person is erased, or why it is nobody's. A new one must be entered here.</summary>
public sealed class ErasureColumnTests
{
    private const string Gone = "erased: the row is deleted, or the column emptied";
    private const string Statistic = "kept: the statistic, of many people alike";
    private const string Business = "not personal: the business's own, the same for all its customers";
    private const string Staff = "kept: of the people who run the place, who are no customers";
    private const string Machine = "not personal: made by the program";
    private const string Hashed = "kept: a keyed hash, so that an opt-out outlives the person and a receipt is found again";

    private static readonly Dictionary<string, string> s_columns = new(StringComparer.Ordinal)
    {
        ["access_token.secret"] = Gone, ["access_token.token"] = Gone,
        ["account.accepts"] = Gone, ["account.language"] = Gone, ["account.mail"] = Gone, ["account.name"] = Gone, ["account.password_hash"] = Gone,
        ["account.privacy_url"] = Business,
        ["account.screen_name"] = Gone, ["account.screen_name_key"] = Gone,
        ["alert.facts"] = Statistic, ["alert_dispatch.reason"] = Staff,
        ["app.callbacks"] = Business, ["app.consumer_key"] = Machine, ["app.consumer_secret"] = Machine, ["app.name"] = Business, ["app.old_secret"] = Machine,
        ["audit.hash"] = Machine, ["audit.person"] = Gone, ["audit.what"] = Gone, ["audit_head.hash"] = Machine,
        ["automation.sampling_key"] = Machine, ["automation_rules.changed_by"] = Staff, ["automation_rules.document"] = Business,
        ["backup_run.error"] = Machine, ["backup_run.file"] = Machine, ["backup_run.holder"] = Machine,
        ["connector.kind"] = Business, ["connector.mapping"] = Business, ["connector.name"] = Business, ["connector.old_secret"] = Machine, ["connector.prefix"] = Business,
        ["connector.refused_why"] = Machine, ["connector.secret"] = Machine, ["connector.token_hash"] = Machine,
        ["connector_event.decision"] = Statistic, ["connector_event.detail"] = Gone, ["connector_event.event_key"] = Machine, ["connector_event.external_id"] = Gone,
        ["connector_event.fields"] = Gone, ["connector_event.reason"] = Statistic, ["customer_ref.ref"] = Gone,
        ["helpdesk.account"] = Business, ["helpdesk.token"] = Machine, ["helpdesk.url"] = Business,
        ["retention.messages"] = Business, ["retention.people"] = Business, ["retention.texts"] = Business, ["retention_run.error"] = Machine, ["retention_run.holder"] = Machine,
        ["x_account.keys"] = Machine, ["x_account.url"] = Business,
        ["console_challenge.state"] = Staff, ["console_session.browser"] = Staff, ["console_session.key_hash"] = Staff,
        ["conversation.agent"] = Statistic, ["conversation.card_base"] = Business, ["conversation.connector"] = Business, ["conversation.display_name"] = Gone,
        ["conversation.external_id"] = Gone, ["conversation.language"] = Statistic, ["conversation.privacy_url"] = Gone, ["conversation.rule"] = Business,
        ["conversation.tags"] = Statistic, ["conversation.team"] = Statistic,
        ["delivery_attempt.answer"] = Gone, ["delivery_attempt.error"] = Machine,
        ["dispatch.card_base"] = Gone, ["dispatch.reason"] = Gone, ["dispatch.token"] = Gone, ["dispatch_attempt.error"] = Gone,
        ["embed_origin.origin"] = Business, ["erasure.handle_hash"] = Hashed, ["erasure.receipt"] = Machine, ["figure_zone.zone"] = Business,
        ["follow_up_note.body"] = Gone, ["follow_up_note.person"] = Gone,
        ["handover.basic"] = Business, ["handover.secret"] = Machine, ["handover.url"] = Business,
        ["idempotency.answer"] = Gone, ["idempotency.fingerprint"] = Gone, ["idempotency.idempotency_key"] = Gone,
        ["invitation.key_hash"] = Staff, ["kept_opt_out.hash"] = Hashed, ["key_ring.element"] = Machine, ["key_ring.name"] = Machine, ["known_browser.key_hash"] = Gone,
        ["message.body"] = Gone,
        ["operator_key.key_hash"] = Staff, ["operator_key.name"] = Staff, ["outbound_hold.reason"] = Machine,
        ["passkey.credential_id"] = Staff, ["passkey.details"] = Staff, ["passkey.name"] = Staff, ["passkey.public_key"] = Staff,
        ["person.mail"] = Staff, ["person.mail_key"] = Staff, ["person.name"] = Staff, ["person.password_hash"] = Staff, ["person.time_zone"] = Staff, ["person.totp_secret"] = Staff,
        ["privacy_key.key"] = Machine,
        ["prompt.agent"] = Statistic, ["prompt.card_hash"] = Gone, ["prompt.comment"] = Gone, ["prompt.display_name"] = Gone, ["prompt.external_id"] = Gone,
        ["prompt.language"] = Statistic, ["prompt.privacy_url"] = Gone, ["prompt.question"] = Gone, ["prompt.tags"] = Statistic, ["prompt_tag.tag"] = Statistic,
        ["recovery_code.code_hash"] = Staff,
        ["request_token.callback"] = Gone, ["request_token.secret"] = Gone, ["request_token.token"] = Gone, ["request_token.verifier"] = Gone, ["reset_link.key_hash"] = Gone,
        ["rollup.times"] = Statistic, ["rollup.value"] = Statistic, ["rule_window.rule"] = Business,
        ["schema_beside.part"] = Machine, ["schema_version.name"] = Machine, ["schema_version.part"] = Machine, ["sender_state.day_zone"] = Business,
        ["text_word.word"] = Gone,
        ["user_factor.totp_secret"] = Gone, ["user_recovery_code.code_hash"] = Gone, ["visit.browser"] = Gone, ["visit.key_hash"] = Gone,
        ["webhook.basic"] = Business, ["webhook.disabled_reason"] = Machine, ["webhook.old_secret"] = Machine, ["webhook.secret"] = Machine, ["webhook.url"] = Business,
        ["worker_lease.holder"] = Machine,
    };

    /// <summary>The tables that hold something of a person.</summary>
    internal static IEnumerable<string> TablesOfPeople => s_columns.Where(column => column.Value == Gone).Select(column => column.Key.Split('.')[0]).Distinct();

    [Fact]
    public async Task Every_column_that_can_hold_a_text_is_entered()
    {
        using var folder = TestFolder.Create("columns");
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(await Engine.Sqlite.MigratedStoreAsync(folder)).Build());
        Assert.Empty(errors);
        await using var store = await Store.OpenAsync(settings!, TimeProvider.System, default);

        // What the engine says that there is, and not what the program makes of its migrations.
        var columns = await store.Main.ReadAsync(
            session => session.Sql(store.Main.ListColumns).ListAsync(row => (Name: $"{row.GetString(0)}.{row.GetString(1)}", Type: row.GetString(2)), default), default);
        var texts = columns.Where(column => column.Type is not ("bigint" or "smallint") && !column.Name.StartsWith("sqlite_", StringComparison.Ordinal)).Select(column => column.Name).ToArray();

        Assert.Equal([], texts.Except(s_columns.Keys));
        Assert.Equal([], s_columns.Keys.Except(texts));
    }
}
