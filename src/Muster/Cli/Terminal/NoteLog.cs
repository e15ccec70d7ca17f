using Microsoft.Extensions.Logging;

namespace Muster.Cli.Terminal;

/// <summary>The log of a server, as lines on standard error: time, level, text. Only what failed tells its whole story.</summary>
internal sealed class NoteLog(Screen screen, LogLevel least) : ILoggerFactory, ILogger
{
    public static LogLevel LevelOf(string? name) => name?.ToLowerInvariant() switch
    {
        "error" => LogLevel.Error,
        "warn" or "warning" => LogLevel.Warning,
        "debug" or "verbose" or "silly" => LogLevel.Debug,
        _ => LogLevel.Information,
    };

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Microsoft.", StringComparison.Ordinal) ? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance : this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && least != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        screen.Say($"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ} {logLevel.ToString().ToLowerInvariant(),-11} {formatter(state, exception)}{(exception is null ? "" : $": {exception}")}");
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void AddProvider(ILoggerProvider provider) { }

    public void Dispose() { }
}
