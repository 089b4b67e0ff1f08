using System.Globalization;
using Afterword.Server.Cli;
using Afterword.Server.Configuration;

namespace Afterword.Server.Tests.Configuration;

/// <summary>Durations in settings and on the command line.</summary>
public sealed class DurationTextTests
{
    [Theory]
    [InlineData("00:15:00", "0.00:15:00")]
    [InlineData("0:15", "0.00:15:00")]
    [InlineData("23:59:59.5", "0.23:59:59.5")]
    [InlineData("24:00:00", "1.00:00:00")]
    [InlineData("24:00", "1.00:00:00")]
    [InlineData("36:30:00", "1.12:30:00")]
    [InlineData("720:00:00", "30.00:00:00")]
    [InlineData("1.12:00:00", "1.12:00:00")]
    [InlineData("00:00:00", "0.00:00:00")]
    public void Hours_are_hours_however_many(string text, string means)
    {
        Assert.True(DurationText.TryParse(text, out var time), text);
        Assert.Equal(TimeSpan.Parse(means, CultureInfo.InvariantCulture), time);
    }

    [Theory]
    [InlineData("24")]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("-1:00:00")]
    [InlineData("24:00:00:00")]
    [InlineData("1.24:00:00")]
    [InlineData("00:60:00")]
    [InlineData("2h")]
    [InlineData("999999999:00:00")]
    [InlineData("99999999999:00:00")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData("2h", "--overlap is \"2h\"; it must be a duration as [days.]hours:minutes:seconds, such as 12:00:00.")]
    [InlineData("721:00:00", "--overlap is longer than 30 days.")]
    public async Task A_command_says_what_is_wrong_with_a_duration(string text, string problem)
    {
        var said = new StringWriter();

        var code = await CommandLine.RunAsync(["app", "rotate-secret", "KEY", "--overlap", text], new() { Output = said, Error = said });

        Assert.Equal((ExitCode.WrongUse, true), (code, said.ToString().Contains(problem, StringComparison.Ordinal)));
    }
}
