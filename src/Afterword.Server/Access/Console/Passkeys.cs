using System.Globalization;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Afterword.Server.Access.Console;

/// <summary>Passkeys as a second factor, by the framework's WebAuthn. A challenge belongs to one session and is taken once.</summary>
internal sealed class Passkeys(Store store, Settings settings, SecondFactors factors, GuessGate gate, IServiceProvider services, TimeProvider clock)
{
    private const int MostName = 50;
    private static readonly TimeSpan s_challengeLasts = TimeSpan.FromMinutes(10);

    private readonly PasskeyHandler<PasskeyOwner> _handler = new(UserManagerOf(store, services), Options.Create(OptionsOf(settings)));

    /// <summary>What the browser is asked to make a passkey with.</summary>
    public async Task<string> OfferAsync(HttpContext http, Person person)
    {
        var asked = await _handler.MakeCreationOptionsAsync(new() { Id = IdOf(person.Id), Name = person.Mail, DisplayName = person.Name }, http);
        await KeepAsync(person, asked.AttestationState!, http.RequestAborted);
        return asked.CreationOptionsJson;
    }

    /// <summary>What the browser is asked to sign with a passkey.</summary>
    public async Task<string> AskAsync(HttpContext http, Person person)
    {
        var asked = await _handler.MakeRequestOptionsAsync(new PasskeyOwner(person.Id), http);
        await KeepAsync(person, asked.AssertionState!, http.RequestAborted);
        return asked.RequestOptionsJson;
    }

    /// <summary>Adds what the browser made.</summary>
    /// <param name="http">The request.</param>
    /// <param name="person">Whose.</param>
    /// <param name="credential">As <c>navigator.credentials.create</c> gave it, in JSON.</param>
    /// <param name="name">What the person calls it.</param>
    /// <param name="onlyFirst">Whether a person who has a second factor already is refused.</param>
    public async Task<bool> AddAsync(HttpContext http, Person person, string credential, string name, bool onlyFirst)
    {
        if (await TakeAsync(person, http.RequestAborted) is not { } state) return false;

        var made = await _handler.PerformAttestationAsync(new() { HttpContext = http, CredentialJson = credential, AttestationState = state });
        if (!made.Succeeded || made.UserEntity.Id != IdOf(person.Id)) return false;

        made.Passkey.Name = name.Trim() is { Length: > 0 and <= MostName } given && !given.Any(char.IsControl) ? given : "Passkey";
        return await factors.AddPasskeyAsync(person, made.Passkey, onlyFirst, http.RequestAborted);
    }

    /// <summary>Checks what the browser signed.</summary>
    /// <param name="http">The request.</param>
    /// <param name="person">Whose passkey it must be.</param>
    /// <param name="credential">As <c>navigator.credentials.get</c> gave it, in JSON.</param>
    public async Task<CheckOutcome> CheckAsync(HttpContext http, Person person, string credential) => await gate.CheckCodeAsync(
        http.Connection.RemoteIpAddress, () => CheckOnceAsync(http, person, credential), outcome => outcome is CheckOutcome.Wrong) ?? new CheckOutcome.TooMany();

    private async Task<CheckOutcome> CheckOnceAsync(HttpContext http, Person person, string credential)
    {
        var stop = http.RequestAborted;
        if (await TakeAsync(person, stop) is not { } state) return new CheckOutcome.Wrong();

        var shown = await _handler.PerformAssertionAsync(new() { HttpContext = http, CredentialJson = credential, AssertionState = state });
        if (!shown.Succeeded || shown.User.Id != person.Id) return new CheckOutcome.Wrong();

        return await store.Main.WriteAsync<CheckOutcome>(
            async session =>
            {
                await AccountHold.HoldAsync(session, AccountKind.Person, person.Id, stop);
                if (await PasskeyStore.NoteAsync(session, person.Id, shown.Passkey, stop) == 0) return new CheckOutcome.Wrong();

                await SecondFactors.ForgiveAsync(session, person.Id, stop);
                return new CheckOutcome.Right(person.Id, PasswordHash: null);
            },
            stop);
    }

    public Task<int> PurgeAsync(CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from console_challenge where created_at <= @oldest").Bind("oldest", Oldest).RunAsync(stop), stop);

    private long Oldest => (clock.GetUtcNow() - s_challengeLasts).ToUnixTimeMilliseconds();

    private Task<int> KeepAsync(Person person, string state, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql(
            """
            insert into console_challenge (session_id, state, created_at) values (@session, @state, @now)
            on conflict (session_id) do update set state = excluded.state, created_at = excluded.created_at
            """)
            .Bind("session", person.SessionId).Bind("state", state).Bind("now", clock.GetUtcNow().ToUnixTimeMilliseconds()).RunAsync(stop),
        stop);

    private Task<string?> TakeAsync(Person person, CancellationToken stop) => store.Main.WriteAsync(
        session => session.Sql("delete from console_challenge where session_id = @session and created_at > @oldest returning state")
            .Bind("session", person.SessionId).Bind("oldest", Oldest).FirstAsync(row => row.GetString(0), stop),
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
