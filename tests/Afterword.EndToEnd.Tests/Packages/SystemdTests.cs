using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Afterword.EndToEnd.Tests.Commands;
using Afterword.Support;

namespace Afterword.EndToEnd.Tests.Packages;

/// <summary>The units for systemd, and how the server speaks to it.</summary>
public sealed class SystemdTests
{
    // In tenths, as systemd-analyze counts: 0 is nothing to attack, 100 everything.
    private const string MostExposed = "15";

    private static readonly string s_units = Path.Combine(BuiltProgram.Repository, "eng", "systemd");

    [Fact]
    public async Task Systemd_finds_nothing_wrong_with_the_units()
    {
        using var root = TestFolder.Create("units");
        var system = Directory.CreateDirectory(Path.Combine(root.Path, "usr", "lib", "systemd", "system")).FullName;
        (await BuiltProgram.RunAsync("cp", root.Path, "-r", "/lib/systemd/system/.", system)).Is(0);
        var program = Directory.CreateDirectory(Path.Combine(root.Path, "usr", "lib", "afterword")).FullName;
        (await BuiltProgram.RunAsync("install", root.Path, "--mode=755", "/dev/null", Path.Combine(program, "afterword"))).Is(0);
        var units = Directory.GetFiles(s_units);
        foreach (var unit in units) File.Copy(unit, Path.Combine(system, Path.GetFileName(unit)), overwrite: true);

        // What is only odd, such as a misspelled key, is said and no failure.
        var verified = (await BuiltProgram.RunAsync("systemd-analyze", root.Path, ["verify", "--man=no", $"--root={root.Path}", .. units.Select(unit => Path.GetFileName(unit)!)])).Is(0);
        Assert.Equal("", verified.Errors + verified.Output);
    }

    [Theory]
    [InlineData("afterword.service")]
    [InlineData("afterword-backup.service")]
    [InlineData("afterword-doctor.service")]
    public async Task A_service_may_do_no_more_than_it_needs(string unit) =>
        (await BuiltProgram.RunAsync("systemd-analyze", s_units, "security", "--offline=true", $"--threshold={MostExposed}", $"./{unit}")).Is(0);

    [Theory]
    [InlineData("afterword.service")]
    [InlineData("afterword-doctor.service")]
    [InlineData("afterword-backup.service")]
    public async Task A_unit_runs_a_command_that_there_is(string unit)
    {
        var line = (await File.ReadAllLinesAsync(Path.Combine(s_units, unit), TestContext.Current.CancellationToken)).Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal));
        string[] command = line.Split(' ')[1..];
        (await Command.RunAsync([.. command, "--help"])).Is(0);
    }

    [Fact]
    public async Task Systemd_is_told_when_the_server_answers_and_when_it_begins_to_stop()
    {
        using var folder = TestFolder.Create("notify");
        var address = Path.Combine(folder.Path, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(address));

        await using var server = await StartedProgram.StartAsync(new ProcessStartInfo(Path.Combine(BuiltProgram.Folder, "afterword"), ["serve", "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = folder.Path, Environment = { ["NOTIFY_SOCKET"] = address },
        });
        Assert.Equal("READY=1", await ReadAsync(socket));
        await server.IsReadyAsync();
        Assert.Equal(0, socket.Available);

        Assert.Equal(0, await server.TerminateAsync());
        Assert.Equal("STOPPING=1", await ReadAsync(socket));
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        var said = new byte[256];
        return Encoding.UTF8.GetString(said, 0, await socket.ReceiveAsync(said, TestContext.Current.CancellationToken));
    }
}
