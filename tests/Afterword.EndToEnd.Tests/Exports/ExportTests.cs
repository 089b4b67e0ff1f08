using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Kills;
using Afterword.EndToEnd.Tests.Servers;
using Afterword.Server.Cli;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>A sender's feedback as CSV, by the API and by the command line, beside a running server.</summary>
public abstract partial class ExportTests : IAsyncLifetime
{
    private const long MostMemory = 64 * 1024 * 1024;
    private const string Export = "/1.1/feedback/export.csv";
    private const int Interrupt = 2;

    // Days in 2026, a minute apart; snowflakes of the same instants.
    private const long From = 1_767_225_600_000;

    private readonly TestFolder _folder = TestFolder.Create("export");
    private TestStore _store = null!;
    private ServerProcess _server = null!;
    private Scene _scene = null!;

    private protected abstract Task<TestStore> NewStoreAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await NewStoreAsync();
        _scene = await Scene.SetUpAsync(_store, senders: 2, members: 1, customers: 100);
        _server = await ServerProcess.StartAsync(_store, "Limits:ExportsPer15Minutes=1000000");
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("type=nps&min_score=9", "--type nps --min-score 9")]
    [InlineData("from_time=1767229200000&to_time=1767311999999", "--from 2026-01-01T01:00:00Z --to 2026-01-01")]
    [InlineData("has_text=true&test=all&max_score=3", "--has-text true --test all --max-score 3")]
    [InlineData("agent=Agent 1&tag=tag2", "--agent,Agent 1,--tag,tag2")]
    [InlineData("external_id=ticket_8&bom=true", "--external-id ticket_8 --bom")]
    [InlineData("after=2006636518709202944", "--after 2006636518709202944")]
    public async Task The_api_and_the_command_line_give_the_same_bytes(string query, string options)
    {
        await FillAsync(3_000);

        var api = await FetchAsync(query);
        var command = (await RunAsync(["@sender0", "-o", Path("file.csv"), .. options.Split(options.Contains(',', StringComparison.Ordinal) ? ',' : ' ', StringSplitOptions.RemoveEmptyEntries)])).Is(0);

        Assert.Equal(api, await File.ReadAllBytesAsync(Path("file.csv")));
        Assert.Equal(Encoding.UTF8.GetString(api).Split("\r\n").Length - 2, command.Json.GetProperty("rows").GetInt64());
        Assert.True(command.Json.GetProperty("rows").GetInt64() > 0);
        Assert.Equal(1, await _store.RunAsync("update audit set what = what where person = 'command line' and what = 'answers, from the command line'"));
        Assert.False(File.Exists(Path("file.csv.part")));
    }

    [Fact]
    public async Task An_interrupted_file_is_completed_wherever_it_broke_off()
    {
        await FillAsync(2_000);
        var whole = await FetchAsync("");
        var random = new Random(5);
        for (var i = 0; i < 6; i++)
        {
            // Half of them as our own unfinished file, half as one that came over a connection that broke.
            var cut = random.Next(whole.Length);
            await File.WriteAllBytesAsync(Path(i % 2 == 0 ? "file.csv.part" : "file.csv"), whole[..cut]);

            (await RunAsync("@sender0", "-o", Path("file.csv"), "--resume")).Is(0);

            Assert.Equal(whole, await File.ReadAllBytesAsync(Path("file.csv")));
            File.Delete(Path("file.csv"));
        }
    }

    [Fact]
    public async Task What_Ctrl_C_left_are_whole_lines_and_it_goes_on_to_the_same_bytes()
    {
        await FillAsync(100_000);
        var part = Path("file.csv.part");
        var (code, errors) = await InterruptAsync(part);

        // A machine may be done before the signal is there.
        for (var again = 0; again < 10 && code == 0; again++) (code, errors) = await InterruptAsync(part);

        Assert.True(code == 1, $"{code} {errors}");
        Assert.Contains($"What was written is in {part}. Go on with --resume", errors, StringComparison.Ordinal);
        Assert.Contains("Stopped before it was done.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path("file.csv")));
        var whole = await FetchAsync("");
        var begun = await File.ReadAllBytesAsync(part);
        Assert.InRange(begun.Length, 1, whole.Length - 1);
        Assert.Equal(whole[..begun.Length], begun);
        Assert.Equal(begun.Length, CsvEnd.Find(new MemoryStream(begun))!.Value.Length);

        (await RunAsync("@sender0", "-o", Path("file.csv"), "--resume")).Is(0);

        Assert.Equal(whole, await File.ReadAllBytesAsync(Path("file.csv")));
    }

    [Fact]
    public async Task A_complete_file_is_brought_up_to_date()
    {
        await FillAsync(700);
        (await RunAsync("@sender0", "-o", Path("file.csv"))).Is(0);
        await FillAsync(300, first: 700);

        var resumed = (await RunAsync("@sender0", "-o", Path("file.csv"), "--resume")).Is(0);

        Assert.Equal(await FetchAsync(""), await File.ReadAllBytesAsync(Path("file.csv")));
        Assert.Equal(1_000 * 9 / 10, resumed.Json.GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task What_is_no_export_is_left_as_it_is()
    {
        await File.WriteAllTextAsync(Path("letter.csv"), "Dear all,\r\n");

        Assert.Contains("letter.csv is not an export", (await RunAsync("@sender0", "-o", Path("letter.csv"), "--resume")).Is(2).Errors, StringComparison.Ordinal);

        Assert.Equal("Dear all,\r\n", await File.ReadAllTextAsync(Path("letter.csv")));
    }

    [Theory]
    [InlineData(2, "@sender0", "--json")]
    [InlineData(2, "@sender0", "--resume")]
    [InlineData(2, "@sender0", "-o", "x", "--resume", "--after", "1")]
    [InlineData(2, "@sender0", "-o", "x", "--type", "NPS")]
    [InlineData(2, "@sender0", "-o", "x", "--from", "yesterday")]
    [InlineData(2, "@sender0", "-o", "x", "--from", "2026-02-01", "--to", "2026-01-01")]
    [InlineData(2, "@sender0", "-o", "x", "--min-score", "11")]
    [InlineData(2, "@sender0", "-o", "x", "--after", "z")]
    [InlineData(1, "@nobody", "-o", "x")]
    [InlineData(1, "@sender0", "-o", "/no/such/folder/x")]
    public async Task What_is_wrong_is_said_on_stderr_and_by_the_exit_code(int exitCode, params string[] arguments)
    {
        var command = (await Command.RunAsync(["export", .. arguments, .. Place])).Is(exitCode);

        Assert.Equal("", command.Output);
        Assert.NotEqual("", command.Errors);
        Assert.DoesNotContain("   at ", command.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_file_the_lines_go_to_standard_output()
    {
        await FillAsync(50);

        Assert.Equal(Encoding.UTF8.GetString(await FetchAsync("")), (await Command.RunAsync(["export", "@sender0", .. Place])).Is(0).Output);
    }

    [Fact]
    public async Task A_long_file_costs_no_memory()
    {
        var rows = KillRun.IsLong ? 1_000_000 : 100_000;
        await FillAsync(rows);
        using var http = new HttpMessageInvoker(_server.Transport, disposeHandler: false);

        // What the first call compiles and opens belongs to no file.
        await FetchAsync("to_time=0");
        var before = Resident();
        var (most, bytes) = (before, 0L);
        using var message = await MessageAsync("test=all");
        using var response = await http.SendAsync(message, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var buffer = new byte[1 << 20];
        await using var body = await response.Content.ReadAsStreamAsync();
        for (var (read, pieces) = (1, 0); read > 0; pieces++)
        {
            read = await body.ReadAsync(buffer);
            bytes += read;
            if (pieces % 16 == 0) most = Math.Max(most, Resident());
        }

        Assert.InRange(bytes, rows * 100L, long.MaxValue);
        Assert.InRange(most - before, 0, MostMemory);
    }

    [Fact]
    public async Task A_server_that_ends_breaks_the_file_off_and_it_is_seen()
    {
        await FillAsync(60_000);
        using var http = new HttpMessageInvoker(_server.Transport, disposeHandler: false);
        using var message = await MessageAsync("");
        using var response = await http.SendAsync(message, CancellationToken.None);
        await using var body = await response.Content.ReadAsStreamAsync();
        var begun = new byte[100_000];
        await body.ReadExactlyAsync(begun);

        await _server.KillAsync();

        using var rest = new MemoryStream();
        var error = await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(rest));
        Assert.NotNull(error);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Exports, and interrupts that as soon as there is something in the file.</summary>
    private async Task<(int Code, string Errors)> InterruptAsync(string part)
    {
        File.Delete(Path("file.csv"));
        using var process = Command.Start(["export", "@sender0", "-o", Path("file.csv"), .. Place]);
        process.StandardInput.Close();
        while (!process.HasExited && !(File.Exists(part) && new FileInfo(part).Length > 0)) await Task.Yield();

        _ = Kill(process.Id, Interrupt);
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private string[] Place => [$"--{_store.Place.Key.ToLowerInvariant()}", _store.Place.Value];

    private string Path(string name) => System.IO.Path.Combine(_folder.Path, name);

    private Task<Command> RunAsync(params string[] arguments) => Command.RunAsync(["export", .. arguments, .. Place, "--json"]);

    private long Resident()
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_server.Id}/status")).First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private async Task<byte[]> FetchAsync(string query)
    {
        using var http = new HttpMessageInvoker(_server.Transport, disposeHandler: false);
        var answer = await (await SignedRequest.MakeAsync(_scene.Senders[0].Credentials, HttpMethod.Get, Target(query))).SendAsync(http, CancellationToken.None);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Body;
    }

    private async Task<HttpRequestMessage> MessageAsync(string query)
    {
        var signed = await SignedRequest.MakeAsync(_scene.Senders[0].Credentials, HttpMethod.Get, Target(query));
        var message = new HttpRequestMessage(HttpMethod.Get, "http://feedback.test" + signed.Target);
        message.Headers.TryAddWithoutValidation("Authorization", signed.Authorization);
        return message;
    }

    private static string Target(string query) => $"{Export}?{query.Replace(" ", "%20", StringComparison.Ordinal)}";

    /// <summary>Feedback of both senders, every tenth a test, every second with a score, every fourth with a text.</summary>
    private async Task FillAsync(int rows, int first = 0)
    {
        foreach (var (sender, place) in _scene.Senders.Select((sender, place) => (sender.Id, place)))
        {
            await _store.RunAsync(
                $"""
                insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, external_id,
                    created_at, updated_at, score, score_at, comment, comment_at, agent, tags)
                select @sender, ((at - 1288834974657) << 22) + @place * 2, 1 + i % 100, ((at - 1288834974657) << 22) + @place * 2 + 1, 1 + i % 2,
                    case when i % 10 = 7 then 1 else 0 end, 0, 'How was it?', 'https://furni.example/p', 'ticket_' || i, at, at,
                    case when i % 2 = 1 then i % 5 + 5 * (i % 2) * (i / 10 % 2) end, case when i % 2 = 1 then at + 5 end,
                    case when i % 4 = 1 then 'Line one' || @newline || 'said "' || i || '", é' end, case when i % 4 = 1 then at + 6 end,
                    'Agent ' || (i % 3), 'tag' || (i % 4)
                from (select @from + (n - 1 + @first) * 60000 as at, n - 1 + @first as i from {_store.Numbers}) as f
                """,
                ("sender", sender), ("place", (long)place), ("from", From), ("first", (long)first), ("count", rows), ("newline", "\n"));
            await _store.RunAsync(
                "insert into prompt_tag (sender_id, tag, prompt_id) select sender_id, tags, id from prompt where sender_id = @sender and created_at >= @from",
                ("sender", sender), ("from", From + (first * 60_000L)));
        }
    }
}

public sealed class SqliteExportTests : ExportTests
{
    private protected override Task<TestStore> NewStoreAsync() => Task.FromResult<TestStore>(new SqliteStore());
}

public sealed class PostgresExportTests : ExportTests
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
}
