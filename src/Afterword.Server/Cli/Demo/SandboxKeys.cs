using System.Globalization;
using Afterword.Server.Allowlists;
using Afterword.Server.OAuth;
using Afterword.Server.Operators;
using Afterword.Server.Users;

namespace Afterword.Server.Cli.Demo;

/// <summary>Puts into a sandbox what every test needs: an app, a sender and some customers, with their tokens.</summary>
internal static class SandboxKeys
{
    private static readonly string[] s_customers = ["ana", "bea", "cem"];

    public static async Task<SandboxJson> MakeAsync(AfterwordServer server, CancellationToken stop)
    {
        var services = server.Services;
        var apps = services.GetRequiredService<Apps>();
        var app = await apps.AddAsync("Sandbox", ["oob"], stop);
        await apps.AllowAsync(app.ConsumerKey, true, stop);
        var sender = await AddAsync(services, "sandbox", stop);
        await services.GetRequiredService<Allowlist>().AllowSenderAsync(sender.Id, new SenderGrant(null, null, null, null), stop);
        var customers = new List<TokenJson>();
        foreach (var handle in s_customers) customers.Add(await TokenAsync(apps, app, await AddAsync(services, handle, stop), stop));
        var key = await services.GetRequiredService<OperatorKeys>().AddAsync("sandbox", stop);
        return new(key!, new(app.ConsumerKey, app.ConsumerSecret, app.Name, app.Callbacks, Allowed: true, Suspended: false), await TokenAsync(apps, app, sender, stop), customers);
    }

    public static IEnumerable<string> Lines(SandboxJson made) =>
    [
        "Sandbox: everything is thrown away when this ends; nothing leaves this machine.",
        $"operator key  {made.OperatorKey}",
        $"app           {made.App.ConsumerKey}  {made.App.ConsumerSecret}",
        .. made.Customers.Prepend(made.Sender).Select(one => $"@{one.ScreenName,-12} {one.UserId}  {one.OauthToken}  {one.OauthTokenSecret}"),
    ];

    private static async Task<User> AddAsync(IServiceProvider services, string handle, CancellationToken stop) =>
        (await services.GetRequiredService<UserAccounts>().AddAsync(handle, CultureInfo.InvariantCulture.TextInfo.ToTitleCase(handle), null, MessagingPermission.Anyone, stop))!;

    private static async Task<TokenJson> TokenAsync(Apps apps, NewApp app, User user, CancellationToken stop)
    {
        var token = await apps.IssueTokenAsync(app.ConsumerKey, user.Id, Permission.DirectMessages, stop);
        return new(token!.Token, token.TokenSecret, user.Id.ToString(CultureInfo.InvariantCulture), user.ScreenName, "dm");
    }
}
