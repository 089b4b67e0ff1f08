using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.SignIn;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Console.Authentication;

/// <summary>Passkeys as a second factor, by the framework's WebAuthn. A challenge belongs to one session and is taken once.</summary>
internal sealed class Passkeys(Store store, Settings settings, SecondFactors factors, GuessThrottle gate, IServiceProvider services, TimeProvider clock)
{
    private const int MostName = 50;
    private static readonly TimeSpan s_challengeLasts = TimeSpan.FromMinutes(10);

    private readonly PasskeyHandler<PasskeyOwner> _handler = new(UserManagerOf(store, services), Options.Create(OptionsOf(settings)));

    /// <summary>What the browser is asked to make a passkey with.</summary>
    public async Task<string> OfferAsync(HttpContext http, Member member)
    {
        var asked = await _handler.MakeCreationOptionsAsync(new() { Id = IdOf(member.Id), Name = member.Email, DisplayName = member.Name }, http);
        await KeepAsync(member, asked.AttestationState!, http.RequestAborted);
        return asked.CreationOptionsJson;
    }

    /// <summary>What the browser is asked to sign with a passkey.</summary>
    public async Task<string> AskAsync(HttpContext http, Member member)
    {
        var asked = await _handler.MakeRequestOptionsAsync(new PasskeyOwner(member.Id), http);
        await KeepAsync(member, asked.AssertionState!, http.RequestAborted);
        return asked.RequestOptionsJson;
    }

    /// <summary>Adds what the browser made.</summary>
    /// <param name="http">The request.</param>
    /// <param name="member">Whose.</param>
    /// <param name="credential">As <c>navigator.credentials.create</c> gave it, in JSON.</param>
    /// <param name="name">What the person calls it.</param>
    /// <param name="onlyFirst">Whether a person who has a second factor already is refused.</param>
    public async Task<bool> AddAsync(HttpContext http, Member member, string credential, string name, bool onlyFirst)
    {
        if (await TakeAsync(member, http.RequestAborted) is not { } state) return false;

        var made = await _handler.PerformAttestationAsync(new() { HttpContext = http, CredentialJson = credential, AttestationState = state });
        if (!made.Succeeded || made.UserEntity.Id != IdOf(member.Id)) return false;

        made.Passkey.Name = name.Trim() is { Length: > 0 and <= MostName } given && !given.Any(char.IsControl) ? given : "Passkey";
        return await factors.AddPasskeyAsync(member, made.Passkey, onlyFirst, http.RequestAborted);
    }

    /// <summary>Checks what the browser signed.</summary>
    /// <param name="http">The request.</param>
    /// <param name="member">Whose passkey it must be.</param>
    /// <param name="credential">As <c>navigator.credentials.get</c> gave it, in JSON.</param>
    public async Task<CheckOutcome> CheckAsync(HttpContext http, Member member, string credential) => await gate.CheckCodeAsync(
        http.Connection.RemoteIpAddress, () => CheckOnceAsync(http, member, credential), outcome => outcome is CheckOutcome.Wrong) ?? new CheckOutcome.TooMany();

    private async Task<CheckOutcome> CheckOnceAsync(HttpContext http, Member member, string credential)
    {
        var stop = http.RequestAborted;
        if (await TakeAsync(member, stop) is not { } state) return new CheckOutcome.Wrong();

        var shown = await _handler.PerformAssertionAsync(new() { HttpContext = http, CredentialJson = credential, AssertionState = state });
        if (!shown.Succeeded || shown.User.Id != member.Id) return new CheckOutcome.Wrong();

        return await store.Main.WriteAsync<CheckOutcome>(
            async session =>
            {
                await AccountLock.HoldAsync(session, AccountKind.Person, member.Id, stop);
                if (await PasskeyStore.NoteAsync(session, member.Id, shown.Passkey, stop) == 0) return new CheckOutcome.Wrong();

                await SecondFactors.ForgiveAsync(session, member.Id, stop);
                return new CheckOutcome.Right(member.Id, PasswordHash: null);
            },
            stop);
    }

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from console_challenge where created_at <= @oldest").Bind("oldest", Oldest).RunAsync(stop), stop);

    private long Oldest => (clock.GetUtcNow() - s_challengeLasts).ToUnixTimeMilliseconds();

    private Task<int> KeepAsync(Member member, string state, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql(
            """
            insert into console_challenge (session_id, state, created_at) values (@session, @state, @now)
            on conflict (session_id) do update set state = excluded.state, created_at = excluded.created_at
            """)
            .Bind("session", member.SessionId).Bind("state", state).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    private Task<string?> TakeAsync(Member member, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from console_challenge where session_id = @session and created_at > @oldest returning state")
            .Bind("session", member.SessionId).Bind("oldest", Oldest).FirstAsync(row => row.GetString(0), stop),
        stop);

    private static string IdOf(long personId) => personId.ToString(CultureInfo.InvariantCulture);

    // A passkey belongs to the host that browsers know this server by; what proxies call it is of no interest.
    private static IdentityPasskeyOptions OptionsOf(Settings settings) => new()
    {
        ServerDomain = settings.PublicUrl?.Host,
        UserVerificationRequirement = "preferred",
        ResidentKeyRequirement = "discouraged",
        AuthenticatorTimeout = TimeSpan.FromMinutes(5),
        ValidateOrigin = context => ValueTask.FromResult(
            !context.CrossOrigin && context.HttpContext.PublicBase(settings).Equals(context.Origin, StringComparison.OrdinalIgnoreCase)),
    };

    private static UserManager<PasskeyOwner> UserManagerOf(Store store, IServiceProvider services) => new(
        new PasskeyStore(store), Options.Create(new IdentityOptions()), new PasswordHasher<PasskeyOwner>(), [], [], keyNormalizer: null!, new IdentityErrorDescriber(), services,
        services.GetRequiredService<ILogger<UserManager<PasskeyOwner>>>());
}
