using System.Net;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.PowerCuts;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Faults;

/// <summary>Calls that read or write the files of a SQLite store fail, for a real server, as they do on a disk that is broken, full, over its quota or read-only.</summary>
public sealed class DiskFaultTests
{
    private const int Connections = 8;

    private static readonly Dictionary<string, string[]> s_meanings = new()
    {
        ["EIO"] = ["Input/output error", "disk I/O error"], ["ENOSPC"] = ["database or disk is full", "No space left on device"], ["EDQUOT"] = ["Disk quota exceeded"], ["EROFS"] = ["Read-only file system"],
    };

    // One of each error in the short form.
    private static readonly (string Call, string Error)[] s_some = [("openat", "EIO"), ("fsync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EDQUOT"), ("fsync", "EROFS"), ("pread64", "EIO")];

    private static (string Call, string Error)[] All =>
        [.. ((string[])["openat", "fsync", "pwrite64"]).SelectMany(call => s_meanings.Keys.Select(error => (call, error))), ("pread64", "EIO")];

    private static readonly (string Call, string Error)[] s_someAtStart = [("unlink", "EIO"), ("ftruncate", "ENOSPC")];

    private static (string Call, string Error)[] AllAtStart =>
        [.. ((string[])["unlink", "ftruncate", "fsync", "pwrite64"]).SelectMany(call => s_meanings.Keys.Select(error => (call, error))), ("pread64", "EIO")];

    private static readonly string[] s_settings = ["Feedback:EventsDelay=00:00:00", "Limits:AnswersPer15Minutes=1000000000"];

    [Fact]
    public async Task While_a_call_fails_requests_are_503_or_served_and_then_all_goes_on_by_itself()
    {
        Strace.SkipUnlessItMayTrace();
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 2, members: 20, customers: 5_000);
        var traffic = new RecordedTraffic(data);
        foreach (var (call, error) in LongForm.IsOn ? All : s_some)
        {
            await using var server = await ServerProcess.StartAsync(store, s_settings);
            using var http = new HttpMessageInvoker(server.Transport, disposeHandler: false);
            var (random, refused) = (new Random(20), traffic.Unavailable);

            // Files are opened by whoever reads first, and stay open.
            if (call != "openat") await traffic.TellAsync(server, Connections, 16, random);
            Assert.True(traffic.Unavailable == refused, $"Before {call} fails with {error}, nothing is refused.");

            await using (var fault = await DiskFault.BeginAsync(server, store.Place.Value, call, error))
            {
                for (var round = 0; round == 0 || (round < 10 && fault.Count == 0); round++) await traffic.TellAsync(server, Connections * (round + 1), 48 * (round + 1), random);
                var writes = call is "fsync" or "pwrite64";
                Assert.True(!writes || traffic.Unavailable > refused, $"While {call} fails with {error}, requests that write are refused.");
                await ReadAsync(http, traffic, mustBeServed: writes, $"while {call} fails with {error}");
                if (writes)
                {
                    await UntilAsync(async () => await GetAsync(http, "/healthz/ready") == HttpStatusCode.ServiceUnavailable, $"While {call} fails with {error}, the server is not ready");
                    await UntilAsync(async () => await GetAsync(http, "/healthz/ready?for=reads") == HttpStatusCode.OK, $"While {call} fails with {error}, the server is ready for reads");
                }

                Assert.True(await fault.EndAsync() > 0, $"No {call} failed with {error}.");
            }

            await UntilAsync(
                async () =>
                {
                    refused = traffic.Unavailable;
                    await traffic.TellAsync(server, 1, 1, random);
                    return traffic.Unavailable == refused;
                },
                $"After {call} failed with {error}, requests that write are served");
            await UntilAsync(async () => await GetAsync(http, "/healthz/ready") == HttpStatusCode.OK, $"After {call} failed with {error}, the server is ready");
            await traffic.TellAsync(server, Connections, 16, random);
            Assert.Equal(refused, traffic.Unavailable);
            AssertTold(server, call, error);
            Assert.Equal(0, await server.TerminateAsync());
            Assert.Empty(traffic.Faults);
            Assert.Empty(Invariants.Check(await StoreImage.ReadAsync(store), traffic.Now()));
        }
    }

    [Fact]
    public async Task A_start_or_a_stop_at_which_a_call_fails_loses_nothing_and_says_why()
    {
        Strace.SkipUnlessItMayTrace();
        var store = await SqliteStore.NewAsync();
        var data = await SampleData.SetUpAsync(store, senders: 2, members: 20, customers: 5_000);
        var traffic = new RecordedTraffic(data);
        var refused = 0;
        foreach (var (call, error) in LongForm.IsOn ? AllAtStart : s_someAtStart)
        {
            using var folder = TestFolder.Create("fault");
            var trace = Path.Combine(folder.Path, "calls");
            var paths = string.Concat(DiskFault.Files(store.Place.Value).Select(file => $"-P {file} "));
            try
            {
                await using var server = await ServerProcess.StartBoundedAsync(store, new(Trace: $"-f --seccomp-bpf -q -o {trace} {paths} -e trace={call} -e inject={call}:error={error}"), s_settings);
                await traffic.TellAsync(server, Connections, 16, new Random(21));
                Assert.Equal(0, await server.TerminateAsync());
            }
            catch (InvalidOperationException told)
            {
                refused++;
                Assert.True(s_meanings[error].Any(meaning => told.Message.Contains(meaning, StringComparison.Ordinal)), $"{call}: it names {error}: {told.Message}");
            }

            Assert.True(DiskFault.CountIn(trace) > 0, $"No {call} failed with {error}.");
        }

        await using var last = await ServerProcess.StartAsync(store, s_settings);
        await traffic.TellAsync(last, Connections, 16, new Random(21));
        Assert.Equal(0, await last.TerminateAsync());
        Assert.Empty(traffic.Faults);
        Assert.True(traffic.Acknowledged > 16 && refused > 0);
        Assert.Empty(Invariants.Check(await StoreImage.ReadAsync(store), traffic.Now()));
    }

    private static void AssertTold(ServerProcess server, string call, string error)
    {
        string[] told = [.. server.Errors.Where(line => line.Contains("\"Category\":\"Afterword.Server.Storage.StoreFaults\"", StringComparison.Ordinal))];
        Assert.True(told.Length is > 0 and <= 4, $"{call}, {error}: a few lines tell it, not {told.Length}: {string.Join('\n', told)}");
        if (call != "openat") Assert.True(told.Any(line => s_meanings[error].Any(meaning => line.Contains(meaning, StringComparison.Ordinal))), $"{call}: some line names {error}: {string.Join('\n', told)}");
        Assert.DoesNotContain(server.Errors, line => line.Contains("\"EventId\":1001,", StringComparison.Ordinal));
    }

    private static async Task ReadAsync(HttpMessageInvoker http, RecordedTraffic traffic, bool mustBeServed, string when)
    {
        var stored = traffic.Now().All.Where(sentRequest => sentRequest.Fate == Fate.Stored).TakeLast(12).ToArray();
        await Task.WhenAll(stored.Select(async sentRequest =>
        {
            var answer = await (await SignedRequest.MakeAsync(sentRequest.Sender.Credentials, HttpMethod.Get, $"/1.1/feedback/show/{sentRequest.Feedback!.Id}.json")).SendAsync(http, CancellationToken.None);
            Assert.True(answer.Status == HttpStatusCode.OK || (!mustBeServed && answer.Status == HttpStatusCode.ServiceUnavailable), $"A read {when} was answered with {answer.Status} {answer.Text}");
        }));
    }

    private static async Task<HttpStatusCode> GetAsync(HttpMessageInvoker http, string target) =>
        (await (await SignedRequest.MakeAsync(null, HttpMethod.Get, target)).SendAsync(http, CancellationToken.None)).Status;

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        for (var poll = 0; !await isSo(); poll++)
        {
            Assert.True(poll < 200, $"{what}: not after {poll} polls.");
            await Task.Delay(10);
        }
    }
}
