using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Afterword.Client.Webhooks;
using Afterword.Support;

namespace Afterword.Client.Tests.Webhooks;

/// <summary>The programs of <c>docs/webhooks.md</c>, as they stand there, against signed requests over a socket.</summary>
public sealed partial class DocumentedReceiverTests : IDisposable
{
    private readonly TestFolder _folder = TestFolder.Create("receiver");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public void The_request_in_the_page_is_signed()
    {
        var request = Block("http").Split("\n\n");
        var headers = request[0].Split('\n')[1..].Select(line => line.Split(": ")).ToDictionary(pair => pair[0], pair => pair[1]);

        var verifier = new WebhookVerifier(WebhookSecret.Parse(Delivery.Secret), clock: new ManualClock("2016-01-05T08:00:02Z"));
        var outcome = verifier.Verify(headers.GetValueOrDefault, Encoding.UTF8.GetBytes(request[1].TrimEnd('\n')));
        Assert.Equal("Très bien, merci", Assert.IsType<WebhookOutcome.Accepted>(outcome).Webhook.Event.Feedback.Response?.Text?.Value);
        Assert.Contains(Delivery.Secret, Receiving(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_in_CSharp_receives()
    {
        var built = await BuildAsync();
        await Receives(() => new(_folder.Path, "dotnet", [built, "--urls", "http://127.0.0.1:0"], ("WEBHOOK_SECRET", Delivery.Secret)));
    }

    [Fact]
    public async Task The_program_for_Node_receives()
    {
        await WriteAsync("receiver.mjs", Block("js"));
        await Receives(() => new(_folder.Path, "node", ["receiver.mjs"], ("WEBHOOK_SECRET", Delivery.Secret), ("PORT", "0")));
    }

    [Fact]
    public async Task The_program_for_Python_receives()
    {
        await WriteAsync("receiver.py", Block("python"));
        await Receives(() => new(_folder.Path, "python3", ["receiver.py"], ("WEBHOOK_SECRET", Delivery.Secret), ("PORT", "0")));
    }

    [Theory]
    [InlineData("node", "receiver.mjs", "js")]
    [InlineData("python3", "receiver.py", "python")]
    public async Task While_secrets_change_two_are_accepted(string program, string file, string language)
    {
        await WriteAsync(file, Block(language));
        await using var receiver = new RunningProgram(
            _folder.Path, program, [file], ("WEBHOOK_SECRET", $"{Delivery.OtherSecret} {Delivery.Secret}"), ("PORT", "0"));
        var address = await receiver.ListeningAsync();

        var (one, other) = (Delivery.Of(Now, "1"), Delivery.Of(Now, "2", secret: Delivery.OtherSecret));
        Assert.Equal(HttpStatusCode.NoContent, await one.SendAsync(address));
        Assert.Equal(HttpStatusCode.NoContent, await (other with { Signature = $"v1a,x {one.Signature} {other.Signature}" }).SendAsync(address));
        Assert.Equal(HttpStatusCode.Unauthorized, await (other with { Id = "3" }).SendAsync(address));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Good ones are handled, bad ones refused, repeated ones ignored, also by another process on the same folder.</summary>
    private static async Task Receives(Func<RunningProgram> start)
    {
        var good = Delivery.Of(Now, "1");
        await using (var receiver = start())
        {
            var address = await receiver.ListeningAsync();
            Assert.Equal(HttpStatusCode.NoContent, await good.SendAsync(address));
            Assert.Equal(HttpStatusCode.NoContent, await good.SendAsync(address));
            foreach (var (bad, expected) in Bad())
            {
                Assert.Equal((bad, expected), (bad, await bad.SendAsync(address)));
            }

            var many = Enumerable.Range(0, 20).Select(_ => Delivery.Of(Now, "2").SendAsync(address)).ToList();
            Assert.Contains(HttpStatusCode.NoContent, await Task.WhenAll(many));
            Assert.Equal(2, Handled(await receiver.KillAsync()));
        }

        await using (var receiver = start())
        {
            var address = await receiver.ListeningAsync();
            Assert.Equal(HttpStatusCode.NoContent, await good.SendAsync(address));
            Assert.Equal(HttpStatusCode.NoContent, await Delivery.Of(Now, "3").SendAsync(address));
            Assert.Equal(1, Handled(await receiver.KillAsync()));
        }
    }

    private static IEnumerable<(Delivery Bad, HttpStatusCode Expected)> Bad()
    {
        var good = Delivery.Of(Now, "7");
        yield return (good with { Body = [.. good.Body[..^1], (byte)' ', (byte)'}'] }, HttpStatusCode.Unauthorized);
        yield return (good with { Id = "8" }, HttpStatusCode.Unauthorized);
        yield return (good with { Signature = "v2" + good.Signature![2..] }, HttpStatusCode.Unauthorized);
        yield return (good with { Signature = "v1," }, HttpStatusCode.Unauthorized);
        yield return (Delivery.Of(Now, "7", secret: Delivery.OtherSecret), HttpStatusCode.Unauthorized);
        yield return (Delivery.Of(Now.AddSeconds(-310), "7"), HttpStatusCode.Unauthorized);
        yield return (Delivery.Of(Now.AddSeconds(310), "7"), HttpStatusCode.Unauthorized);
        yield return (good with { Id = null }, HttpStatusCode.BadRequest);
        yield return (good with { Timestamp = null }, HttpStatusCode.BadRequest);
        yield return (good with { Timestamp = "now" }, HttpStatusCode.BadRequest);
        yield return (good with { Signature = null }, HttpStatusCode.BadRequest);
        yield return (Delivery.Of(Now, "7", new byte[(256 * 1024) + 1]), HttpStatusCode.RequestEntityTooLarge);
    }

    private static int Handled(IEnumerable<string> lines) => lines.Count(line => line == "feedback.created 684095374270562304");

    private static string Receiving() => Section().Match(Page()).Value;

    /// <summary>The only block of a language in the section.</summary>
    private static string Block(string language) =>
        Assert.Single(Fence().Matches(Receiving()), match => match.Groups["language"].Value == language).Groups["code"].Value;

    private static string Page()
    {
        using var page = new StreamReader(typeof(DocumentedReceiverTests).Assembly.GetManifestResourceStream("docs/webhooks.md")!);
        return page.ReadToEnd();
    }

    private async Task<string> BuildAsync()
    {
        await WriteAsync("Program.cs", Block("csharp"));
        await WriteAsync(
            "receiver.csproj",
            $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <Reference Include="{Path.Combine(AppContext.BaseDirectory, "Afterword.Client.dll")}" />
                <Reference Include="{Path.Combine(AppContext.BaseDirectory, "Afterword.Client.AspNetCore.dll")}" />
              </ItemGroup>
            </Project>
            """);
        await using var build = new RunningProgram(
            _folder.Path, "dotnet", ["build", "--output", "built", "-p:UseSharedCompilation=false", "--verbosity", "quiet"], ("MSBUILDDISABLENODEREUSE", "1"));
        Assert.True(await build.EndAsync() == 0, string.Join('\n', await build.RestAsync()));
        return Path.Combine(_folder.Path, "built", "receiver.dll");
    }

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(_folder.Path, name), text, Stop);

    [GeneratedRegex(@"^## Receiving$.*?(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
