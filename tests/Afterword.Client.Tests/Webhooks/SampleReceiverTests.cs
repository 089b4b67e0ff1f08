using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Afterword.Support;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>The built program of <c>samples/webhook-receiver</c>.</summary>
public sealed class SampleReceiverTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("sample");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static string Program => Path.Combine(AppContext.BaseDirectory, "webhook-receiver");

    private string Memory => Path.Combine(_folder.Path, "handled-webhooks.txt");

    [Fact]
    public async Task Each_event_is_one_line()
    {
        await using var sample = Start();
        var address = await sample.ListeningAsync();
        await Delivery.Of(Now, "1").SendAsync(address);
        await Delivery.Of(Now, "2", Answered("Très bien\r\n\u001b[31mred\u0007\u2028")).SendAsync(address);

        Assert.Equal(
            [
                "2016-01-04 19:45:37Z  asked 343434343434  nps  ticket_5555",
                "2016-01-05 08:00:01Z  answer of 343434343434  nps 9  \"Très bien   [31mred  \"  ticket_5555  (test)",
            ],
            await sample.KillAsync());
    }

    [Fact]
    public async Task A_restart_after_a_kill_forgets_nothing()
    {
        var good = Delivery.Of(Now, "1");
        await using (var sample = Start())
        {
            var address = await sample.ListeningAsync();
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => good.SendAsync(address)));
            Assert.Single(await sample.KillAsync());
        }

        // What a crash in the middle of a line leaves behind is dropped, and the next line begins where it began.
        Assert.Equal("1\n", await File.ReadAllTextAsync(Memory, Stop));
        await File.AppendAllTextAsync(Memory, "2", Stop);
        await using (var sample = Start())
        {
            var address = await sample.ListeningAsync();
            Assert.Equal(HttpStatusCode.NoContent, await good.SendAsync(address));
            Assert.Equal(HttpStatusCode.NoContent, await Delivery.Of(Now, "2").SendAsync(address));
            Assert.Equal(HttpStatusCode.NoContent, await Delivery.Of(Now, "22").SendAsync(address));
            Assert.Equal(2, (await sample.KillAsync()).Count);
        }

        Assert.Equal("1\n2\n22\n", await File.ReadAllTextAsync(Memory, Stop));
    }

    [Fact]
    public async Task What_is_not_signed_is_neither_printed_nor_remembered()
    {
        await using var sample = Start("--other-secret", Delivery.OtherSecret);
        var address = await sample.ListeningAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await (Delivery.Of(Now, "1") with { Id = "2" }).SendAsync(address));
        Assert.Equal(HttpStatusCode.Unauthorized, await Delivery.Of(Now.AddSeconds(-310), "1").SendAsync(address));
        Assert.Equal(HttpStatusCode.NoContent, await Delivery.Of(Now, "3", secret: Delivery.OtherSecret).SendAsync(address));

        Assert.Single(await sample.KillAsync());
        Assert.Equal("3\n", await File.ReadAllTextAsync(Memory, Stop));
    }

    [Theory]
    [InlineData("The secret is missing: give --secret, or set WEBHOOK_SECRET.")]
    [InlineData("The secret is missing: give --secret, or set WEBHOOK_SECRET.", "--secret", "")]
    [InlineData("The webhook secret is not whsec_ followed by base64. Was it cut short?", "--secret", "whsec_notbase64!")]
    [InlineData("The webhook secret has 9 bytes; it must have 24 to 64.", "--secret", "whsec_c2hvcnRzZWNy")]
    [InlineData("--other-secret: The webhook secret is empty.", "--secret", Delivery.Secret, "--other-secret", "")]
    [InlineData("--file: missing/handled cannot be used:", "--secret", Delivery.Secret, "--file", "missing/handled")]
    public async Task A_wrong_start_is_explained(string reason, params string[] arguments)
    {
        await using var sample = Run(arguments);
        Assert.Equal(2, await sample.EndAsync());
        Assert.StartsWith(reason, sample.Errors, StringComparison.Ordinal);
        Assert.Contains("\nUsage: dotnet run --project samples/webhook-receiver -- --secret whsec_", sample.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("notbase64", sample.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_of_them_do_not_share_a_file()
    {
        await using var first = Start();
        await first.ListeningAsync();
        await using var second = Start();
        Assert.Equal(2, await second.EndAsync());
        Assert.StartsWith("--file: handled-webhooks.txt cannot be used:", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_secret_may_come_from_the_environment()
    {
        await using var sample = new RunningProgram(
            _folder.Path, Program, ["--urls", "http://127.0.0.1:0"], ("WEBHOOK_SECRET", Delivery.Secret));
        Assert.Equal(HttpStatusCode.NoContent, await Delivery.Of(Now).SendAsync(await sample.ListeningAsync()));
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Answered(string text)
    {
        var change = JsonNode.Parse(Delivery.Event)!;
        change["event_type"] = "feedback.updated";
        change["created_at"] = "Tue Jan 05 08:00:01 +0000 2016";
        change["feedback"]!["test"] = true;
        change["feedback"]!["response"] = new JsonObject
        {
            ["score"] = new JsonObject { ["created_at"] = "Tue Jan 05 08:00:01 +0000 2016", ["value"] = 9 },
            ["text"] = new JsonObject { ["created_at"] = "Tue Jan 05 08:00:01 +0000 2016", ["value"] = text },
        };
        return Encoding.UTF8.GetBytes(change.ToJsonString());
    }

    private RunningProgram Start(params string[] arguments) => Run(["--secret", Delivery.Secret, "--urls", "http://127.0.0.1:0", .. arguments]);

    private RunningProgram Run(string[] arguments) => new(_folder.Path, Program, arguments);
}
