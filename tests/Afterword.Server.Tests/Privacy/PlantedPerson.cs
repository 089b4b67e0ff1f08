using System.Globalization;
using System.Text;
using Afterword.Client.OAuth;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Server.Webhooks;

namespace Afterword.Server.Tests.Privacy;

/// <summary>A customer of two senders who stands wherever a person can stand, each place with a text of its own that is looked for afterwards.</summary>
internal sealed class PlantedPerson
{
    public const string Handle = "qz_handle_9x";

    private readonly FeedbackFixture _fixture;
    private readonly List<string> _markers = [Handle];

    private PlantedPerson(FeedbackFixture fixture, User user, OAuthCredentials token, OAuthCredentials lampToken) => (_fixture, User, Token, LampToken) = (fixture, user, token, lampToken);

    public User User { get; }

    public OAuthCredentials Token { get; }

    /// <summary>Of the second sender.</summary>
    public OAuthCredentials LampToken { get; }

    /// <summary>What must be nowhere afterwards.</summary>
    public IReadOnlyList<string> Markers => _markers;

    /// <summary>Switched off; null without one.</summary>
    public EndpointKey? Webhook { get; private set; }

    /// <summary>The person's requests, oldest first.</summary>
    public List<string> Requests { get; } = [];

    private string Id => User.Id.ToString(CultureInfo.InvariantCulture);

    private TestServer Server => _fixture.Server;

    /// <param name="fixture">Whose sender knows the person; another one is added.</param>
    /// <param name="webhook">Where the first sender's events are posted to.</param>
    public static async Task<PlantedPerson> PlantAsync(FeedbackFixture fixture, Uri? webhook = null)
    {
        var user = await fixture.Server.UserAsync(Handle);
        var (_, lamp) = await fixture.Server.SenderAsync(fixture.App, "lamp");
        var person = new PlantedPerson(fixture, user, await fixture.Server.TokenAsync(fixture.App, user), lamp);
        if (webhook is not null)
        {
            // What happens waits for it.
            person.Webhook = (await fixture.Server.Get<Endpoints>().AddAsync(fixture.Furni.Id, webhook, null, Approval.NeededIfOwned, default)).Key;
            await fixture.Server.Get<Endpoints>().DisableAsync(person.Webhook.Value, "for the test", default);
        }

        // The first one waits for a mail server that is not there.
        await person.RunAsync("update account set channel = 1, mail = 'maja@mail.example' where id = @user");
        await person.AskAsync(fixture.Sender, "csat", 1);
        await person.RunAsync("update account set channel = 0 where id = @user");
        await person.AskAsync(fixture.Sender, "nps", 3);
        await person.AskAsync(lamp, "csat", 5);
        await person.WriteAsync();
        await person.CloseAsync();
        await person.PlantBesideAsync();
        return person;
    }

    private string Mark()
    {
        var marker = string.Create(CultureInfo.InvariantCulture, $"qz{_markers.Count:000}zq");
        _markers.Add(marker);
        return marker;
    }

    private async Task AskAsync(OAuthCredentials sender, string type, int score)
    {
        var asked = (await Server.SendAsync(
            sender, HttpMethod.Post, "/1.1/feedback/create.json",
            TestServer.Form(
                ("type", type), ("to_user_id", Id), ("message", $"Hello {Mark()}"), ("privacy_url", $"https://furni.example/privacy/{Mark()}"), ("external_id", Mark()), ("display_name", Mark()),
                ("agent", "zoe"), ("tags", "late"), ("include_card", "true")),
            request => request.Headers.TryAddWithoutValidation("Idempotency-Key", Mark()))).Is(200);
        (await Server.PostAsync(Token, $"/1.1/feedback/submit/{asked.Text("id")}.json", ("score", score.ToString(CultureInfo.InvariantCulture)), ("text", $"It was {Mark()} and {Mark()}"))).Is(200);
        Requests.Add(asked.Text("id"));
    }

    private async Task WriteAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            (await Server.WriteAsync(Token, _fixture.Furni, $"I wrote {Mark()}")).Is(200);
            (await Server.WriteAsync(_fixture.Sender, User, $"You wrote {Mark()}")).Is(200);
            (await Server.WriteAsync(Token, _fixture.Ana, $"Between us {Mark()}")).Is(200);
            (await Server.WriteAsync(_fixture.Recipient, User, $"And back {Mark()}")).Is(200);
        }
    }

    private async Task CloseAsync()
    {
        foreach (var sender in new[] { _fixture.Sender, LampToken })
        {
            (await Server.PostAsync(
                sender, "/1.1/feedback/conversations/close.json", ("to_user_id", Id), ("external_id", Mark()), ("display_name", Mark()), ("privacy_url", $"https://furni.example/{Mark()}"), ("agent", "zoe"))).Is(200);
        }
    }

    /// <summary>What no single call of a test leaves behind.</summary>
    private async Task PlantBesideAsync()
    {
        var (furni, first) = (_fixture.Furni.Id, long.Parse(Requests[0], CultureInfo.InvariantCulture));
        await RunAsync("update account set name = @a, mail = @b, password_hash = @c, language = 'de' where id = @user", Mark(), $"{Mark()}@mail.example", Mark());
        await RunAsync("insert into automation (sender_id, version, sampling_key) values (@furni, 0, @key)", furni, Server.Server.Store.Secrets.Protect(new byte[32]));
        await RunAsync("update conversation set decision = 0, reason = 0, due_at = 1767900000000 where sender_id = @furni", furni);
        await RunAsync("update dispatch set reason = @a where prompt_id = @first", Mark(), first);
        await RunAsync("insert into dispatch_attempt (sender_id, prompt_id, number, started_at, outcome, error) values (@furni, @first, 1, 0, 3, @a)", furni, first, Mark());
        for (var i = 1L; i <= 2; i++) await RunAsync("insert into follow_up_note (sender_id, prompt_id, id, at, person_id, person, body) values (@furni, @first, @i, 0, 1, 'Owner', @a)", furni, first, i, Mark());
        var number = 100L;
        foreach (var (endpoint, delivery) in await Server.Server.Store.Main.ReadAsync(
            session => session.Sql("select endpoint_id, id from delivery where prompt_id = @first").Bind("first", first).ListAsync(row => (row.GetInt64(0), row.GetInt64(1)), default), default))
        {
            await RunAsync(
                "insert into delivery_attempt (sender_id, endpoint_id, delivery_id, number, started_at, took, status, answer) values (@furni, @endpoint, @delivery, @number, 0, 1, 500, @a)",
                furni, endpoint, delivery, number++, Encoding.UTF8.GetBytes(Mark()));
        }

        await RunAsync("insert into visit (key_hash, user_id, created_at, seen_at, browser) values (@a, @user, @now, @now, @b)", Bytes(), Mark());
        await RunAsync("insert into user_factor (user_id, totp_secret, totp_step) values (@user, @a, 0)", Bytes());
        await RunAsync("insert into user_recovery_code (user_id, code_hash) values (@user, @a)", Bytes());
        await RunAsync("insert into known_browser (key_hash, kind, owner_id, seen_at) values (@a, 1, @user, @now)", Bytes());
        await RunAsync("insert into reset_link (key_hash, kind, owner_id, created_at, ends_at) values (@a, 1, @user, @now, @now)", Bytes());
        await RunAsync("insert into request_token (token, app_id, secret, callback, permission, user_id, created_at) select @a, id, @b, @c, 1, @user, @now from app", Mark(), Bytes(), $"https://app.example/{Mark()}");
        await RunAsync("insert into access_token (token, app_id, user_id, secret, permission, created_at) select @a, id, @user, consumer_secret, 1, 0 from app", Mark());
        await RunAsync("insert into exempt (user_id, created_at) values (@user, 0)");
        await RunAsync("insert into reading (user_id, peer_id, read_up_to) values (@user, @furni, 1), (@furni, @user, 1)", furni);
    }

    private byte[] Bytes() => Encoding.UTF8.GetBytes($"{Mark()} of thirty-two bytes, or so");

    /// <summary>Binds what the statement names, in its order; <c>@user</c> and <c>@now</c> by themselves.</summary>
    private Task<int> RunAsync(string sql, params object[] values) => Server.Server.Store.Main.WriteAsync(
        session =>
        {
            var statement = session.Sql(sql);
            var names = System.Text.RegularExpressions.Regex.Matches(sql, @"(?<!\w)@(?<name>\w+)").Select(match => match.Groups["name"].Value).Distinct().ToList();
            if (names.Remove("user")) statement.Bind("user", User.Id);
            if (names.Remove("now")) statement.Bind("now", Server.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            Assert.Equal(values.Length, names.Count);
            for (var i = 0; i < values.Length; i++) statement.Bind(names[i], values[i]);
            return statement.RunAsync(default);
        },
        default);
}
