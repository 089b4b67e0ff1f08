using System.CommandLine;
using System.Globalization;
using System.Net;
using Afterword.Server.Allowlists;
using Afterword.Server.Channels.Helpdesks;
using Afterword.Server.Configuration;
using Afterword.Server.Connectors;
using Afterword.Server.Connectors.Definitions;
using Afterword.Server.Console.Members;
using Afterword.Server.Embed;
using Afterword.Server.Messages;
using Afterword.Server.OAuth;
using Afterword.Server.Prompts;

namespace Afterword.Server.Cli.Demo;

/// <summary><c>afterword demo</c>: a server with a shop and a year of its feedback, on a store that is thrown away.</summary>
internal static class DemoCommand
{
    private static readonly Option<string> s_urls = new("--urls")
    {
        Description = "Where to listen, separated by semicolons.", HelpName = "U", DefaultValueFactory = _ => "http://127.0.0.1:5080",
    };

    public static Command Create()
    {
        var command = new Command(
            "demo",
            "Run a server with the sender @furni, three customers and a year of history in a folder that is thrown away, unless --data names one. "
            + "Example: afterword demo --urls http://127.0.0.1:5080")
        {
            s_urls,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        using var folder = new TemporaryFolder("afterword-demo-");
        var settings = SettingsOf(parsed, folder.Path);
        var clock = TimeProvider.System;
        var shop = await DemoHistory.WriteAsync(settings, clock.GetUtcNow(), stop);

        await using var server = await ServeCommand.StartAsync(settings, parsed.GetRequiredValue(s_urls), stop);
        var url = DemoGuide.LinkBase(server.Urls);
        ServedAddress.Write(settings, url);
        var keys = await KeysAsync(server, shop, clock, stop);
        await AllowChatAsync(server, shop, clock, stop);
        var connector = await AllowHelpdeskAsync(server, shop, clock, stop);
        await WriteToShopAsync(server, shop, keys.App, stop);
        var people = await DemoPeople.AddAsync(server, shop, stop);
        var guide = new DemoGuide(
            shop, OpenedStore.NameOf(settings), settings is { Database: null } && settings.Data == folder.Path, [.. server.Urls], url, keys, people,
            await AskAsync(server, shop, settings, url), (settings.PublicBase ?? url) + connector, clock.GetUtcNow());
        parsed.Say(guide.ToJson(), CommandJson.Default.DemoJson, [.. guide.Lines(), .. server.Urls.Select(one => $"Listening on {one}; Ctrl+C ends it.")]);

        await server.WaitForShutdownAsync();
        ServedAddress.Remove(settings);
        return ExitCode.Done;
    }

    // Environment and file may name a store that is in use: only the command line can point the demo at one.
    private static Settings SettingsOf(ParseResult parsed, string folder)
    {
        var settings = StoreOptions.SettingsOf(parsed);
        return settings with
        {
            Data = parsed.GetValue(StoreOptions.Data) ?? folder,
            Database = parsed.GetValue(StoreOptions.Database),
            EventsDelay = TimeSpan.Zero,

            // The sample of a helpdesk runs on this machine, without TLS.
            Webhooks = settings.Webhooks with { AllowPlainHttp = true, AllowedNetworks = [.. settings.Webhooks.AllowedNetworks, IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")] },

            // Whoever tries the demo has its password and no time for an app.
            Console = new ConsoleSettings { SecondFactorRequired = false },
        };
    }

    private static async Task<DemoKeys> KeysAsync(AfterwordServer server, DemoShop shop, TimeProvider clock, CancellationToken stop)
    {
        var apps = new Apps(server.Store, clock);
        var app = await apps.AddAsync("Furni Desk", [], stop);
        await apps.AllowAsync(app.ConsumerKey, true, stop);
        var token = await apps.IssueTokenAsync(app.ConsumerKey, shop.Sender.Id, Permission.DirectMessages, stop);
        return new(app, token!);
    }

    /// <summary>Lets the sample of a chat show cards, and ask the last customer as often as someone tries it.</summary>
    private static async Task AllowChatAsync(AfterwordServer server, DemoShop shop, TimeProvider clock, CancellationToken stop)
    {
        await new EmbedOrigins(server.Store, clock).AllowAsync(shop.Sender.Id, new(DemoGuide.ChatOrigin), stop);
        await server.Services.GetRequiredService<Allowlist>().ExemptAsync(shop.Customers[2].Id, stop);
    }

    /// <summary>Lets the sample of a helpdesk tell that conversations are closed, and take the requests that come of it.</summary>
    /// <returns>The path of the connector's address.</returns>
    private static async Task<string> AllowHelpdeskAsync(AfterwordServer server, DemoShop shop, TimeProvider clock, CancellationToken stop)
    {
        await new SenderHelpdesks(server.Store, clock).SetAsync(shop.Sender.Id, new(HelpdeskKind.Chatwoot, new Uri(DemoGuide.HelpdeskUrl), "1", "sample"), stop);
        var added = await server.Services.GetRequiredService<ChangeConnectors>().AddAsync(
            shop.Sender.Id, Member.CommandLine, new(Preset.Find("chatwoot")!, DemoRules.SampleConnector, null, null, CreatesUsers: true), stop);
        return added is AddConnectorOutcome.Added(_, _, { Path: { } path }) ? path : throw new InvalidOperationException($"The demo's connector was not added: {added}.");
    }

    /// <summary>What the customers wrote just now; the fresh requests answer it.</summary>
    private static async Task WriteToShopAsync(AfterwordServer server, DemoShop shop, NewApp desk, CancellationToken stop)
    {
        var app = await server.Services.GetRequiredService<CredentialStore>().AppAsync(desk.ConsumerKey, fresh: false, stop);
        var send = server.Services.GetRequiredService<SendMessage>();
        string[] texts = ["Hi! Could the armchair come on Tuesday instead?", "Hello, how long does the warranty of my bed run?", "Is my desk lamp on its way by now?"];
        foreach (var (customer, text) in shop.Customers.Zip(texts))
        {
            await send.RunAsync(new(customer.Id, app!.Id, new MessageDraft(shop.Sender.Id, text)));
        }
    }

    /// <summary>One open card of each type.</summary>
    private static async Task<IReadOnlyList<DemoCard>> AskAsync(AfterwordServer server, DemoShop shop, Settings settings, string url)
    {
        var create = server.Services.GetRequiredService<CreatePrompt>();
        var cards = new List<DemoCard>();
        foreach (var (type, customer, message) in new[]
        {
            (PromptType.Csat, shop.Customers[0], "That's done, {name}: your new armchair comes on Tuesday between 9 and 12. Sleep well!"),
            (PromptType.Nps, shop.Customers[1], "Here is to a year with us, {name}! Your warranty for the bed now runs until next summer."),
        })
        {
            var draft = DemoHistory.Draft(type, customer, message, string.Create(CultureInfo.InvariantCulture, $"fresh_{cards.Count + 1}")) with { IncludeCard = true };
            var cardBase = settings.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? url;
            var answer = await create.RunAsync(new(DemoHistory.CallerOf(shop.Sender), draft, null, cardBase));
            if (answer.Outcome is not CreateOutcome.Created(var feedback, _)) throw new InvalidOperationException($"The demo's fresh request was refused: {answer.Outcome}.");

            cards.Add(new(feedback, customer));
        }

        return cards;
    }
}
