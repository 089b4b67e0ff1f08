using System.Globalization;
using Afterword.Server.Configuration;
using Afterword.Server.Console;
using Afterword.Server.Console.Members;
using Afterword.Server.Hosting.Pages;
using Afterword.Server.Parsing;
using Afterword.Server.Reports.FollowUps;
using Afterword.Server.Retention.Pages;
using Afterword.Server.Storage;

namespace Afterword.Server.Retention;

/// <summary>What a sender keeps, and for how long: owners choose, operators see what all chose.</summary>
internal static class RetentionEndpoints
{
    /// <summary>A page does not count further.</summary>
    private const long MostCounted = 20_000;

    public static void AddRetention(this IServiceCollection services)
    {
        services.AddSingleton<RemoveOld>();
        services.AddSingleton<ChooseRetention>();
        services.AddSingleton<RetentionWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<RetentionWorker>());
    }

    public static void MapRetention(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapConsole();
        console.MapGet("/@{handle}/retention", Show).For(Role.Owner);
        console.MapPost("/@{handle}/retention", Save).For(Role.Owner);
        console.MapGet("/admin/retention", ShowAll).For(Role.Operator);
    }

    private static async Task Show(HttpContext http, Membership membership, ChooseRetention choose)
    {
        var kept = await choose.ReadAsync(membership.SenderId, http.RequestAborted);
        await ShowAsync(http, membership, 200, new(RetentionForm.Of(kept.Periods), kept.Version) { IsSaved = http.Request.Query["done"] == "yes" });
    }

    private static async Task Save(HttpContext http, Membership membership, ChooseRetention choose, RemoveOld remove)
    {
        var form = RetentionForm.Of(http.Request.Form);
        if (form.Read() is not { } periods || !WholeNumber.TryRead(http.Request.Form["version"].ToString(), out var version))
        {
            await ShowAsync(http, membership, 400, new(form, Seen(http)) { Problem = $"A time is a whole number from {RetentionPeriod.LeastDays} days to {RetentionPeriod.MostYears} years; leave it empty to keep everything." });
            return;
        }

        var forecast = await remove.CountAsync(membership.SenderId, periods, MostCounted, http.RequestAborted);
        if (http.Request.Form["act"] == "count")
        {
            await ShowAsync(http, membership, 200, new(form, version) { Forecast = Lines(forecast) });
            return;
        }

        if (!forecast.Rows.IsNothing && !await http.IsConfirmedAsync(membership, new("Remove what is older?", $"You chose to keep comments {WordsOf(periods.Texts)}, messages {WordsOf(periods.Messages)}, customers {WordsOf(periods.People)}. {Consequence(forecast)}", "Save and remove", "retention"))) return;
        if (await choose.SaveAsync(membership.SenderId, membership.Member, periods, version, http.RequestAborted)) http.SeeOther($"{membership.AddressOf("retention")}?done=yes");
        else await ShowAsync(http, membership, 409, new(form, (await choose.ReadAsync(membership.SenderId, http.RequestAborted)).Version) { Problem = FollowUpEndpoints.Elsewhere });
    }

    private static async Task ShowAll(HttpContext http, Membership membership, ChooseRetention choose, Store store, Settings settings, TimeProvider clock)
    {
        var run = await store.Main.ReadAsync(session => RetentionRun.FindAsync(session, clock.GetUtcNow(), http.RequestAborted), http.RequestAborted);
        await http.ShowConsoleAsync<SendersRetentionPage>(membership, 200, new()
        {
            [nameof(SendersRetentionPage.Senders)] = (await choose.ListAsync(http.RequestAborted)).ConvertAll(one => new SendersRetentionPage.Line(
                one.ScreenName, WordsOf(one.Kept.Periods.Texts), WordsOf(one.Kept.Periods.Messages), WordsOf(one.Kept.Periods.People))),
            [nameof(SendersRetentionPage.Facts)] = RetentionTexts.Facts(run, ConsoleTimes.For(membership.Member, settings)),
        });
    }

    private static Task ShowAsync(HttpContext http, Membership membership, int status, RetentionView view) =>
        http.ShowConsoleAsync<RetentionPage>(membership, status, new() { [nameof(RetentionPage.View)] = view });

    private static long Seen(HttpContext http) => WholeNumber.TryRead(http.Request.Form["version"].ToString(), out var version) ? version : 0;

    private static string WordsOf(RetentionPeriod? period) => period?.Words ?? "for ever";

    private static IReadOnlyList<(string, string)> Lines(Forecast forecast) =>
    [
        ("Comments", Number(forecast.Rows.Comments)), ("Notes in the follow-up", Number(forecast.Rows.Notes)), ("Direct messages", Number(forecast.Rows.Messages)),
        ("Customers", Number(forecast.Rows.Customers)), ("Of those, accounts that only you know", Number(forecast.Rows.Accounts)),
        .. forecast.AtLeast ? [("More", "There may be more: the count was stopped.")] : (IEnumerable<(string, string)>)[],
    ];

    private static string Consequence(Forecast forecast) =>
        $"{(forecast.AtLeast ? "At least " : "")}{forecast.Rows} are older. They are removed within minutes, and nothing brings them back but a backup. Scores and all metrics stay as they are.";

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
