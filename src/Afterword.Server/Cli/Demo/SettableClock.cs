namespace Afterword.Server.Cli.Demo;

/// <summary>A clock that shows the instant it was set to, so that the real code can write a past.</summary>
internal sealed class SettableClock(DateTimeOffset start) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = start;

    public override DateTimeOffset GetUtcNow() => Now;
}
