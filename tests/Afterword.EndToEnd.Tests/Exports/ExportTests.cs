using System.Text;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Servers;

namespace Afterword.EndToEnd.Tests.Exports;

/// <summary>A sender's feedback as CSV, by the API and by the command line, beside a running server.</summary>
public abstract class ExportTests
{
    private readonly Fixture _fixture;

    protected ExportTests(Fixture fixture) => _fixture = fixture;

    private protected abstract Task<TestStore> NewStoreAsync();

    [Theory]
    [InlineData("", "")]
    [InlineData("type=nps&min_score=9", "--type nps --min-score 9")]
    [InlineData("from_time=1640998800000&to_time=1641081599999", "--from 2022-01-01T01:00:00Z --to 2022-01-01")]
    [InlineData("has_text=true&test=all&max_score=3", "--has-text true --test all --max-score 3")]
    [InlineData("agent=Agent 1&tag=tag2", "--agent,Agent 1,--tag,tag2")]
    [InlineData("external_id=ticket_8&bom=true", "--external-id ticket_8 --bom")]
    [InlineData("after=1477187847067602944", "--after 1477187847067602944")]
    public async Task The_api_and_the_command_line_give_the_same_bytes(string query, string options)
    {
        var file = Path.GetRandomFileName();
        var (stage, server) = (_fixture.Stage, _fixture.Server);
        var noted = await NotedAsync();
        var api = await stage.FetchAsync(server, query);
        var command = (await stage.RunAsync(["@sender0", "-o", stage.Path(file), .. options.Split(options.Contains(',', StringComparison.Ordinal) ? ',' : ' ', StringSplitOptions.RemoveEmptyEntries)])).Is(0);

        Assert.Equal(api, await File.ReadAllBytesAsync(stage.Path(file)));
        Assert.Equal(Encoding.UTF8.GetString(api).Split("\r\n").Length - 2, command.Json.GetProperty("rows").GetInt64());
        Assert.True(command.Json.GetProperty("rows").GetInt64() > 0);
        Assert.Equal(noted + 1, await NotedAsync());
        Assert.False(File.Exists(stage.Path(file + ".part")));
    }

    [Fact]
    public async Task An_interrupted_file_is_completed_wherever_it_broke_off()
    {
        var stage = _fixture.Stage;
        var whole = await stage.FetchAsync(_fixture.Server, "");
        var random = new Random(5);
        for (var i = 0; i < 6; i++)
        {
            // Half of them as our own unfinished file, half as one that came over a connection that broke.
            var cut = random.Next(whole.Length);
            await File.WriteAllBytesAsync(stage.Path(i % 2 == 0 ? "cut.csv.part" : "cut.csv"), whole[..cut]);

            (await stage.RunAsync("@sender0", "-o", stage.Path("cut.csv"), "--resume")).Is(0);

            Assert.Equal(whole, await File.ReadAllBytesAsync(stage.Path("cut.csv")));
            File.Delete(stage.Path("cut.csv"));
        }
    }

    [Fact]
    public async Task Without_a_file_the_lines_go_to_standard_output() => Assert.Equal(
        Encoding.UTF8.GetString(await _fixture.Stage.FetchAsync(_fixture.Server, "")), (await Command.RunProcessAsync(["export", "@sender0", .. _fixture.Stage.Place])).Is(0).Output);

    [Fact]
    public async Task A_complete_file_is_brought_up_to_date()
    {
        using var stage = await ExportFixture.SetAsync(await NewStoreAsync(), rows: 700);
        (await stage.RunAsync("@sender0", "-o", stage.Path("file.csv"))).Is(0);
        await stage.FillAsync(300, first: 700);

        var resumed = (await stage.RunAsync("@sender0", "-o", stage.Path("file.csv"), "--resume")).Is(0);

        (await stage.RunAsync("@sender0", "-o", stage.Path("whole.csv"))).Is(0);
        Assert.Equal(await File.ReadAllBytesAsync(stage.Path("whole.csv")), await File.ReadAllBytesAsync(stage.Path("file.csv")));
        Assert.Equal(1_000 * 9 / 10, resumed.Json.GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task A_file_that_is_there_is_overwritten_only_with_force()
    {
        var (stage, file) = (_fixture.Stage, _fixture.Stage.Path("kept.csv"));
        await File.WriteAllTextAsync(file, "mine");

        Assert.Contains("Give --resume to go on with it, or --force", (await stage.RunAsync("@sender0", "-o", file)).Is(1).Errors, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(file));
        (await stage.RunAsync("@sender0", "-o", file, "--force")).Is(0);
        Assert.Equal(await stage.FetchAsync(_fixture.Server, ""), await File.ReadAllBytesAsync(file));
    }

    /// <summary>How many exports by the command line the audit log has.</summary>
    private Task<int> NotedAsync() => _fixture.Stage.Store.RunAsync("update audit set what = what where person = 'command line' and what = 'answers, from the command line'");

    /// <summary>Feedback that none of these tests changes, and the server that gives it out.</summary>
    public abstract class Fixture : IAsyncLifetime
    {
        internal ExportFixture Stage { get; private set; } = null!;

        internal ServerProcess Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Stage = await ExportFixture.SetAsync(await NewStoreAsync(), rows: 3_000);
            Server = await Stage.StartServerAsync();
        }

        public async ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            await Server.DisposeAsync();
            Stage.Dispose();
        }

        private protected abstract Task<TestStore> NewStoreAsync();
    }
}

public sealed class SqliteExportTests(SqliteExportTests.Here ground) : ExportTests(ground), IClassFixture<SqliteExportTests.Here>
{
    private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();

    public sealed class Here : Fixture
    {
        private protected override async Task<TestStore> NewStoreAsync() => await SqliteStore.NewAsync();
    }
}

public sealed class PostgresExportTests(PostgresExportTests.Here ground) : ExportTests(ground), IClassFixture<PostgresExportTests.Here>
{
    private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();

    public sealed class Here : Fixture
    {
        private protected override async Task<TestStore> NewStoreAsync() => await PostgresStore.NewAsync();
    }
}
