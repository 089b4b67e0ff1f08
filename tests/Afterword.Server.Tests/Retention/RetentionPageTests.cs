using Afterword.Server.Backups;
using Afterword.Server.Console.Members;
using Afterword.Server.Retention;
using Afterword.Server.Storage;
using Afterword.Server.Tests.Fixtures;
using Afterword.Support;

namespace Afterword.Server.Tests.Retention;

/// <summary>Owners choose what is kept, in the console and from a shell; nobody else does.</summary>
public sealed class RetentionPageTests : IAsyncLifetime
{
    private const string Address = "/console/@furni/retention";

    private readonly TestFolder _folder = TestFolder.Create("retention");
    private Dictionary<string, string?> _store = null!;
    private FeedbackFixture _fixture = null!;
    private TestBrowser _owner = null!;

    private TestServer Server => _fixture.Server;

    public async ValueTask InitializeAsync()
    {
        _store = await Engine.Sqlite.MigratedStoreAsync(_folder);
        _fixture = await FeedbackFixture.StartOnAsync(_store);
        await Server.RestAsync();
        var id = (await _fixture.AskAsync()).Text("id");
        (await _fixture.SubmitAsync(id, ("score", "1"), ("text", "MARKER"))).Is(200);
        (await Server.WriteAsync(_fixture.Recipient, _fixture.Furni)).Is(200);
        await Server.AdvanceAsync(TimeSpan.FromDays(200));
        _owner = await Server.MembershipAsync(Role.Owner, _fixture.Furni);
    }

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_would_go_is_counted_and_asked_before_it_goes()
    {
        var counted = (await SubmitAsync(("texts", "6"), ("messages", "40"), ("messages_unit", "d"), ("act", "count"))).Is(200).Html;
        Assert.Matches("<dt>Comments</dt><dd>1</dd>.*<dt>Direct messages</dt><dd>2</dd>.*<dt>Customers</dt><dd>0</dd>", counted.ReplaceLineEndings(""));
        Assert.Contains("Nothing has been changed.", counted, StringComparison.Ordinal);
        Assert.Matches("""name="texts"[^>]*value="6".*name="messages"[^>]*value="40".*<option value="d" selected""", counted.ReplaceLineEndings(""));
        Assert.Equal(0, await Server.CountAsync("retention"));

        var asked = (await SubmitAsync(("texts", "6"), ("act", "save"))).Is(200);
        Assert.True(asked.Asks(Address), asked.Html);
        Assert.Contains("1 comments, 0 notes, 0 messages, 0 customers", asked.Html, StringComparison.Ordinal);
        Assert.Equal(0, await Server.CountAsync("retention"));

        (await _owner.SubmitAsync(asked, Address)).Is(303);
        Assert.Equal(1, await Server.CountAsync("retention", "texts = '6m' and messages is null and people is null and version = 1"));
        Assert.Equal(1, await Server.CountAsync("audit", "what = 'retention: comments 6 months, messages keep, customers keep' and person = 'owner@furni.example'"));
        Assert.Contains("Saved.", (await _owner.GetAsync($"{Address}?done=yes")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_removes_nothing_is_saved_at_once_and_the_second_of_two_is_told()
    {
        var page = await _owner.GetAsync(Address);
        (await _owner.SubmitAsync(page, Address, ("texts", "10"), ("texts_unit", "y"), ("act", "save"))).Is(303);
        (await _owner.SubmitAsync(page, Address, ("texts", "9"), ("texts_unit", "y"), ("act", "save"))).Is(409);
        Assert.Equal(1, await Server.CountAsync("retention", "texts = '10y'"));
        (await SubmitAsync(("texts", ""), ("act", "save"))).Is(303);
        Assert.Equal(1, await Server.CountAsync("retention", "texts is null and version = 2"));
    }

    [Theory]
    [InlineData("29", "d")]
    [InlineData("0", "m")]
    [InlineData("-1", "y")]
    [InlineData("101", "y")]
    [InlineData("six", "m")]
    [InlineData("1.5", "m")]
    public async Task What_is_no_time_is_refused_and_kept_on_the_page(string count, string unit)
    {
        var refused = (await SubmitAsync(("people", count), ("people_unit", unit), ("texts", "12"), ("act", "save"))).Is(400).Html;
        Assert.Contains("from 30 days to 100 years", refused, StringComparison.Ordinal);
        Assert.Matches($"""name="people"[^>]*value="{count}"[^>]*aria-invalid="true".*""", refused);
        Assert.Matches("""name="texts"[^>]*value="12"(?![^>]*aria-invalid)""", refused);
        Assert.Equal(0, await Server.CountAsync("retention"));
    }

    [Fact]
    public async Task Other_roles_and_owners_of_other_senders_neither_see_nor_choose()
    {
        var other = await Server.UserAsync("other");
        var browsers = new List<TestBrowser> { await Server.MembershipAsync(Role.Owner, other), await Server.MembershipAsync(Role.Operator) };
        foreach (var role in (Role[])[Role.Supervisor, Role.Analyst, Role.Agent]) browsers.Add(await Server.MembershipAsync(role, _fixture.Furni));
        foreach (var browser in browsers)
        {
            Assert.InRange((await browser.GetAsync(Address)).Status, 403, 404);
            Assert.InRange((await browser.PostAsync(Address, [.. (await browser.GetAsync("/console/account")).HiddenOf("/console/sign-out"), ("texts", "10"), ("texts_unit", "y"), ("version", "0"), ("act", "save")])).Status, 403, 404);
            Assert.InRange((await browser.PostAsync(Address, [.. (await browser.GetAsync("/console/account")).HiddenOf("/console/sign-out"), ("texts", "1"), ("act", "count"), ("version", "0")])).Status, 403, 404);
        }

        Assert.Equal(0, await Server.CountAsync("retention"));
    }

    [Fact]
    public async Task Operators_see_what_all_chose_the_last_run_and_the_backups()
    {
        await Server.KeepAsync(_fixture.Furni.Id, RetentionFixture.Of("6m", people: "2y"));
        var removed = await Server.RoundAsync();
        Assert.Equal(new RemovedCounts(Comments: 1), removed);
        var browser = await Server.MembershipAsync(Role.Operator);

        var page = (await browser.GetAsync("/console/admin/retention")).Is(200).Html;
        Assert.Matches("@furni.*6 months.*for ever.*2 years", page.ReplaceLineEndings(""));
        Assert.Contains("1 comments", page, StringComparison.Ordinal);
        Assert.Contains("removed 1 comments", (await browser.GetAsync("/console/admin/health")).Is(200).Html, StringComparison.Ordinal);

        var backups = (await browser.GetAsync("/console/admin/backups")).Is(200).Html;
        Assert.Contains("The server takes no backups by itself.", backups, StringComparison.Ordinal);
        Assert.Contains("afterword restore FILE --replace", backups, StringComparison.Ordinal);
        foreach (var path in (string[])["backups", "retention"]) Assert.InRange((await _owner.GetAsync($"/console/admin/{path}")).Status, 403, 404);
    }

    [Fact]
    public async Task The_page_on_backups_says_how_it_stands()
    {
        var folder = Path.Combine(_folder.Path, "backups");
        await OutboundPause.ReleaseAsync(Server.Db, default);
        await Server.RestartAsync("Backup:Every=1.00:00:00", $"Backup:Directory={folder}");
        while (await Server.CountAsync("backup_run", "succeeded_at is not null") == 0) await Task.Delay(10, TestContext.Current.CancellationToken);
        await ShowsAsync("a1", "The last backup is whole", "every 24:00:00 hours", "0 hours", "MiB", "yes, right after it was written", $"{folder}/afterword-");
        await BackupRun.FailAsync(Server.Db, await HolderAsync(), Server.Clock.GetUtcNow(), Server.Clock.GetUtcNow(), "The disk of /backups is full.", default);
        await ShowsAsync("a2", "The last backup failed.", "The disk of /backups is full.");
    }

    [Fact]
    public async Task From_a_shell_it_is_chosen_counted_and_done()
    {
        await Server.Server.DisposeAsync();
        var shell = new CommandShell(_store);
        Assert.Contains("All senders keep everything.", await shell.RunAsync(0, "retention", "show"), StringComparison.Ordinal);
        foreach (var wrong in (string[])["1h", "29d", "forever"]) Assert.Contains("from 30 days to 100 years", await shell.RunAsync(2, "retention", "set", "@furni", "--texts", wrong), StringComparison.Ordinal);
        Assert.Contains("--texts, --messages, --people", await shell.RunAsync(2, "retention", "set", "@furni"), StringComparison.Ordinal);
        Assert.Contains("There is no user @nobody", await shell.RunAsync(1, "retention", "set", "@nobody", "--texts", "12m"), StringComparison.Ordinal);

        // The commands go by the machine's clock, and the store is older.
        var refused = await shell.RunAsync(1, "retention", "set", "@furni", "--texts", "30d", "--messages", "1y");
        Assert.Contains("1 comments", refused, StringComparison.Ordinal);
        Assert.Contains("Give --yes", refused, StringComparison.Ordinal);
        Assert.Contains("All senders keep everything.", await shell.RunAsync(0, "retention", "show"), StringComparison.Ordinal);

        await shell.RunAsync(0, "retention", "set", "@furni", "--texts", "30d", "--yes");
        Assert.Contains("@furni  --texts 30d --messages keep --people keep", await shell.RunAsync(0, "retention", "show", "@furni"), StringComparison.Ordinal);
        Assert.Contains("\"comments\": 1", await shell.RunAsync(0, "--json", "retention", "run", "--dry-run"), StringComparison.Ordinal);
        Assert.Contains("Nothing has been changed.", await shell.RunAsync(0, "retention", "run", "@furni", "--dry-run"), StringComparison.Ordinal);
        Assert.Contains("Removed 1 comments", await shell.RunAsync(0, "retention", "run", "@furni"), StringComparison.Ordinal);
        Assert.Contains("Nothing is too old.", await shell.RunAsync(0, "retention", "run"), StringComparison.Ordinal);
        await shell.RunAsync(0, "retention", "set", "@furni", "--texts", "keep");
        Assert.Contains("--texts keep", await shell.RunAsync(0, "retention", "show", "@furni"), StringComparison.Ordinal);
        await Server.RestartAsync();
        Assert.Equal(2, await Server.CountAsync("audit", "person = 'command line' and what like 'retention: %'"));
        await Server.AllIsWellAsync();
    }

    private async Task ShowsAsync(string name, params string[] texts)
    {
        var html = (await (await Server.MembershipAsync(Role.Operator, email: $"{name}@place.example")).GetAsync("/console/admin/backups")).Is(200).Html;
        Assert.All(texts, text => Assert.Contains(text, html, StringComparison.Ordinal));
    }

    private Task<string> HolderAsync() => Server.Db.ReadAsync(session => session.Sql("select holder from backup_run where id = 1").FirstAsync(row => row.GetString(0), default), default)!;

    private async Task<Page> SubmitAsync(params (string Name, string Value)[] fields) => await _owner.SubmitAsync(await _owner.GetAsync(Address), Address, fields);
}
