using System.CommandLine;
using Afterword.Server.Configuration;
using Afterword.Server.OAuth;
using Afterword.Server.OAuth.Grants;

namespace Afterword.Server.Cli.Senders;

/// <summary><c>afterword app …</c>: the apps that may call.</summary>
internal static class AppCommands
{
    private static readonly TimeSpan s_overlap = TimeSpan.FromHours(24);
    private const int MostDaysOfOverlap = 30;

    private static readonly Option<string[]> s_callback = new("--callback")
    {
        Description = "An address users may be led back to after they approved the app, or oob for a PIN that they type; may be given again.",
        HelpName = "URL",
        DefaultValueFactory = _ => [],
    };

    public static Command Create() => new("app", "Apps: consumer keys and secrets.") { Add(), List(), RotateSecret(), Suspend("suspend", true), Suspend("resume", false) };

    /// <summary>An app as every command shows it.</summary>
    public static AppJson ToJson(ListedApp app) => new(app.ConsumerKey, null, app.Name, app.Callbacks, app.Allowed, app.Suspended);

    public static string Line(ListedApp app) =>
        $"{app.ConsumerKey}  {app.Name}{(app.Allowed ? "  allowed" : "")}{(app.Suspended ? "  suspended" : "")}{string.Concat(app.Callbacks.Select(url => $"  {url}"))}";

    private static Command Add()
    {
        var name = new Argument<string>("NAME") { Description = "What users read when they are asked to approve the app." };
        name.Validators.Add(result => Inputs.CheckName(result, "The name", result.GetValueOrDefault<string>() ?? ""));
        s_callback.Validators.Add(result =>
        {
            foreach (var url in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!Callback.MayBe(url)) result.AddError($"--callback is \"{url}\"; it must be a web address without a fragment, such as https://desk.example.com/signed-in, one with a scheme of the app's own, such as com.example.desk:/signed-in, or oob.");
            }
        });

        var command = new Command("add", "Add an app and print its key and secret. Example: afterword app add \"Furni Desk\"") { name, s_callback };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var app = await store.Apps.AddAsync(parsed.GetRequiredValue(name), parsed.GetValue(s_callback)!, stop);
            parsed.Say(
                new AppJson(app.ConsumerKey, app.ConsumerSecret, app.Name, app.Callbacks, Allowed: false, Suspended: false), CommandJson.Default.AppJson,
                $"consumer key     {app.ConsumerKey}", $"consumer secret  {app.ConsumerSecret}", $"Next: afterword allow app {app.ConsumerKey}");
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List all apps. Example: afterword app list");
        command.OnStore(async (parsed, store, stop) =>
        {
            var apps = await store.Apps.ListAsync(stop);
            parsed.Say(new AppsJson([.. apps.Select(ToJson)]), CommandJson.Default.AppsJson, apps.Select(Line));
        });
        return command;
    }

    private static Command RotateSecret()
    {
        var key = Inputs.ConsumerKey();
        var overlap = Inputs.Duration("--overlap", "How long the old secret works beside the new one, at most 30 days; 24:00:00 by default, 00:00:00 ends it at once.", MostDaysOfOverlap);
        var command = new Command("rotate-secret", "Give an app a new secret and print it, once. Example: afterword app rotate-secret KEY --overlap 2.00:00:00") { key, overlap };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var (consumerKey, both) = (parsed.GetRequiredValue(key), parsed.GetValue(overlap) ?? s_overlap);
            var secret = await store.Apps.RotateSecretAsync(consumerKey, both, stop) ?? throw OpenedStore.NoApp(consumerKey);
            parsed.Say(
                ToJson(await store.AppAsync(consumerKey, stop)) with { ConsumerSecret = secret }, CommandJson.Default.AppJson,
                $"consumer key     {consumerKey}", $"consumer secret  {secret}",
                both == TimeSpan.Zero ? "The old secret is refused within five seconds." : $"The old secret works for {DurationText.Of(both)} more.");
        });
        return command;
    }

    private static Command Suspend(string verb, bool suspended)
    {
        var key = Inputs.ConsumerKey();
        var does = suspended ? "Refuse every call of an app until it is resumed." : "Let a suspended app call again.";
        var command = new Command(verb, $"{does} Example: afterword app {verb} KEY") { key };
        command.OnStoreChange(async (parsed, store, stop) =>
        {
            var consumerKey = parsed.GetRequiredValue(key);
            if (!await store.Apps.SuspendAsync(consumerKey, suspended, stop)) throw OpenedStore.NoApp(consumerKey);

            var app = await store.AppAsync(consumerKey, stop);
            parsed.Say(ToJson(app), CommandJson.Default.AppJson, Line(app));
        });
        return command;
    }
}
