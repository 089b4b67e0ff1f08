using System.Globalization;
using System.Text;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Channels;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Connectors.Deliveries;
using Afterword.Server.Connectors.Pages;
using Afterword.Server.Console;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Hosting.Transport;
using Afterword.Server.Parsing;
using Afterword.Server.Users;

namespace Afterword.Server.Connectors;

/// <summary>A sender's connectors in the console. They are the owner's: what comes through them names customers.</summary>
internal static class ConnectorPageEndpoints
{
    private const int Shown = 100;

    // A mapping, and a payload to try it on.
    private const int MostPayload = 200_000;
    private const int MaxForm = 1024 * 1024;

    public static void MapConnectorPages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/connectors", List).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/add", Add).For(Role.Owner);
        console.MapGet("/@{handle}/connectors/{connector}", Show).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/secret", ChangeSecret).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/address", ChangeAddress).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/mapping", ChangeMapping).WithMetadata(Large(), new BodyLimit(MaxForm));
        console.MapPost("/@{handle}/connectors/{connector}/try", Try).WithMetadata(Large(), new BodyLimit(MaxForm));
        console.MapPost("/@{handle}/connectors/{connector}/test", Test).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/again", Again).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/customer", NameCustomer).For(Role.Owner);
        console.MapPost("/@{handle}/connectors/{connector}/remove", Remove).For(Role.Owner);
    }

    private static AccessRule Large() => new([Role.Owner], SignInState.Member) { MaxForm = MaxForm };

    private static Task List(HttpContext http, Membership membership, FindConnector find) => ListAsync(http, membership, find, 200, problem: null);

    private static async Task ListAsync(HttpContext http, Membership membership, FindConnector find, int status, string? problem) => await http.ShowConsoleAsync<ConnectorsPage>(membership, status, new()
    {
        [nameof(ConnectorsPage.Connectors)] = (await find.ListAsync(membership.SenderId, http.RequestAborted)).ConvertAll(listed => ConnectorView.Of(listed.Connector, listed.LastAt)),
        [nameof(ConnectorsPage.Kinds)] = Preset.Kinds.Select(kind => new KindView(kind, Preset.Find(kind)!.Title)).ToArray(),
        [nameof(ConnectorsPage.When)] = TimesOf(http, membership),
        [nameof(ConnectorsPage.Problem)] = problem,
        [nameof(ConnectorsPage.Silence)] = await SilenceOfAsync(http, membership),
    });

    private static async Task Add(HttpContext http, Membership membership, FindConnector find, ChangeConnectors change, OneTimeNotices notices, Settings settings)
    {
        var (kind, name) = (Preset.Find(http.Request.Form["kind"].ToString()), http.Request.Form["name"].ToString().Trim());
        var problem = kind is null ? "Choose a helpdesk." : name.Length > 0 && ChangeConnectors.WrongWithName(name) is { } wrong ? $"The name must be {wrong}." : null;
        if (problem is not null)
        {
            await ListAsync(http, membership, find, 400, problem);
            return;
        }

        switch (await change.AddAsync(membership.SenderId, membership.Member, new(kind!, name.Length == 0 ? null : name, null, null, CreatesUsers: true), http.RequestAborted))
        {
            case AddConnectorOutcome.Added(var key, _, var secrets):
                Leave(http, membership, notices, key, NoticeOf(http, settings, "Added. This is shown only now:", secrets));
                break;
            case AddConnectorOutcome.NameTaken(var taken):
                await ListAsync(http, membership, find, 400, $"There is a connector named {taken} already. Choose another name.");
                break;
            default:
                await ListAsync(http, membership, find, 400, $"You have {ChangeConnectors.Most} connectors. Remove one first.");
                break;
        }
    }

    private static async Task Show(HttpContext http, string connector, Membership membership, FindConnector find, OneTimeNotices notices)
    {
        if (await FindAsync(http, connector, membership, find) is not { } found) return;

        await ShowAsync(http, membership, found, 200, notices.Take(http, membership.Member) is { } left ? new(left.Kind, left.Text, left.Address, left.Secret) : null);
    }

    private static async Task ShowAsync(
        HttpContext http, Membership membership, Connector found, int status, ConnectorNotice? notice, string? edited = null, string? payload = null, IReadOnlyList<TriedEvent>? tried = null)
    {
        // The events name customers: every page with them is a look at them.
        var services = http.RequestServices;
        await services.GetRequiredService<AuditLog>().NoteAsync(membership, AuditAction.Saw, $"events of connector {found.Name}", http.RequestAborted);
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var events = await services.GetRequiredService<ConnectorEvents>().LatestAsync(found.Key, Shown, http.RequestAborted);
        await http.ShowConsoleAsync<ConnectorPage>(membership, status, new()
        {
            [nameof(ConnectorPage.Connector)] = ConnectorView.Of(found, events is [var last, ..] ? last.ReceivedAt : null),
            [nameof(ConnectorPage.Events)] = events.ConvertAll(one => ConnectorEventView.Of(one, found, now)),
            [nameof(ConnectorPage.Deleted)] = await services.GetRequiredService<ConnectorEvents>().DeletedAsync(found.Key, Shown, http.RequestAborted),
            [nameof(ConnectorPage.When)] = TimesOf(http, membership),
            [nameof(ConnectorPage.Overlap)] = Overlap(services.GetRequiredService<Settings>()),
            [nameof(ConnectorPage.Notice)] = notice,
            [nameof(ConnectorPage.InPlace)] = HelpdeskKinds.Find(found.Kind) is { } desk ? await services.GetRequiredService<SenderHelpdesks>().HasAsync(membership.SenderId, desk, http.RequestAborted) : null,
            [nameof(ConnectorPage.MaySetAccess)] = ChannelPageEndpoints.MaySet(membership, services.GetRequiredService<Settings>()),
            [nameof(ConnectorPage.Silence)] = await SilenceOfAsync(http, membership),
            [nameof(ConnectorPage.Edited)] = edited,
            [nameof(ConnectorPage.Payload)] = payload,
            [nameof(ConnectorPage.Tried)] = tried,
        });
    }

    private static Task<RulesSilence?> SilenceOfAsync(HttpContext http, Membership membership) =>
        http.RequestServices.GetRequiredService<ChangeRules>().SilenceAsync(membership.SenderId, http.RequestAborted);

    private static Task ChangeSecret(HttpContext http, string connector, Membership membership, FindConnector find, ChangeConnectors change, Settings settings) => DoAsync(http, connector, membership, find, async found =>
    {
        var given = http.Request.Form["secret"].ToString().Trim();
        if (!found.Definition.TakesSecret) return new("bad", ChangeConnectors.TakesNoSecret);
        if (given.Length > 0 && ChangeConnectors.WrongWithSecret(given) is { } wrong) return new("bad", $"The secret must be {wrong}.");
        if (given.Length == 0 && found.Preset.Origin == SecretOrigin.Theirs) return new("bad", $"Enter the secret that {found.Preset.Title} shows.");

        var secrets = await change.ChangeSecretAsync(found, membership.Member, given.Length == 0 ? null : given, http.RequestAborted);
        return secrets is null ? null : secrets.Secret is null ? new("good", "Saved. From now on, deliveries must be signed with it.") : NoticeOf(http, settings, "This is the new secret. It is shown only now:", secrets);
    },
    found => found.Preset.Origin == SecretOrigin.Theirs || !found.Definition.TakesSecret
        ? null
        : Ask(found, "Make a new secret?", $"The current secret keeps working alongside the new one for {Overlap(settings)}, then stops. One that was replaced earlier stops at once. Be ready to change your program.", "Make a new secret"));

    private static Task ChangeAddress(HttpContext http, string connector, Membership membership, FindConnector find, ChangeConnectors change, Settings settings) => DoAsync(http, connector, membership, find, async found =>
        await change.ChangeAddressAsync(found, membership.Member, http.RequestAborted) is { } secrets ? NoticeOf(http, settings, "This is the new address. It is shown only now:", secrets) : null,
        found => Ask(found, "Make a new address?", $"The present address opens nothing from then on. Be ready to enter the new one in {found.Preset.Title}.", "Make a new address"));

    private static async Task ChangeMapping(HttpContext http, string connector, Membership membership, FindConnector find, ChangeConnectors change, OneTimeNotices notices)
    {
        if (await FindAsync(http, connector, membership, find) is not { } found) return;

        var (text, definition, notice) = ReadMapping(http, found);
        if (definition is null)
        {
            await ShowAsync(http, membership, found, 400, notice, edited: text);
            return;
        }

        // What is the same as that of its kind goes along when that is mended.
        var own = text.Length == 0 || text == Normalised(found.Preset.Text) ? null : text;
        if (!await change.ChangeMappingAsync(found, membership.Member, own, http.Request.Form["creates"] == "yes", http.RequestAborted)) await ConsoleAuthorization.ShowUnknownAsync(http);
        else Leave(http, membership, notices, found.Key, found.IsSigned && !definition.TakesSecret
            ? new("warn", "Saved. This mapping has no verify: from now on, deliveries need no signature, and the address is the only secret.")
            : new("good", "Saved. It applies to the next event; run earlier ones again below."));
    }

    private static async Task Try(HttpContext http, string connector, Membership membership, FindConnector find, ReceiveDelivery receive)
    {
        if (await FindAsync(http, connector, membership, find) is not { } found) return;

        var (text, definition, notice) = ReadMapping(http, found);
        var payload = http.Request.Form["payload"].ToString();
        if (definition is null || payload.Length is 0 or > MostPayload)
        {
            await ShowAsync(http, membership, found, 400, notice ?? new("bad", $"Paste a payload of at most {MostPayload:N0} characters."), text, payload);
            return;
        }

        var request = new IncomingRequest("POST", "", found.Preset.SampleHeader, Encoding.UTF8.GetBytes(payload));
        await ShowAsync(http, membership, found, 200, null, text, payload, [.. receive.Try(found, definition, request).Select(one => TriedEvent.Of(one.Mapped, one.EventId))]);
    }

    private static Task Test(HttpContext http, string connector, Membership membership, FindConnector find, ReceiveDelivery receive, AuditLog audit, Settings settings) => DoAsync(http, connector, membership, find, async found =>
    {
        await audit.NoteAsync(membership, AuditAction.Changed, $"connector {found.Name}: sent a test", http.RequestAborted);
        var cardBase = http.PublicBase(settings);
        return await receive.TestAsync(found, cardBase + ConnectorAddress.PathPrefix, cardBase, null, http.RequestAborted) switch
        {
            ReceiveOutcome.Refused(var why) => new("bad", why),
            ReceiveOutcome.Decided([var decided, ..]) => new ConnectorNotice("good", $"The sample was taken and decided, as a test: {ConnectorEventView.Describe(decided.Decision, decided.Reason)}."),
            _ => new("warn", "The sample tells of nothing."),
        };
    });

    private static Task Again(HttpContext http, string connector, Membership membership, FindConnector find, AuditLog audit) => OnEventAsync(http, connector, membership, find, async (found, shown) =>
    {
        await audit.NoteAsync(membership, AuditAction.Changed, $"connector {found.Name}: ran an event again", http.RequestAborted);
        return await DecideAgainAsync(http, found, shown);
    });

    private static Task NameCustomer(HttpContext http, string connector, Membership membership, FindConnector find, ChangeConnectors change, UserAccounts accounts) => OnEventAsync(http, connector, membership, find, async (found, shown) =>
    {
        var handle = UserAccounts.Bare(http.Request.Form["user"].ToString().Trim());
        if (await accounts.FindAsync(handle, http.RequestAborted) is not { } user) return new("bad", "There is no such user.");
        if (MappedEvent.Of(found, found.Definition, shown.Fields!, http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(), shown.Test) is not MappedEvent.ConversationEvent { Customer: var customer } || CustomerRef.Of(found.Key, customer) is not { } name)
        {
            return new("bad", "The event says nothing by which the customer could be known again.");
        }

        await change.NameCustomerAsync(membership.SenderId, membership.Member, name, user.Id, user.ScreenName, http.RequestAborted);
        return await DecideAgainAsync(http, found, shown);
    });

    private static async Task Remove(HttpContext http, string connector, Membership membership, FindConnector find, ChangeConnectors change)
    {
        if (await FindAsync(http, connector, membership, find) is not { } found) return;
        if (!await http.IsConfirmedAsync(membership, Ask(found, "Remove this connector?", "Its address opens nothing from then on. What it told of stays.", "Remove"))) return;

        await change.RemoveAsync(found, membership.Member, http.RequestAborted);
        http.SeeOther(membership.AddressOf("connectors"));
    }

    private static async Task<ConnectorNotice?> DecideAgainAsync(HttpContext http, Connector found, ShownEvent shown)
    {
        var (receive, settings) = (http.RequestServices.GetRequiredService<ReceiveDelivery>(), http.RequestServices.GetRequiredService<Settings>());
        var decided = await receive.AgainAsync(found, shown.Key, shown.Fields!, shown.Test, http.PublicBase(settings), http.RequestAborted);
        return new("good", $"It was decided again: {ConnectorEventView.Describe(decided.Decision, decided.Reason)}.");
    }

    /// <summary>The mapping that was sent, or why it cannot be one. An empty one is that of the kind.</summary>
    private static (string Text, Definition? Definition, ConnectorNotice? Notice) ReadMapping(HttpContext http, Connector found)
    {
        var text = Normalised(http.Request.Form["mapping"].ToString());
        if (text.Length == 0) return (text, found.Preset.Definition, null);

        var definition = DefinitionReader.Parse(text, out var errors);
        return (text, definition, definition is null ? new("bad", "The mapping was not saved:", Problems: [.. errors.All.Select(error => error.Message)]) : null);
    }

    // Forms end their lines in another way.
    private static string Normalised(string text) => text.ReplaceLineEndings("\n").Trim();

    private static ConnectorNotice NoticeOf(HttpContext http, Settings settings, string text, ConnectorSecrets secrets) =>
        new("good", text, secrets.Path is null ? null : http.PublicBase(settings) + secrets.Path, secrets.Secret);

    private static Task OnEventAsync(HttpContext http, string connector, Membership membership, FindConnector find, Func<Connector, ShownEvent, Task<ConnectorNotice?>> act) => DoAsync(http, connector, membership, find, async found =>
        WholeNumber.TryRead(http.Request.Form["event"].ToString(), out var id) && await http.RequestServices.GetRequiredService<ConnectorEvents>().FindAsync(found.Key, id, http.RequestAborted) is { Fields: not null } shown
            ? await act(found, shown)
            : new("bad", "Nothing is kept of that event any more."));

    /// <summary>Does something to a connector, and leads to the page that says what came of it.</summary>
    /// <param name="ask">What the person is asked before; null for nothing.</param>
    private static async Task DoAsync(
        HttpContext http, string connector, Membership membership, FindConnector find, Func<Connector, Task<ConnectorNotice?>> act, Func<Connector, Confirmation?>? ask = null)
    {
        if (await FindAsync(http, connector, membership, find) is not { } found) return;
        if (ask?.Invoke(found) is { } asked && !await http.IsConfirmedAsync(membership, asked)) return;

        var notice = await act(found);
        if (notice is null) await ConsoleAuthorization.ShowUnknownAsync(http);
        else if (notice.Kind == "bad") await ShowAsync(http, membership, found, 400, notice);
        else Leave(http, membership, http.RequestServices.GetRequiredService<OneTimeNotices>(), found.Key, notice);
    }

    // A reload of the page that it leads to does nothing again, and shows no secret.
    private static void Leave(HttpContext http, Membership membership, OneTimeNotices notices, ConnectorKey connector, ConnectorNotice notice) =>
        notices.Leave(http, membership.Member, string.Create(CultureInfo.InvariantCulture, $"{membership.AddressOf("connectors")}/{connector.Id}"), new(notice.Kind, notice.Text, notice.Secret, notice.Address));

    private static Confirmation Ask(Connector found, string question, string consequence, string button) =>
        new(question, $"{found.Name}: {consequence}", button, string.Create(CultureInfo.InvariantCulture, $"connectors/{found.Key.Id}"));

    private static string Overlap(Settings settings) => settings.Webhooks.SecretOverlap.TotalHours.ToString("0.#", CultureInfo.InvariantCulture) + " hours";

    /// <summary>Gives the sender's connector, or null after the page for what is not there was shown.</summary>
    private static async Task<Connector?> FindAsync(HttpContext http, string connector, Membership membership, FindConnector find)
    {
        var found = WholeNumber.TryRead(connector, out var id) ? await find.ByIdAsync(new(membership.SenderId, id), http.RequestAborted) : null;
        if (found is null) await ConsoleAuthorization.ShowUnknownAsync(http);
        return found;
    }

    private static ConsoleTimes TimesOf(HttpContext http, Membership membership) => ConsoleTimes.For(membership.Member, http.RequestServices.GetRequiredService<Settings>());
}
