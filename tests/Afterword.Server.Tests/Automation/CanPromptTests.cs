using Afterword.Client.Wire;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Due;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Tests.Fixtures;
using Afterword.Server.Users;
using Afterword.Support;

namespace Afterword.Server.Tests.Automation;

/// <summary>The dry run against the close that follows it, in a world in which everything changes at random.</summary>
public abstract class CanPromptTests(Engine engine, int cases)
{
    private const int PerRules = 100;
    private const int PerMoment = 4;

    private static readonly string[] s_tags = ["a", "b", "c"];
    private static readonly string[] s_agents = ["kenji", "zoe"];
    private static readonly string[] s_languages = ["de", "de-AT", "en", "pt-BR"];

    [Fact]
    public async Task The_dry_run_says_what_the_close_a_moment_later_says_whatever_the_case()
    {
        await using var world = await RulesFixture.StartAsync(engine, "Limits:CreatesPerDay=40");

        // What is due just now must not be asked between the dry run and the close.
        await world.Server.Get<DueRequestWorker>().StopAsync(default);
        var random = new Random(4711);
        var customers = new List<long> { 404, world.Fixture.Furni.Id };
        for (var i = 0; i < 8; i++) customers.Add((await world.Server.UserAsync($"user{i}", i == 7 ? MessagingPermission.Following : MessagingPermission.Anyone)).Id);
        await world.RunAsync($"insert into exempt (user_id, created_at) values ({customers[3]}, 0)");
        var (can, close) = (world.Server.Get<CanPrompt>(), world.Server.Get<CloseConversation>());
        var caller = new Caller(null!, world.Fixture.Furni.Id, "furni", "FURNI", Permission.DirectMessages, new SenderGrant(null, null, null, null));
        var outcomes = new Dictionary<string, int>();
        for (var i = 0; i < cases; i++)
        {
            if (i % PerRules == 0) await world.RuleAsync(RulesOf(random));
            if (i % PerMoment == 0)
            {
                await ChangeAsync(world, customers[random.Next(customers.Count)], random);
                await world.PassAsync(TimeSpan.FromMinutes(random.Next(1, random.Next(2) == 0 ? 30 : 600)));
            }

            var draft = DraftOf(world, customers[random.Next(customers.Count)], random);
            var dry = await can.RunAsync(caller, draft, asksRules: true, default);
            var closed = ConversationJson.Of(await close.RunAsync(new(caller.UserId, caller.Sender, draft, "https://a.example")));

            var said = $"Case {i}: {dry} [{string.Join("; ", dry.Checks)}]\n{closed}";
            Assert.True(dry.Allowed == (closed.Decision == "scheduled"), said);
            Assert.True((dry.Reason, dry.NextEligibleAt) == (closed.Reason, closed.NextEligibleAt), said);

            // What was scheduled before and skipped when it was due keeps the time for which it was planned.
            Assert.True(dry.DueAt == (dry.Allowed ? closed.DueAt : null), said);
            Assert.True(dry.Reason is null || dry.Checks.Any(check => !check.Ok), said);
            outcomes[closed.Reason ?? closed.Decision] = outcomes.GetValueOrDefault(closed.Reason ?? closed.Decision) + 1;
        }

        // Nothing is proved by cases that are all the same.
        string[] all =
        [
            "scheduled", "no_rule", "too_old", "rule_says_no", "paused", "sampled_out", "asked_recently", "dismissed_recently", "already_asked", "budget", "opted_out", "cannot_dm",
            "recipient_unknown", "recipient_suspended", "written_again",
        ];
        Assert.True(cases < 1_000 || Array.TrueForAll(all, outcomes.ContainsKey), "Seen: " + string.Join(", ", outcomes.OrderBy(one => one.Key)));
    }

    private static string RulesOf(Random random)
    {
        string Ask(string more) => RulesFixture.Ask.Replace("{\"type\"", $"{{{more}\"type\"", StringComparison.Ordinal).Replace("PT0S", random.Next(3) switch { 0 => "PT0S", 1 => "PT2H", _ => "P2D" }, StringComparison.Ordinal);
        var quiet = random.Next(3) == 0 ? """ "quiet_hours":{"from":"20:00","to":"08:00","days":["sun"],"time_zone":"America/Sao_Paulo"},""" : "";
        return FormattableString.Invariant(
            $$"""
            {"recipient_interval_days":{{random.Next(4)}},"after_dismissal_days":{{random.Next(10)}},{{quiet}}"paused":{{(random.Next(8) == 0 ? "true" : "false")}},"enabled":{{(random.Next(10) == 0 ? "false" : "true")}},"rules":[
            {"name":"no","when":{"tags_all":["a","b"]},"ask":null},
            {"name":"german","when":{"languages":["de"],"messages_min":3},"ask":{{Ask("\"again\":true,")}}},
            {"name":"some","when":{"tags_any":["b"],"max_age":"PT1H"},"ask":{{Ask($"\"share\":0.5,\"per_day\":{random.Next(1, 4)},")}}},
            {"name":"rest","when":{"tags_none":["c"],"agents":["kenji"]},"ask":{{Ask(random.Next(2) == 0 ? "\"per_day\":1," : "")}}}]}
            """);
    }

    private static CloseDraft DraftOf(RulesFixture world, long customer, Random random)
    {
        var tags = string.Join(',', s_tags.Where(_ => random.Next(3) == 0));
        return new(
            customer, FormattableString.Invariant($"t{random.Next(400)}"), random.Next(5) == 0 ? null : s_agents[random.Next(2)], null, Tags.OfStored(tags.Length == 0 ? null : tags),
            random.Next(2) == 0 ? null : s_languages[random.Next(s_languages.Length)], random.Next(4) == 0 ? world.Now - random.Next(14_400_000) : null, random.Next(8), null, null, null, random.Next(8) == 0);
    }

    /// <summary>Something happens between a customer and the sender that nobody closed for.</summary>
    private static Task ChangeAsync(RulesFixture world, long customer, Random random)
    {
        var at = world.Now - random.Next(3_600_000);
        return random.Next(12) switch
        {
            0 => world.RunAsync($"update account set suspended_at = {(random.Next(5) == 0 ? "1" : "null")} where id = {customer} and id <> {world.Fixture.Furni.Id}"),
            1 or 2 => ContactAsync("opted_out_at", random.Next(6) == 0 ? $"{at}" : "null"),
            3 => ContactAsync("dismissed_at", $"{at}"),
            4 or 7 => ContactAsync("wrote_at", $"{world.Now}"),
            5 => ContactAsync("blocks", random.Next(3) == 0 ? "1" : "0"),
            6 => ContactAsync("prompted_at", $"{at}"),
            _ => Task.CompletedTask,
        };

        Task ContactAsync(string column, string value) => world.RunAsync(
            $"insert into contact (sender_id, user_id, {column}) values ({world.Fixture.Furni.Id}, {customer}, {value}) on conflict (sender_id, user_id) do update set {column} = excluded.{column}");
    }
}

public sealed class SqliteCanPromptTests() : CanPromptTests(Engine.Sqlite, LongForm.Or(1_500, 10_000));

public sealed class PostgresCanPromptTests() : CanPromptTests(Engine.Postgres, LongForm.Or(200, 10_000));
