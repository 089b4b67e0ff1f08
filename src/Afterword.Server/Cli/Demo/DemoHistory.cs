using System.Globalization;
using Afterword.Server.Answers;
using Afterword.Server.Automation;
using Afterword.Server.Automation.Conversations;
using Afterword.Server.Automation.Due;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Configuration;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Limits;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;
using Afterword.Server.Reports.Rollups;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Demo;

/// <summary>The shop of the demo with a year behind it.</summary>
/// <param name="Asked">Requests for feedback in that year, the tests not counted.</param>
/// <param name="Answered">Those of them that got a score.</param>
/// <param name="From">When it began.</param>
/// <param name="Password">Everybody's, another one each time: the demo may be reached by others.</param>
internal sealed record DemoShop(User Sender, IReadOnlyList<User> Customers, string Password, int Asked, int Answered, DateTimeOffset From);

/// <summary>Writes the demo's year through the same code that serves requests, under a clock that is set to the past.</summary>
internal sealed class DemoHistory
{
    private const string PrivacyUrl = "https://furni.example/privacy";

    private readonly SettableClock _clock;
    private readonly OpenedStore _store;
    private readonly CreatePrompt _create;
    private readonly CloseConversation _close;
    private readonly ReopenConversation _reopen;
    private readonly SendDueRequests _sendDueRequests;
    private readonly ListConversations _conversations;
    private readonly AnswerPrompt _answer;
    private readonly Caller _sender;
    private readonly IReadOnlyList<User> _customers;

    private DemoHistory(OpenedStore store, Settings settings, SettableClock clock, User sender, IReadOnlyList<User> customers)
    {
        (_store, _clock) = (store, clock);
        var questions = new Questions(settings);
        var (rules, decisions) = (new KeptRules(store.Store), new DecisionCounter(store.Store, settings));
        _close = new CloseConversation(store.Store, rules, settings, decisions, clock);
        _reopen = new ReopenConversation(store.Store, decisions, clock);

        // The limit of a day is the documented one, as that of the caller.
        _sendDueRequests = new SendDueRequests(store.Store, rules, questions, settings with { Limits = settings.Limits with { CreatesPerDay = 1_000 } }, decisions, clock);
        _conversations = new ListConversations(store.Store, clock);
        _create = new CreatePrompt(store.Store, settings, questions, new PromptWindow(store.Store, settings, clock), clock);

        // In the story a card was open for a month, whatever the settings make of it now.
        _answer = new AnswerPrompt(store.Store, questions, settings with { CardLifetime = TimeSpan.FromDays(30) }, clock);
        _sender = CallerOf(sender);
        _customers = customers;
    }

    /// <exception cref="CommandException">There are users in the store: it is someone's.</exception>
    public static async Task<DemoShop> WriteAsync(Settings settings, DateTimeOffset now, CancellationToken stop)
    {
        // The same year every time, so that what a guide describes is what a reader sees.
        var year = DemoYear.Of(now, new Random(20));
        var clock = new SettableClock(year[0].At.AddDays(-1));
        await using var store = await OpenedStore.OpenAsync(settings, clock, stop, until: now);
        if (await store.Store.Main.ReadAsync(session => session.Sql("select count(*) from account").FirstAsync(row => row.GetInt64(0), stop), stop) > 0)
        {
            throw new CommandException(ExitCode.Failed, $"The store {OpenedStore.NameOf(settings)} has users already. The demo needs an empty one, or none: then it makes one and throws it away.");
        }

        // Counted while it is written, not once more when the server starts.
        await RebuildRollups.RecordZoneAsync(store.Store, settings.TimeZone, stop);

        var password = Apps.Random(9);
        var sender = await AddAsync(store, "furni", "Furni", password, stop);
        User[] customers =
        [
            await AddAsync(store, "majalindqvist", "Maja Lindqvist", password, stop),
            await AddAsync(store, "tomasherrera", "Tomás Herrera", password, stop, "es"),
            await AddAsync(store, "aisharahman", "Aisha Rahman", password, stop),
        ];
        await store.Store.Main.WriteAsync(session => session.Sql("update account set privacy_url = @url where id = @id").Bind("url", PrivacyUrl).Bind("id", sender.Id).RunAsync(stop), stop);
        await store.Allowlist.AllowSenderAsync(sender.Id, new SenderGrant(null, null, null, null), stop);
        foreach (var customer in customers) await store.Allowlist.ExemptAsync(customer.Id, stop);

        await new DemoHistory(store, settings, clock, sender, customers).RunAsync(year, stop);
        var follow = new FollowUser(new Relationships(store.Store));
        foreach (var customer in customers) await follow.RunAsync(customer.Id, sender.Id, stop);
        return new(sender, customers, password, year.Count(conversation => conversation.IsAsked), year.Count(conversation => conversation.Score is not null), year[0].At);
    }

    /// <summary>The sender as it would call, with the documented limit whatever the settings say.</summary>
    public static Caller CallerOf(User sender) => new(
        new App(0, "", "", "", [], Allowed: true, Suspended: false), sender.Id, sender.ScreenName, sender.Name, Permission.DirectMessages, new SenderGrant(1_000, null, null, null));

    /// <summary>A request to a customer, as the API would make it of a call.</summary>
    public static PromptDraft Draft(PromptType type, User customer, string message, string externalId) => new(
        type, customer.Id, message.Replace("{name}", customer.Name.Split(' ')[0], StringComparison.Ordinal), PrivacyUrl, externalId, 0, null, Test: false, IncludeCard: false);

    private static async Task<User> AddAsync(OpenedStore store, string screenName, string name, string password, CancellationToken stop, string? language = null) =>
        await store.UserAccounts.AddAsync(new NewUser(screenName, name, password, MessagingPermission.Anyone) { Language = language }, stop)
            ?? throw new CommandException(ExitCode.Failed, $"@{screenName} was added by somebody else just now: the demo needs a store of its own.");

    /// <summary>Lets everything happen in the order of its time, since stamps only go forward.</summary>
    private async Task RunAsync(IReadOnlyList<DemoConversation> year, CancellationToken stop)
    {
        var steps = new List<(DateTimeOffset At, Func<Task> Do)>
        {
            (year[0].At.AddHours(-2), () => RuleAsync(DemoRules.Tried, stop)),
            (year[0].At.AddHours(-1), () => RuleAsync(DemoRules.On, stop)),
        };
        foreach (var conversation in year) AddSteps(steps, conversation);
        foreach (var (at, act) in steps.OrderBy(step => step.At))
        {
            stop.ThrowIfCancellationRequested();
            _clock.Now = at;
            await act();
        }
    }

    private void AddSteps(List<(DateTimeOffset At, Func<Task> Do)> steps, DemoConversation of)
    {
        var (conversation, prompt) = (0L, 0L);
        if (of.Test) steps.Add((of.At, async () => prompt = await AskAsync(of)));
        else steps.Add((of.At, async () => conversation = await CloseAsync(of)));
        if (of.ReopenedAt is { } reopenedAt) steps.Add((reopenedAt, () => _reopen.RunAsync(_sender.UserId, of.ExternalId)));
        if (of.AskedAt is { } askedAt) steps.Add((askedAt, async () => prompt = of.ByHand ? await AskAsync(of) : await AskDueAsync(conversation)));
        if (of.DismissedAt is { } dismissedAt) steps.Add((dismissedAt, () => AnswerAsync(new(Key(), null, null, Dismiss: true))));
        if (of.ScoreAt is { } scoreAt) steps.Add((scoreAt, () => AnswerAsync(new(Key(), of.Score, null))));
        if (of.CommentAt is { } commentAt) steps.Add((commentAt, () => AnswerAsync(new(Key(), null, of.Comment))));

        CardKey Key() => new(_sender.UserId, prompt, null);
    }

    /// <summary>Saves rules, with the key that the year was made up with.</summary>
    private async Task RuleAsync(string rules, CancellationToken stop)
    {
        await new ChangeRules(_store.Store, new AuditLog(_store.Store, _clock), _clock).RunAsync(_sender.UserId, Member.OfUser(_sender.ScreenName), seen: null, rules, stop);
        await _store.Store.Main.WriteAsync(
            session => session.Sql("update automation set sampling_key = @key where sender_id = @sender")
                .Bind("key", _store.Store.Secrets.Protect(DemoRules.SamplingKey)).Bind("sender", _sender.UserId).RunAsync(stop),
            stop);
    }

    private async Task<long> CloseAsync(DemoConversation closed)
    {
        var draft = new CloseDraft(
            _customers[closed.Customer].Id, closed.ExternalId, closed.Agent, closed.Agent is null ? null : "support", Tags.OfStored(closed.Tags), null, null, null, null, null, null, Test: false);
        var decided = await _close.RunAsync(new(_sender.UserId, _sender.Sender, draft, ""));
        var isScheduled = (closed.IsAsked && !closed.ByHand) || closed.ReopenedAt is not null;
        return isScheduled == (decided.Decision == Decision.Scheduled)
            ? decided.Id
            : throw new InvalidOperationException($"The rules of the demo decided otherwise on {closed.ExternalId} than was made up: {decided.Decision}, {decided.Reason}.");
    }

    private async Task<long> AskDueAsync(long conversation)
    {
        await _sendDueRequests.RunAsync(new(_sender.UserId, conversation));
        return (await _conversations.FindAsync(_sender.UserId, conversation, CancellationToken.None))?.PromptId
            ?? throw new InvalidOperationException($"Conversation {conversation} of the demo was due, and nobody was asked.");
    }

    private async Task<long> AskAsync(DemoConversation asked)
    {
        var draft = Draft(asked.Type, _customers[asked.Customer], asked.Message, asked.ExternalId) with
        {
            Test = asked.Test, Agent = asked.Agent, Tags = Tags.OfStored(asked.Tags),
        };
        var answer = await _create.RunAsync(new(_sender, draft, null, ""));
        return answer.Outcome is CreateOutcome.Created(var feedback, _)
            ? long.Parse(feedback.Id, NumberStyles.None, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The demo's request of {asked.At:u} was refused: {answer.Outcome}.");
    }

    private async Task AnswerAsync(AnswerRequest answer)
    {
        if (await _answer.RunAsync(answer) is not AnswerOutcome.Recorded(_, false, false) and var refused)
        {
            throw new InvalidOperationException($"An answer of the demo was refused: {refused}.");
        }
    }
}
