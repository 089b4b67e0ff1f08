using System.Diagnostics;
using System.Text;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Commands;

/// <summary>OpenTelemetry's own variables are enough.</summary>
public sealed class CollectorTests
{
    [Fact]
    public async Task A_server_whose_environment_names_a_collector_sends_it_metrics_traces_and_logs()
    {
        await using var collector = await Receiver.StartAsync();
        using var folder = TestFolder.Create("collected");
        using var server = Command.Start(
            ["serve", "--urls", "http://127.0.0.1:0", "--data", folder.Path, "--set", "Telemetry:TraceShare=1", "--json"],
            new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.GetLeftPart(UriPartial.Authority),
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
            });
        var errors = server.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var said = new StringBuilder();
        while (!said.ToString().TrimEnd().EndsWith('}')) said.AppendLine(await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException(await errors));

        using (var http = new HttpClient())
        {
            var url = System.Text.Json.JsonDocument.Parse(said.ToString()).RootElement.GetProperty("urls")[0].GetString()!;
            Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"{url}/healthz/live"), TestContext.Current.CancellationToken));
        }

        // What is not sent yet is sent at the end.
        using (var stop = Process.Start("bash", ["-c", $"kill -TERM {server.Id}"])) await stop.WaitForExitAsync(TestContext.Current.CancellationToken);
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, server.ExitCode);
        Assert.Contains(collector.All, sent => sent.Path == "/v1/metrics" && Encoding.UTF8.GetString(sent.Body).Contains("afterword.trouble", StringComparison.Ordinal));
        Assert.Contains(collector.All, sent => sent.Path == "/v1/traces" && Encoding.UTF8.GetString(sent.Body).Contains("GET /healthz/live", StringComparison.Ordinal));
        Assert.Contains(collector.All, sent => sent.Path == "/v1/logs" && Encoding.UTF8.GetString(sent.Body).Contains("Now listening on", StringComparison.Ordinal));
    }
}
