using Microsoft.Extensions.Logging;

namespace Afterword.Server.Tests.Fixtures;

/// <summary>Keeps log lines, so that a test can look for what must not be in them.</summary>
internal sealed class ListLog(List<string> lines) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (lines) lines.Add($"{formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}
