using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Identity;

namespace Afterword.Server.Console.Authentication;

/// <summary>A person as the framework's passkeys know one.</summary>
internal sealed record PasskeyOwner(long Id);

/// <summary>Keeps the public halves of passkeys for the framework's <see cref="PasskeyHandler{TUser}"/>.</summary>
internal sealed class PasskeyStore(Store store) : IUserPasskeyStore<PasskeyOwner>
{
    private const string Columns = "credential_id, public_key, name, sign_count, details, created_at";

    public Task<PasskeyOwner?> FindByIdAsync(string userId, CancellationToken cancellationToken) => FindOwnerAsync(
        "select id from person where id = @id", "id", long.Parse(userId, CultureInfo.InvariantCulture), cancellationToken);

    public Task<PasskeyOwner?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken) => FindOwnerAsync(
        "select person_id from passkey where credential_id = @credential", "credential", credentialId, cancellationToken);

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(PasskeyOwner user, CancellationToken cancellationToken) => await store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from passkey where person_id = @id order by created_at").Bind("id", user.Id).ListAsync(Read, cancellationToken), cancellationToken);

    public Task<UserPasskeyInfo?> FindPasskeyAsync(PasskeyOwner user, byte[] credentialId, CancellationToken cancellationToken) => store.Main.ReadAsync(
        session => session.Sql($"select {Columns} from passkey where credential_id = @credential and person_id = @id").Bind("credential", credentialId).Bind("id", user.Id)
            .FirstAsync(Read, cancellationToken),
        cancellationToken);

    /// <summary>Adds a passkey. One that is someone else's already is not taken over.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="personId">Whose.</param>
    /// <param name="passkey">As the framework checked it.</param>
    /// <param name="stop">Gives up.</param>
    public static Task<int> AddAsync(Session session, long personId, UserPasskeyInfo passkey, CancellationToken stop) => session.Sql(
        """
        insert into passkey (credential_id, person_id, name, public_key, sign_count, details, created_at)
        values (@credential, @person, @name, @key, @count, @details, @now)
        on conflict (credential_id) do nothing
        """)
        .Bind("credential", passkey.CredentialId).Bind("person", personId).Bind("name", passkey.Name ?? "").Bind("key", passkey.PublicKey).Bind("count", (long)passkey.SignCount)
        .Bind("details", JsonSerializer.Serialize(new(passkey.Transports, passkey.IsUserVerified, passkey.IsBackupEligible, passkey.IsBackedUp), PasskeyJson.Default.PasskeyDetailsJson))
        .Bind("now", passkey.CreatedAt.ToUnixTimeMilliseconds()).RunAsync(stop);

    /// <summary>Notes the counter of a passkey that was used; a lower one than is known shows a copy, and changes nothing.</summary>
    public static Task<int> NoteAsync(Session session, long personId, UserPasskeyInfo passkey, CancellationToken stop) => session.Sql(
        "update passkey set sign_count = @count where credential_id = @credential and person_id = @person and (sign_count < @count or (sign_count = 0 and @count = 0))")
        .Bind("credential", passkey.CredentialId).Bind("person", personId).Bind("count", (long)passkey.SignCount).RunAsync(stop);

    public static Task<int> RemoveAsync(Session session, long personId, byte[] credentialId, CancellationToken stop) =>
        session.Sql("delete from passkey where credential_id = @credential and person_id = @person").Bind("credential", credentialId).Bind("person", personId).RunAsync(stop);

    public Task<string> GetUserIdAsync(PasskeyOwner user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString(CultureInfo.InvariantCulture));

    // Everything else of a person is kept by Persons, and written in transactions of ours.
    public Task AddOrUpdatePasskeyAsync(PasskeyOwner user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task RemovePasskeyAsync(PasskeyOwner user, byte[] credentialId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> CreateAsync(PasskeyOwner user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> UpdateAsync(PasskeyOwner user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> DeleteAsync(PasskeyOwner user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<PasskeyOwner?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> GetUserNameAsync(PasskeyOwner user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetUserNameAsync(PasskeyOwner user, string? userName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> GetNormalizedUserNameAsync(PasskeyOwner user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetNormalizedUserNameAsync(PasskeyOwner user, string? normalizedName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private Task<PasskeyOwner?> FindOwnerAsync(string sql, string name, object value, CancellationToken stop) =>
        store.Main.ReadAsync(session => session.Sql(sql).Bind(name, value).FirstAsync(row => new PasskeyOwner(row.GetInt64(0)), stop), stop);

    private static UserPasskeyInfo Read(Row row)
    {
        var details = JsonSerializer.Deserialize(row.GetString(4), PasskeyJson.Default.PasskeyDetailsJson)!;

        // What the authenticator said of itself when it was added is not kept.
        return new(
            row.GetBytes(0), row.GetBytes(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), (uint)row.GetInt64(3), details.Transports?.ToArray(),
            details.Verified, details.BackupEligible, details.BackedUp, [], []) { Name = row.GetString(2) };
    }
}

/// <summary>What a browser needs to find a passkey again, and the flags that must stay as they were. Stored as JSON.</summary>
internal sealed record PasskeyDetailsJson(IReadOnlyList<string>? Transports, bool Verified, bool BackupEligible, bool BackedUp);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PasskeyDetailsJson))]
internal sealed partial class PasskeyJson : JsonSerializerContext;
