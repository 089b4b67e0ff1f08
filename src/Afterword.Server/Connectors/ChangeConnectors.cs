using System.Security.Cryptography;
using System.Text;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Parsing;
using Afterword.Server.Storage;

namespace Afterword.Server.Connectors;

/// <summary>A connector that is to be added.</summary>
/// <param name="Name">Null for that of its kind.</param>
/// <param name="Secret">What the other side signs with, where it is known already.</param>
/// <param name="Mapping">A definition of its own, checked; null for that of its kind.</param>
internal sealed record NewConnector(Preset Preset, string? Name, string? Secret, string? Mapping, bool CreatesUsers);

/// <summary>What is told once: where the other side posts to, and what it signs with.</summary>
/// <param name="Path">The path of the address, which begins with the server's own.</param>
/// <param name="Secret">One of ours; null where the other side has one of its own, or needs none.</param>
internal sealed record ConnectorSecrets(string? Path, string? Secret);

/// <summary>What became of a new connector.</summary>
internal abstract record AddConnectorOutcome
{
    private AddConnectorOutcome()
    {
    }

    internal sealed record Added(ConnectorKey Key, string Name, ConnectorSecrets Secrets) : AddConnectorOutcome;

    /// <summary>The sender has one of this name.</summary>
    internal sealed record NameTaken(string Name) : AddConnectorOutcome;

    internal sealed record TooMany : AddConnectorOutcome;
}

/// <summary>Adds, changes and removes a sender's connectors. Each change stands in the sender's audit log, in the same transaction.</summary>
internal sealed class ChangeConnectors(Store store, Settings settings, AuditLog audit, TimeProvider clock)
{
    public const int NameLength = 32;
    public const int SecretLength = 500;
    public const int Most = 50;

    /// <summary>Why a secret is refused that nobody would ask for: it would only look as if deliveries were signed.</summary>
    public const string TakesNoSecret = "This connector takes no secret: its mapping has no verify, which says how deliveries are signed.";

    private const string SecretPrefix = "awsec_";
    private const int SecretBytes = 24;

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What a name must be, when it is not that; else null.</summary>
    public static string? WrongWithName(string name) => TextRules.IsLabel(name, NameLength) && name == name.Trim() && TextRules.Normalise(name, NameLength) == name ? null : "one line of 1 to 32 characters";

    /// <summary>What a secret must be, when it is not that; else null.</summary>
    public static string? WrongWithSecret(string secret) => secret.Length is > 0 and <= SecretLength && !TextRules.HasForbidden(secret) ? null : "1 to 500 characters without control characters";

    public Task<AddConnectorOutcome> AddAsync(long sender, Member by, NewConnector connector, CancellationToken stop)
    {
        var definition = connector.Mapping is null ? connector.Preset.Definition : DefinitionReader.OfStored(connector.Mapping);
        var (id, name) = (store.Ids.Next(), connector.Name ?? connector.Preset.Kind);
        var (address, secret) = (ConnectorAddress.New(sender, id), connector.Secret ?? (MakesSecret(connector.Preset, connector.Mapping is not null, definition) ? NewSecret() : null));
        return store.Main.WriteAsync<AddConnectorOutcome>(
            async session =>
            {
                var many = await session.Sql("select count(*) from connector where sender_id = @sender and removed_at is null").Bind("sender", sender).FirstAsync(row => row.GetInt64(0), stop);
                if (many >= Most) return new AddConnectorOutcome.TooMany();

                // The first of a kind has conversations such as zammad:81, as the channel into conversations wants them; a name could be another kind.
                var isTaken = await session.Sql("select 1 from connector where sender_id = @sender and prefix = @kind and removed_at is null").Bind("sender", sender).Bind("kind", connector.Preset.Kind).FirstAsync(_ => true, stop);
                var added = await session.Sql(
                    """
                    insert into connector (sender_id, id, kind, name, prefix, token_hash, secret, mapping, create_users, version, added_at)
                    values (@sender, @id, @kind, @name, @prefix, @hash, @secret, @mapping, @creates, 1, @now) on conflict do nothing
                    """)
                    .Bind("sender", sender).Bind("id", id).Bind("kind", connector.Preset.Kind).Bind("name", name).Bind("prefix", isTaken ? $"{connector.Preset.Kind}-{name}" : connector.Preset.Kind).Bind("hash", address.Hash()).Bind("secret", Sealed(secret))
                    .Bind("mapping", connector.Mapping).Bind("creates", connector.CreatesUsers ? 1L : 0L).Bind("now", Now).RunAsync(stop);
                if (added == 0) return new AddConnectorOutcome.NameTaken(name);

                await audit.WriteAsync(session, sender, by, AuditAction.Changed, $"connector {name}: added, of {connector.Preset.Kind}", stop);
                return new AddConnectorOutcome.Added(new(sender, id), name, new($"{ConnectorAddress.PathPrefix}{address}", connector.Secret is null ? secret : null));
            },
            stop);
    }

    /// <summary>Gives another secret. The one before works beside it for a while, so that the other side can be changed over.</summary>
    /// <param name="connector">Which.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="theirs">What the other side signs with; null makes one of ours.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The secret, where it is one of ours; null when the connector is gone.</returns>
    public async Task<ConnectorSecrets?> ChangeSecretAsync(Connector connector, Member by, string? theirs, CancellationToken stop)
    {
        var ours = theirs is null ? NewSecret() : null;
        var changed = await ChangeAsync(
            connector, by, "new secret", "old_secret = secret, old_secret_until = @until, secret = @secret",
            statement => statement.Bind("until", Now + (long)settings.Webhooks.SecretOverlap.TotalMilliseconds).Bind("secret", Sealed(theirs ?? ours)), stop);
        return changed ? new(null, ours) : null;
    }

    /// <summary>Gives another address; the one before opens nothing from then on.</summary>
    /// <returns>Null when the connector is gone.</returns>
    public async Task<ConnectorSecrets?> ChangeAddressAsync(Connector connector, Member by, CancellationToken stop)
    {
        var address = ConnectorAddress.New(connector.Key.SenderId, connector.Key.Id);
        return await ChangeAsync(connector, by, "new address", "token_hash = @hash", statement => statement.Bind("hash", address.Hash()), stop) ? new($"{ConnectorAddress.PathPrefix}{address}", null) : null;
    }

    /// <param name="connector">Which.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="mapping">A definition of its own, checked; null for that of its kind.</param>
    /// <param name="createsUsers">Whether a customer whom nobody knows becomes a user.</param>
    /// <param name="stop">Gives up.</param>
    public Task<bool> ChangeMappingAsync(Connector connector, Member by, string? mapping, bool createsUsers, CancellationToken stop) => ChangeAsync(
        connector, by, $"{(mapping is null ? "the mapping of its kind" : "a mapping of its own")}{(connector.IsSigned && mapping is not null && !DefinitionReader.OfStored(mapping).TakesSecret ? ", no longer signed" : "")}, {(createsUsers ? "adds users" : "adds no users")}", "mapping = @mapping, create_users = @creates",
        statement => statement.Bind("mapping", mapping).Bind("creates", createsUsers ? 1L : 0L), stop);

    /// <summary>Removes a connector: its address opens nothing from then on. What is kept of its events ends with their time.</summary>
    public Task<bool> RemoveAsync(Connector connector, Member by, CancellationToken stop) =>
        ChangeAsync(connector, by, "removed", "removed_at = @now, secret = null, old_secret = null", statement => statement.Bind("now", Now), stop);

    /// <summary>Says which user a customer of a sender is, under a name that the sender's programs know.</summary>
    public Task NameCustomerAsync(long sender, Member by, string reference, long userId, string handle, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await session.Sql("insert into customer_ref (sender_id, ref, user_id, basis) values (@sender, @ref, @user, @basis) on conflict (sender_id, ref) do update set user_id = excluded.user_id, basis = excluded.basis")
                .Bind("sender", sender).Bind("ref", reference).Bind("user", userId).Bind("basis", (long)CustomerBasis.Named).RunAsync(stop);
            return await audit.WriteAsync(session, sender, by, AuditAction.Changed, $"connectors: named a customer as @{handle}", stop);
        },
        stop);

    /// <summary>The same of many, out of a file; whoever reads it has written down that it was read.</summary>
    /// <param name="sender">Whose customers.</param>
    /// <param name="named">The business's own numbers, by handle.</param>
    /// <param name="stop">Gives up.</param>
    public Task<int> NameCustomersAsync(long sender, IReadOnlyList<(string ScreenName, string Ref)> named, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            await session.EachAsync(
                """
                insert into customer_ref (sender_id, ref, user_id)
                select item.sender_id, item.ref, a.id from {rows} join account a on a.screen_name_key = item.screen_name_key where true
                on conflict (sender_id, ref) do update set user_id = excluded.user_id
                returning user_id
                """,
                Rows.Of(named).Long("sender_id", _ => sender).Text("ref", one => CustomerRef.OfBusiness(one.Ref)).Text("screen_name_key", one => Users.UserAccounts.Key(one.ScreenName)), _ => { }, stop);
            return named.Count;
        },
        stop);

    private Task<bool> ChangeAsync(Connector connector, Member by, string what, string set, Func<Statement, Statement> bind, CancellationToken stop) => store.Main.WriteAsync(
        async session =>
        {
            var changed = await bind(session.Sql($"update connector set version = version + 1, {set} where sender_id = @sender and id = @id and removed_at is null"))
                .Bind("sender", connector.Key.SenderId).Bind("id", connector.Key.Id).RunAsync(stop);
            if (changed == 0) return false;

            await audit.WriteAsync(session, connector.Key.SenderId, by, AuditAction.Changed, $"connector {connector.Name}: {what}", stop);
            return true;
        },
        stop);

    // With a mapping of its own, nobody knows that the other side has a secret.
    private static bool MakesSecret(Preset preset, bool hasMapping, Definition definition) => definition.TakesSecret && (preset.Origin == SecretOrigin.Ours || (preset.Origin == SecretOrigin.None && hasMapping));

    private static string NewSecret() => SecretPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));

    private byte[]? Sealed(string? secret) => secret is null ? null : store.Secrets.Protect(Encoding.UTF8.GetBytes(secret));
}
