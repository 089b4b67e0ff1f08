using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Afterword.EndToEnd.Tests.Cards;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.EndToEnd.Tests.Consoles;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The container image, built by buildah on a fresh Debian and run by podman with nothing that it may write but its volume.</summary>
[Collection(nameof(Packaging)), LongForm]
public sealed class ContainerTests(PublishedProgram published, Browser browser)
{
    private const string Base = "localhost/afterword-test-base:latest";
    private const string Image = "localhost/afterword-test:latest";
    private const string Name = "afterword-test";

    // It knows both kinds of control groups beside each other, and limits below those of this process can always be set.
    private static readonly string[] s_runtime = ["--runtime", "runc"];
    private static readonly string[] s_limits = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"];

    [Fact]
    public async Task Read_only_and_without_rights_it_gets_its_first_answer_and_stops_when_it_is_told_to()
    {
        (await BuiltProgram.RunAsync("podman", "/", "import", "--quiet", await published.DebianAsync(), Base)).Is(0);
        try
        {
            // Within the file system of the image, but without a container: where containers are nested, buildah may make none.
            (await BuiltProgram.RunAsync(
                "env", "/", "BUILDAH_ISOLATION=chroot", Path.Combine(BuiltProgram.Repository, "eng", "container", "build"), "--base", Base, "--program", await published.BesideAsync(), "--tag", Image, PublishedProgram.Platform)).Is(0);
            await RunAsync();
        }
        finally
        {
            await PodmanAsync("rm", "--force", "--volumes", Name);
            await PodmanAsync("volume", "rm", "--force", Name);
            await PodmanAsync("rmi", "--force", Image, Base);
        }
    }

    private async Task RunAsync()
    {
        var port = PostgresCluster.FreePort();
        using var started = Process.Start(new ProcessStartInfo("podman", [
            .. s_runtime, "run", "--detach", "--quiet", "--name", Name, "--network", "host", .. s_limits, "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--stop-timeout", "35", "--no-healthcheck",
            "--volume", $"{Name}:/var/lib/afterword", "--env", $"ASPNETCORE_URLS=http://127.0.0.1:{port}", Image]) { RedirectStandardOutput = true })!;
        await started.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, started.ExitCode);

        var url = new Uri($"http://127.0.0.1:{port}");
        await IsReadyAsync(url);
        Assert.Equal("10001", (await PodmanAsync("exec", Name, "id", "--user")).Is(0).Output.Trim());
        Assert.NotEqual(0, (await PodmanAsync("exec", Name, "touch", "/usr/lib/afterword/mine")).ExitCode);
        await FirstAnswer.GiveAsync(browser, SetUpWalk.LinkOf((await PodmanAsync("logs", Name)).Is(0).Output.Split('\n')));
        await FirstAnswer.GiveAsync(arguments => PodmanAsync(["exec", Name, "afterword", .. arguments]), url);

        (await PodmanAsync("stop", Name)).Is(0);
        using var state = JsonDocument.Parse((await PodmanAsync("inspect", Name)).Is(0).Output);
        Assert.Equal(0, state.RootElement[0].GetProperty("State").GetProperty("ExitCode").GetInt32());

        // Podman leaves it to systemd's timers to ask, of which there are none here.
        Assert.Equal("[CMD /usr/lib/afterword/afterword health]", (await PodmanAsync("image", "inspect", "--format", "{{.HealthCheck.Test}}", Image)).Is(0).Output.Trim());
    }

    private static async Task IsReadyAsync(Uri url)
    {
        using var http = new HttpClient();
        for (var poll = 0; poll < 1_000; poll++)
        {
            try
            {
                using var ready = await http.GetAsync(new Uri(url, "/healthz/ready"), TestContext.Current.CancellationToken);
                if (ready.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"It was not ready: {(await PodmanAsync("logs", Name)).Errors}");
    }

    private static Task<Command> PodmanAsync(params string[] arguments) => BuiltProgram.RunAsync("podman", "/", [.. s_runtime, .. arguments]);
}
