using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Consoles;
using Afterword.Server.Console.Members;
using Afterword.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>The console's download in a real browser: how far it is, and how it is stopped.</summary>
public sealed class ConsoleDownloadTests(Browser browser)
{
    private const string Page = "/console/@furni/export";

    // Forty megabytes: more than sockets and the browser take in before someone reads.
    private const int Rows = 8_000;
    private const int TextLength = 5_000;

    // Chromium without a window has no dialogue: the file goes where the dialogue would have put it, onto a disk that waits
    // until it is told to go on.
    private const string Disk =
        """
        window.disks = [];
        window.showSaveFilePicker = async () => {
          const disk = { bytes: 0, state: "open", removed: false };
          disk.ready = new Promise((go) => { disk.goOn = go; });
          window.disks.push(disk);
          return {
            createWritable: async () => new WritableStream({
              write(piece) { disk.bytes += piece.byteLength; return disk.ready; },
              close() { disk.state = "closed"; },
              abort() { disk.state = "thrown away"; },
            }),
            remove: async () => { disk.removed = true; },
          };
        };
        """;

    [Fact]
    public async Task A_download_that_is_stopped_ends_on_the_server_too_and_leaves_nothing_behind()
    {
        var requests = new Requests();
        await using var stage = await ConsoleFixture.SetAsync(browser, builder => builder.Services.AddSingleton<IStartupFilter>(requests));
        await FillAsync(stage);
        var page = await stage.MembershipAsync(Role.Supervisor);
        await page.AddInitScriptAsync(Disk);
        await stage.OpenAsync(page, Page);
        var (said, cancel, download) = (page.Locator("#said"), page.Locator("#cancel"), page.GetByRole(AriaRole.Button, new() { Name = "Download CSV" }));
        await Assertions.Expect(cancel).ToBeHiddenAsync();

        await download.ClickAsync();
        await Assertions.Expect(said).ToContainTextAsync("so far");
        await Assertions.Expect(page.Locator("#progress progress")).ToBeVisibleAsync();
        await Assertions.Expect(download).ToBeDisabledAsync();
        await Axe.FindsNothingAndAllFitsAsync(page);
        Assert.False(requests.First.IsCompleted);

        await cancel.ClickAsync();
        await page.EvaluateAsync("window.disks[0].goOn()");
        await Assertions.Expect(said).ToHaveTextAsync("Stopped. No file was written.");
        await Assertions.Expect(cancel).ToBeHiddenAsync();
        Assert.Equal("thrown away", await page.EvaluateAsync<string>("window.disks[0].state"));
        Assert.True(await page.EvaluateAsync<bool>("window.disks[0].removed"));
        Assert.True(await requests.First.WaitAsync(TestContext.Current.CancellationToken), "The server sent the file to its end.");

        await Assertions.Expect(download).ToBeEnabledAsync();
        await download.ClickAsync();
        await page.WaitForFunctionAsync("window.disks.length === 2");
        await page.EvaluateAsync("window.disks[1].goOn()");
        await Assertions.Expect(said).ToContainTextAsync("Done", new() { Timeout = 60_000 });
        Assert.Equal("closed", await page.EvaluateAsync<string>("window.disks[1].state"));
        Assert.False(await page.EvaluateAsync<bool>("window.disks[1].removed"));
        Assert.InRange(await page.EvaluateAsync<long>("window.disks[1].bytes"), (long)Rows * TextLength, long.MaxValue);
    }

    private static Task<int> FillAsync(ConsoleFixture stage) => stage.Services.GetRequiredService<Store>().Main.WriteAsync(
        session => session.Sql(
            """
            with recursive n(id) as (select 1 union all select id + 1 from n where id < @count)
            insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, created_at, updated_at, comment, comment_at)
            select @sender, id, 1, id, 1, 0, 0, 'How was it?', 'https://furni.example/p', @now, @now, @text, @now from n
            """)
            .Bind("count", (long)Rows).Bind("sender", stage.Furni.Id).Bind("now", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).Bind("text", new string('x', TextLength)).RunAsync(default),
        default);

    /// <summary>Watches how the server's part of a download ends.</summary>
    private sealed class Requests : IStartupFilter
    {
        private readonly TaskCompletionSource<bool> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when the first download has ended: true if its reader had left.</summary>
        public Task<bool> First => _first.Task;

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(WatchAsync);
            next(app);
        };

        private async Task WatchAsync(HttpContext http, RequestDelegate next)
        {
            try
            {
                await next(http);
            }
            finally
            {
                if (http.Request.Path.Value?.EndsWith("/export/file", StringComparison.Ordinal) == true) _first.TrySetResult(http.RequestAborted.IsCancellationRequested);
            }
        }
    }
}
