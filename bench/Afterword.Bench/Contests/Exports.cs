using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Afterword.Bench.Fixtures;
using Afterword.Bench.Load;
using Afterword.Bench.Report;

namespace Afterword.Bench.Contests;

/// <summary>A sender's whole feedback as CSV over HTTP, against the database's own program writing the same lines.</summary>
internal static class Exports
{
    private const int MostGrowth = 64;

    public static async Task RunOnSqliteAsync(BenchEnvironment bench, Action<Result> tell)
    {
        var folder = bench.NewFolder("store");
        await RunAsync(bench, BenchServer.Sqlite(folder), "sqlite3 -csv", tell, () => Task.CompletedTask, sender => new(
            "sqlite3", ["-readonly", "-csv", "-header", Path.Combine(folder, "afterword.db"), Lines(sender, "strftime('%Y-%m-%dT%H:%M:%fZ', {0} / 1000.0, 'unixepoch')")]));
    }

    public static async Task RunOnPostgresAsync(BenchEnvironment bench, Action<Result> tell)
    {
        await using var cluster = await PostgresCluster.StartAsync(bench.NewFolder("postgres"));
        var port = cluster.Port.ToString(CultureInfo.InvariantCulture);
        await RunAsync(
            bench, BenchServer.Postgres(await cluster.CreateDatabaseAsync("store")), "COPY … TO STDOUT CSV", tell, () => cluster.ExecuteAsync("store", "vacuum analyze"), sender => new(
                Path.Combine(PostgresCluster.Programs!, "psql"),
                [
                    "-h", "127.0.0.1", "-p", port, "-U", "bench", "-d", "store", "-c",
                    $"copy ({Lines(sender, "to_char(to_timestamp({0} / 1000.0) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")}) to stdout csv header",
                ]));
    }

    private static async Task RunAsync(BenchEnvironment bench, BenchServer benchServer, string against, Action<Result> tell, Func<Task> settle, Func<long, ProcessStartInfo> bare)
    {
        var rows = bench.IsQuick ? 200_000 : 1_000_000;
        SampleUsers users;
        await using (var store = await benchServer.OpenAsync())
        {
            users = await SampleUsers.CreateAsync(store, senders: 1);
            await new History(store, users, rows, days: 365, answered: 1).WriteAsync();
        }

        await settle();
        await using var server = await bench.StartServerAsync(benchServer);
        var file = new WholeFile(server, users.Senders[0], rows);
        var program = new Bare(bare(users.Senders[0].Id), rows);
        await file.CompareAsync(program);
        var before = server.ResidentAnonymous;
        var duel = await Duel.RunAsync(bench, file, program);
        tell(Result.Of(string.Create(CultureInfo.InvariantCulture, $"CSV export of {rows:N0} answers, {benchServer.Name}"), duel, against, 0.7, " rows/s") with
        {
            Note = FormattableString.Invariant($"CPU {Duel.Median(duel.Real.Select(run => run.ServerCpu * 1e6 / run.Completed)):0.00} µs a row"),
        });
        var growth = (file.Most - before) / (double)(1 << 20);
        tell(new()
        {
            What = $"memory grown during export, {benchServer.Name}", Value = growth, Unit = " MiB", Target = FormattableString.Invariant($"<= {MostGrowth}"), Pass = growth <= MostGrowth,
        });
    }

    /// <summary>The very lines of the server, made by SQL.</summary>
    private static string Lines(long sender, string date)
    {
        string Date(string column) => $"case when {column} is not null then {string.Format(CultureInfo.InvariantCulture, date, column)} end";
        return string.Create(CultureInfo.InvariantCulture, $"""
            select p.id, case p.type when 1 then 'csat' else 'nps' end as type, case p.test when 1 then 'true' else 'false' end as test, {Date("p.created_at")} as created_at,
                {Date("p.updated_at")} as updated_at, 'sender_0' as "from", a.screen_name as "to", p.external_id, p.question_variant as question_variant_id, p.question, p.display_name,
                p.score, {Date("p.score_at")} as score_at, p.comment as text, {Date("p.comment_at")} as text_at,
                case when p.score is not null and p.comment is not null then 'answered' when p.dismissed_at is not null then 'dismissed' else 'open' end as state,
                p.agent, p.tags, coalesce(p.language, 'en') as language, case p.channel when 1 then 'email' when 2 then 'webhook' else 'built-in' end as channel
            from prompt p left join account a on a.id = p.recipient_id
            where p.sender_id = {sender} and p.test = 0
            order by p.id
            """);
    }

    private static Measurement Of(int rows, double seconds, double cpu) => new()
    {
        Completed = rows, Seconds = seconds, Statuses = new() { [200] = rows }, Broken = 0, P50 = 0, P90 = 0, P99 = 0, Longest = 0, GeneratorCpu = 0, RanOut = false, ServerCpu = cpu,
    };

    /// <summary>The server, asked for everything, over a socket from which nothing but the end is read out.</summary>
    private sealed class WholeFile(ChildProcess server, SampleSender sender, int rows) : Contender
    {
        private readonly RequestWriter _writer = new(server.Address.ToString());

        /// <summary>The most memory that was seen on the way, in bytes.</summary>
        public long Most { get; private set; }

        /// <summary>Whether both write the same lines, so that they do the same work.</summary>
        /// <exception cref="InvalidOperationException">They do not.</exception>
        public async Task CompareAsync(Bare program)
        {
            var (whole, theirs) = (await TakeAsync(keep: true), await program.TakeAsync());
            var ours = Unframed(whole!).Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
            var other = theirs.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
            if (ours.Length != rows + 1) throw new InvalidOperationException($"The file has {ours.Length - 1} lines, not {rows}.");

            // The two quote differently; without quotes and rounding of dates to the millisecond they are the same.
            for (var i = 0; i < ours.Length; i += 997)
            {
                if (ours[i].Replace("\"", "", StringComparison.Ordinal) != other[i].Replace("\"", "", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"The lines differ: {ours[i]} and {other[i]}");
                }
            }
        }

        public override async Task<Measurement> RunAsync(TimeSpan time)
        {
            var (began, cpu) = (Stopwatch.GetTimestamp(), server.Cpu);
            await TakeAsync(keep: false);
            return Of(rows, Stopwatch.GetElapsedTime(began).TotalSeconds, server.Cpu - cpu);
        }

        private async Task<MemoryStream?> TakeAsync(bool keep)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server.Address);
            await socket.SendAsync(_writer.Get(sender.Credentials, "/1.1/feedback/export.csv"));
            var kept = keep ? new MemoryStream() : null;
            var buffer = new byte[256 * 1024];
            var last = new byte[5];
            for (var reads = 0; ; reads++)
            {
                var read = await socket.ReceiveAsync(buffer);
                if (read == 0) throw new InvalidOperationException("The file broke off.");

                kept?.Write(buffer, 0, read);
                if (reads % 64 == 0) Most = Math.Max(Most, server.ResidentAnonymous);
                last = [.. last.AsSpan(Math.Min(read, last.Length)), .. buffer.AsSpan(Math.Max(0, read - last.Length), Math.Min(read, last.Length))];
                if (last.AsSpan().SequenceEqual("0\r\n\r\n"u8)) return kept;
            }
        }

        /// <summary>The body without head and chunks.</summary>
        private static string Unframed(MemoryStream answer)
        {
            var rest = answer.GetBuffer().AsSpan(0, (int)answer.Length);
            rest = rest[(rest.IndexOf("\r\n\r\n"u8) + 4)..];
            using var body = new MemoryStream();
            while (true)
            {
                var line = rest.IndexOf("\r\n"u8);
                var length = int.Parse(rest[..line], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                if (length == 0) return System.Text.Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);

                body.Write(rest.Slice(line + 2, length));
                rest = rest[(line + 4 + length)..];
            }
        }
    }

    /// <summary>The database's own program, writing to a pipe that is read and thrown away.</summary>
    private sealed class Bare(ProcessStartInfo start, int rows) : Contender
    {
        public async Task<string> TakeAsync()
        {
            start.RedirectStandardOutput = true;
            using var process = Process.Start(start)!;
            var text = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return text;
        }

        public override async Task<Measurement> RunAsync(TimeSpan time)
        {
            start.RedirectStandardOutput = true;
            var began = Stopwatch.GetTimestamp();
            using var process = Process.Start(start)!;
            var buffer = new byte[256 * 1024];
            while (await process.StandardOutput.BaseStream.ReadAsync(buffer) > 0)
            {
            }

            await process.WaitForExitAsync();
            if (process.ExitCode != 0) throw new InvalidOperationException($"{start.FileName} failed.");
            return Of(rows, Stopwatch.GetElapsedTime(began).TotalSeconds, 0);
        }
    }
}
