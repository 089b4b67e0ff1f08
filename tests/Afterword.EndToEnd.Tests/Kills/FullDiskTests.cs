using System.Diagnostics;
using System.Net;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Kills;

/// <summary>The disk of a SQLite store is full, for real: a small one that the test fills up.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task On_a_full_disk_reads_go_on_writes_are_503_and_both_resume_by_themselves()
    {
        OwnMounts.Need();
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 1, members: 0, customers: 100);
        await using var server = await ServerProcess.StartBoundedAsync(store, new(Disk: store.Place.Value), "Limits:RecipientInterval=00:00:00", "Feedback:EventsDelay=00:00:00");
        using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
        var sender = data.Senders[0].Credentials;
        async Task<Answer> SendAsync(HttpMethod method, string target, params (string Name, string Value)[] form) => await (await SignedRequest.MakeAsync(
            target.StartsWith("/1.1", StringComparison.Ordinal) ? sender : null, method, target, form.Length == 0 ? null : form.Select(pair => KeyValuePair.Create(pair.Name, pair.Value)))).SendAsync(http, CancellationToken.None);
        Task<Answer> CreateAsync() => SendAsync(HttpMethod.Post, "/1.1/feedback/create.json", ("type", "csat"), ("to_user_id", "7"), ("message", "Hello"), ("privacy_url", "https://shop.example/privacy"));

        var first = (await CreateAsync()).Feedback.Id;
        var filler = $"/proc/{server.Id}/root{store.Place.Value}/filler";
        await FillAsync(filler);

        // What the log has room for is taken still.
        var refused = await CreateAsync();
        for (var i = 0; i < 20_000 && refused.Status == HttpStatusCode.OK; i++) refused = await CreateAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        for (var i = 0; i < 100; i++)
        {
            var shown = await SendAsync(HttpMethod.Get, $"/1.1/feedback/show/{first}.json");
            Assert.True(shown.Status == HttpStatusCode.OK, $"{i}: {shown.Text} {string.Join('\n', server.Errors.TakeLast(3))}");
        }

        var from = TimeProvider.System.GetUtcNow().AddMinutes(-5).ToUnixTimeMilliseconds();
        var events = await SendAsync(HttpMethod.Get, FormattableString.Invariant($"/1.1/feedback/events.json?from_time={from}&to_time={TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}"));
        Assert.Equal(HttpStatusCode.OK, events.Status);
        Assert.Contains(first, events.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/healthz/ready?for=reads")).Status);
        await UntilAsync(async () => (await SendAsync(HttpMethod.Get, "/healthz/ready")).Status == HttpStatusCode.ServiceUnavailable);

        Assert.Single(server.Errors, line => line.Contains("Trouble disk_full: the disk is full.", StringComparison.Ordinal));

        File.Delete(filler);
        await UntilAsync(async () => (await CreateAsync()).Status == HttpStatusCode.OK);
        await UntilAsync(async () => (await SendAsync(HttpMethod.Get, "/healthz/ready")).Status == HttpStatusCode.OK);
        Assert.Equal(0, await server.TerminateAsync());
    }

    [Fact]
    public async Task A_start_on_a_full_disk_says_that_it_is_full()
    {
        OwnMounts.Need();
        using var folder = TestFolder.Create("full");

        var (code, errors) = await OwnMounts.RunAsync($"mount -t tmpfs -o size=64k none {folder.Path}; head -c 1M /dev/zero > {folder.Path}/filler; exec {Path.Combine(AppContext.BaseDirectory, "afterword")} serve --urls http://127.0.0.1:0 --data {folder.Path}");

        Assert.Equal(1, code);
        Assert.Contains($"The disk of {folder.Path} is full: make room on it.", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_says_that_the_disk_is_nearly_full()
    {
        OwnMounts.Need();
        using var folder = TestFolder.Create("full");
        var program = Path.Combine(AppContext.BaseDirectory, "afterword");

        var (code, errors) = await OwnMounts.RunAsync($"mount -t tmpfs -o size=16m none {folder.Path}; {program} migrate --data {folder.Path}; {program} doctor --data {folder.Path} 1>&2");

        Assert.Equal(1, code);
        Assert.Matches($"FAILED the engine and its files .*\n *the disk of {folder.Path} has [0-9]+ MiB left, and the store needs 64 for its log: make room on it, or writes are refused\n", errors);
        Assert.Contains("checks failed.", errors, StringComparison.Ordinal);
    }

    private static async Task FillAsync(string file)
    {
        using var dd = Process.Start(new ProcessStartInfo("dd", ["if=/dev/zero", $"of={file}", "bs=4096"]) { RedirectStandardError = true })!;
        await dd.StandardError.ReadToEndAsync();
        await dd.WaitForExitAsync();
        Assert.True(new FileInfo(file).Length > 0);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var poll = 0; !await isSo(); poll++)
        {
            Assert.True(poll < 500);
            await Task.Delay(10);
        }
    }
}
