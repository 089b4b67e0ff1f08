using Afterword.EndToEnd.Tests.Servers;
using Afterword.EndToEnd.Tests.Webhooks;
using Afterword.Server.Admin.Health;
using Afterword.Server.Automation.Rules;
using Afterword.Server.Console.Audit;
using Afterword.Server.Console.Members;

namespace Afterword.EndToEnd.Tests.Automation;

/// <summary>Stores whose senders have rules.</summary>
internal static class AskingStore
{
    /// <summary>Settings of a server that closes as many conversations as there are.</summary>
    public static string[] Settings { get; } = ["Automation:PollEvery=00:00:00.2", "Limits:ClosesPer15Minutes=1000000000", "Limits:RecipientInterval=00:00:00"];

    /// <summary>Gives rules to senders of a store that no server runs on: at once for the first, a second later for the next, and so on.</summary>
    public static async Task RuleAsync(TestStore store, IReadOnlyList<TestUser> senders, double share = 0.8, string? delay = null)
    {
        await using var opened = await store.OpenAsync();
        await opened.LeaseAsync(TimeProvider.System, CancellationToken.None);
        var rules = new ChangeRules(opened, new AuditLog(opened, TimeProvider.System), TimeProvider.System);
        foreach (var (at, sender) in senders.Index())
        {
            var document = FormattableString.Invariant(
                $$$$"""
                {"rules":[{"name":"all","ask":{"type":"csat","delay":"{{{{delay ?? $"PT{at % 2}S"}}}}","share":{{{{share}}}},"privacy_url":"https://shop.example/privacy","message":{"en":"How was {external_id}, {first_name|there}?"}}}]}
                """);
            Assert.IsType<ChangeRulesOutcome.Saved>(await rules.RunAsync(sender.Id, Member.OfUser("owner"), seen: null, document, CancellationToken.None));
        }
    }

    /// <summary>Waits until nothing is scheduled any more.</summary>
    public static async Task SettleAsync(TestStore store)
    {
        while (await WebhookInbox.CountAsync(store, "select count(*) from conversation where decision = 0") > 0) await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    /// <summary>As if the leases of a dead server had run out: on a shared database nobody can know sooner that it is dead.</summary>
    public static Task EndLeasesAsync(TestStore store) => store.RunAsync("update automation set lease_until = 0");

    /// <summary>What the doctor finds wrong, and what it counts.</summary>
    public static async Task<(List<string> Problems, IReadOnlyDictionary<string, long> Rows)> ExamineAsync(TestStore store)
    {
        await using var opened = await store.OpenAsync();
        var doctor = new Doctor(opened, TimeProvider.System);
        var problems = new List<string>();
        await foreach (var finding in doctor.ExamineAsync(_ => { }, CancellationToken.None)) problems.AddRange(finding.Problems.Select(problem => $"{finding.Check}: {problem}"));
        return (problems, (await doctor.FactsAsync(CancellationToken.None)).Rows);
    }

    /// <summary>Draws every conversation again, and gives how many draws were right.</summary>
    public static async Task<long> VerifyAsync(TestStore store, IReadOnlyList<TestUser> senders)
    {
        await using var opened = await store.OpenAsync();
        var drawn = 0L;
        foreach (var sender in senders)
        {
            var verified = await new VerifyDraws(opened).RunAsync(sender.Id, CancellationToken.None);
            Assert.Null(verified.Why);
            drawn += verified.Checked;
        }

        return drawn;
    }
}
