using System.CommandLine;
using System.Globalization;
using System.Net;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Storage;
using Afterword.Server.Webhooks;
using Microsoft.Extensions.Logging.Abstractions;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword webhook …</c>, <c>allow webhook</c> and <c>deny webhook</c>: where changes are told, and what became of it.</summary>
internal static class WebhookCommands
{
    /// <summary>What an endpoint's id is called where it is typed.</summary>
    public const string IdName = "ID";

    private const int Shown = 20;

    public static Command Create() => new("webhook", "Webhooks: endpoints, their deliveries and attempts.")
    {
        Allow("add", "webhook add"), List(), Show(), Test(), Rotate(),
        Switch("enable", "Switch an endpoint on: what waits for it is delivered, in order.", (store, key, stop) => store.Endpoints.EnableAsync(key, stop), onlyApproved: true),
        Switch("disable", "Switch an endpoint off: what happens meanwhile waits for it.", (store, key, stop) => store.Endpoints.DisableAsync(key, "Switched off by an operator.", stop)),
        Switch("approve", "Approve an endpoint in an owner's or an operator's place: changes are told to it from now on.", (store, key, stop) => store.Endpoints.ApproveAsync(key, Approver.Shell, stop)),
        WebhookReplay.Create(),
    };

    /// <summary><c>allow webhook</c>, and the same as <c>webhook add</c>.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="words">How it is typed up to the name of the sender.</param>
    public static Command Allow(string name = "webhook", string words = "allow webhook")
    {
        var handle = Inputs.Handle("The sender whose changes are told.");
        var url = new Argument<string?>("URL") { Description = "Where they are posted to; https, unless Webhooks:AllowPlainHttp is set.", Arity = ArgumentArity.ZeroOrOne };
        var poll = new Option<bool>("--poll") { Description = "Instead of an address: the receiver fetches the changes, with the secret." };
        var basic = Basic();
        var format = new Option<string>("--format")
        {
            Description = "What is sent: events for programs, or messages for a channel of Slack or Microsoft Teams, which everybody in it reads.", HelpName = string.Join('|', WebhookFormats.All),
            DefaultValueFactory = _ => WebhookFormat.Events.Name,
        };
        format.AcceptOnlyFromAmong([.. WebhookFormats.All]);
        var again = new Option<bool>("--again") { Description = "Add it although there is a webhook to this address: each change goes there twice." };
        var command = new Command(name, $"Tell every change of a sender to an address, or let a receiver without one fetch them, and print the secret that signs them. Example: afterword {words} @furni https://desk.example.com/afterword")
        {
            handle, url, poll, basic, format, again,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetResult(url) is { Tokens.Count: > 0 }) == result.GetValue(poll)) result.AddError("Say where changes go: a URL, or --poll for a receiver that fetches them.");
            if (result.GetValue(poll) && result.GetResult(basic) is not null) result.AddError("--basic goes with a URL: a receiver that polls shows the secret.");
            if (result.GetValue(poll) && result.GetResult(format) is { Implicit: false }) result.AddError("--format goes with a URL: a receiver that polls gets events.");
        });
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var user = await store.AccountAsync(parsed.GetRequiredValue(handle), stop);
            var address = parsed.GetValue(url) is { } text ? ReadUrl(store, text) : null;
            if (address is not null && !parsed.GetValue(again) && (await store.Endpoints.ListAsync(user.Id, null, stop)).Find(one => one.IsAt(address)) is { } there)
            {
                throw new CommandException(
                    ExitCode.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"@{user.ScreenName} has a webhook to this address already: {there.Endpoint.Key.Id}. If its secret is lost: afterword webhook rotate {there.Endpoint.Key.Id}. To send each change there twice, give --again."));
            }

            var credentials = await ReadBasicAsync(parsed.GetValue(basic), stop);
            var chosen = WebhookFormats.Find(parsed.GetRequiredValue(format))!.Value;
            var added = await store.Endpoints.AddAsync(user.Id, address, credentials, chosen, Approval.NeededIfOwned, stop);
            parsed.Say(WebhookJson.Of(added, user.ScreenName, credentials is not null), CommandJson.Default.WebhookJson, NextSteps(added, user.ScreenName));
        });
        return command;
    }

    private static IEnumerable<string> NextSteps(NewEndpoint added, string screenName)
    {
        yield return $"id      {added.Key.Id}";
        yield return added.IsPolled ? $"poll    /operator/webhooks/{added.Key.Id}/poll.json" : $"url     {added.Url}";
        yield return $"secret  {added.Secret}";
        if (added.Format.Product is { } product) yield return $"Everybody in this channel of {product} reads every score of @{screenName}. Agents must not see scores: keep them out of it.";
        yield return !added.IsApproved ? $"It waits until an owner of @{screenName} approves it in the console under Webhooks."
            : added.IsPolled ? $"Try it: curl -H 'Authorization: Bearer SECRET' SERVER/operator/webhooks/{added.Key.Id}/poll.json"
            : $"Try it: afterword webhook test {added.Key.Id}";
    }

    /// <summary>Where something is posted to with credentials.</summary>
    public static Option<string?> Basic() => new("--basic") { Description = "Credentials for Basic authentication; - reads them from stdin.", HelpName = "USER:PASSWORD" };

    /// <exception cref="CommandException">It is no address that may be posted to.</exception>
    public static Uri ReadUrl(OpenedStore store, string text)
    {
        var (address, wrong) = WebhookUrl.Read(text, store.Settings.Webhooks, Guard(store));
        return wrong is null ? address! : throw new CommandException(ExitCode.WrongUse, $"The address is \"{text}\"; it must be {wrong}.");
    }

    /// <exception cref="CommandException">They are no credentials.</exception>
    public static async Task<string?> ReadBasicAsync(string? given, CancellationToken stop)
    {
        var credentials = given is "-" ? await System.Console.In.ReadLineAsync(stop) : given;
        if (credentials is not null && !WebhookUrl.IsBasic(credentials)) throw new CommandException(ExitCode.WrongUse, "--basic must be user:password.");

        return credentials;
    }

    /// <summary><c>deny webhook</c>.</summary>
    public static Command Deny()
    {
        var id = Id();
        var command = new Command("webhook", "Tell no more changes to an endpoint, and give up what waits for it. Example: afterword deny webhook ID") { id };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var found = await FindAsync(store, parsed.GetRequiredValue(id), stop);
            var progress = parsed.Progress();
            var buried = 0L;
            await store.Endpoints.RemoveAsync(found.Endpoint.Key, all => progress.Show(string.Create(CultureInfo.InvariantCulture, $"Gave up {buried = all:N0} deliveries")), stop);
            progress.Clear();
            parsed.Say(
                new WebhookDeniedJson(WebhookJson.Text(found.Endpoint.Key.Id), found.Endpoint.ShownAddress, Allowed: false, buried), CommandJson.Default.WebhookDeniedJson,
                found.Endpoint.IsPolled ? "It can be polled no more." : string.Create(CultureInfo.InvariantCulture, $"{found.Endpoint.ShownAddress} is told no more; {buried:N0} deliveries were cancelled."));
        });
        return command;
    }

    /// <summary>An endpoint's id.</summary>
    public static Argument<long> Id() => Inputs.Id(IdName, "webhook", "afterword webhook list");

    /// <exception cref="CommandException">There is none.</exception>
    public static async Task<ListedEndpoint> FindAsync(OpenedStore store, long id, CancellationToken stop) =>
        (await store.Endpoints.ListAsync(null, id, stop)).SingleOrDefault()
            ?? throw new CommandException(ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"There is no webhook {id}. See: afterword webhook list"));

    /// <exception cref="CommandException">There is none, or it waits for approval.</exception>
    public static async Task<ListedEndpoint> FindApprovedAsync(OpenedStore store, long id, CancellationToken stop)
    {
        var found = await FindAsync(store, id, stop);
        return found.Endpoint.IsApproved ? found : throw new CommandException(
            ExitCode.Failed,
            string.Create(CultureInfo.InvariantCulture, $"The webhook waits until {(found.Endpoint.AwaitsOperator ? "an operator" : $"an owner of @{found.ScreenName}")} approves it in the console. To do that in their place: afterword webhook approve {id}"));
    }

    /// <exception cref="CommandException">There is none, it waits for approval, or nothing is sent to it.</exception>
    public static async Task<ListedEndpoint> FindSentAsync(OpenedStore store, long id, CancellationToken stop)
    {
        var found = await FindApprovedAsync(store, id, stop);
        return found.Endpoint.IsPolled ? throw new CommandException(ExitCode.Failed, "Nothing is sent to this webhook, for its receiver polls. With an older cursor it gets events again.") : found;
    }

    private static Command List()
    {
        var handle = Inputs.Handle("A sender; all of them when left out.");
        handle.Arity = ArgumentArity.ZeroOrOne;
        var command = new Command("list", "List webhooks with what waits for them. Example: afterword webhook list @furni") { handle };
        command.OnStore(async (parsed, store, stop) =>
        {
            var sender = parsed.GetValue(handle) is { } name ? (await store.AccountAsync(name, stop)).Id : (long?)null;
            var all = await store.Endpoints.ListAsync(sender, null, stop);
            parsed.Say(new WebhooksJson([.. all.Select(WebhookJson.Of)]), CommandJson.Default.WebhooksJson, all.Select(Line));
        });
        return command;
    }

    private static Command Show()
    {
        var id = Id();
        var dead = new Option<bool>("--dead") { Description = "Only deliveries that failed." };
        var command = new Command("show", "Show a webhook with its latest deliveries and what was answered. Example: afterword webhook show ID --dead") { id, dead };
        command.OnStore(async (parsed, store, stop) =>
        {
            var found = await FindAsync(store, parsed.GetRequiredValue(id), stop);
            var latest = await new DeliveryHistory(store.Store).LatestAsync(found.Endpoint.Key, parsed.GetValue(dead), Shown, stop);
            parsed.Say(WebhookJson.Of(found) with { Deliveries = [.. latest.Select(DeliveryJson.Of)] }, CommandJson.Default.WebhookJson, [Line(found), .. latest.SelectMany(Lines)]);
        });
        return command;
    }

    private static Command Test()
    {
        var id = Id();
        var command = new Command("test", "Send an event that never happened, marked as a test, from here. Fails unless the endpoint takes it. Example: afterword webhook test ID") { id };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var found = await FindSentAsync(store, parsed.GetRequiredValue(id), stop);
            using var connections = Connections(store);
            var sender = new WebhookSender(Guard(store), connections, store.Settings.Webhooks, TimeProvider.System);
            var (taken, attempt) = await new SendTestEvent(store.Store, store.Settings, store.Endpoints, sender, TimeProvider.System).RunAsync(found.Endpoint.Key, stop)
                ?? throw new CommandException(ExitCode.Failed, "The webhook was removed meanwhile.");
            parsed.Say(AttemptJson.Of(attempt), CommandJson.Default.AttemptJson, Line(attempt));
            if (!taken) throw new CommandException(ExitCode.Failed, "It was not taken: an answer of 200 to 299 was expected.");
        });
        return command;
    }

    private static Command Rotate()
    {
        var id = Id();
        var command = new Command("rotate", "Give a webhook a new secret; the old one signs beside it for Webhooks:SecretOverlap. Example: afterword webhook rotate ID") { id };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var found = await FindAsync(store, parsed.GetRequiredValue(id), stop);
            var secret = await store.Endpoints.RotateAsync(found.Endpoint.Key, stop);
            parsed.Say(WebhookJson.Of(found) with { Secret = secret!.ToString() }, CommandJson.Default.WebhookJson, $"secret  {secret}");
        });
        return command;
    }

    private static Command Switch(string verb, string does, Func<OpenedStore, EndpointKey, CancellationToken, Task> run, bool onlyApproved = false)
    {
        var id = Id();
        var command = new Command(verb, $"{does} Example: afterword webhook {verb} ID") { id };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var found = onlyApproved ? await FindApprovedAsync(store, parsed.GetRequiredValue(id), stop) : await FindAsync(store, parsed.GetRequiredValue(id), stop);
            await run(store, found.Endpoint.Key, stop);
            found = await FindAsync(store, found.Endpoint.Key.Id, stop);
            parsed.Say(WebhookJson.Of(found), CommandJson.Default.WebhookJson, [Line(found), .. found.Endpoint.IsActive ? await OutboundPause.WarningsAsync(store.Store.Main, stop) : []]);
        });
        return command;
    }

    public static OutgoingConnections Connections(OpenedStore store) => new(store.Settings, TimeProvider.System, NullLogger<OutgoingConnections>.Instance);

    public static EgressGuard Guard(OpenedStore store) => new(store.Settings.Webhooks, Dns.GetHostAddressesAsync);

    public static string Line(ListedEndpoint listed)
    {
        var (endpoint, state) = (listed.Endpoint, listed.Endpoint.IsActive ? "active" : $"off: {listed.Endpoint.DisabledReason}");
        if (!endpoint.IsApproved) state = endpoint.AwaitsOperator ? "waits for an operator's approval" : "waits for an owner's approval";
        if (endpoint is { IsActive: true, FailingSince: { } since }) state = $"failing since {WebhookJson.Iso(since)}";
        return string.Create(CultureInfo.InvariantCulture, $"{endpoint.Key.Id}  @{listed.ScreenName}  {endpoint.ShownAddress ?? endpoint.Name}{(endpoint.Format == WebhookFormat.Events ? "" : $"  {endpoint.Format.Name}")}  {listed.Waiting:N0} waiting, {listed.Dead:N0} dead  {state}");
    }

    private static IEnumerable<string> Lines(ShownDelivery delivery) =>
    [
        $"{WebhookJson.Iso(delivery.ChangedAt)}  event {delivery.Event}  feedback {delivery.PromptId}  {DeliveryJson.Name(delivery.State)}{(delivery.State == DeliveryState.Waiting ? $", due {WebhookJson.Iso(delivery.DueAt)}" : "")}",
        .. delivery.Attempts.Select(attempt => $"    {Line(attempt)}"),
    ];

    // What the endpoint wrote must not speak to the terminal.
    private static string Line(ShownDeliveryAttempt attempt) => string.Create(
        CultureInfo.InvariantCulture,
        $"{WebhookJson.Iso(attempt.StartedAt)}  {attempt.Took} ms  {attempt.Status?.ToString(CultureInfo.InvariantCulture) ?? attempt.Error}  {string.Concat((attempt.Answer ?? "").Select(letter => char.IsControl(letter) ? ' ' : letter).Take(100))}").TrimEnd();
}
