using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Muster.Shell;

namespace Muster.Gateway.Telemetry;

/// <summary>Passes the log on, and keeps its last lines for a diagnosis.</summary>
internal sealed class RecentLog(ILoggerFactory logs, TimeProvider clock) : ILoggerFactory
{
    private const int Kept = 2_000;
    private static readonly int LongestLine = NodeOdm.InputLimits.Default.ErrorChars;

    private readonly ConcurrentQueue<string> _lines = [];

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) =>
        new Recorder(
            this,
            logs.CreateLogger(categoryName),
            keep: !categoryName.StartsWith("Microsoft.", StringComparison.Ordinal)
        );

    public void AddProvider(ILoggerProvider provider) => logs.AddProvider(provider);

    public void Dispose() { } // the log below is its owner's

    /// <summary>Texts of clients and nodes may stand in a line, and lines stay in memory.</summary>
    private void Add(string line)
    {
        _lines.Enqueue(line.Length > LongestLine ? line[..LongestLine] + "…" : line);
        if (_lines.Count > Kept)
            _lines.TryDequeue(out _);
    }

    private sealed class Recorder(RecentLog recent, ILogger below, bool keep) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) =>
            below.IsEnabled(logLevel) || (keep && logLevel >= LogLevel.Information);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            below.Log(logLevel, eventId, state, exception, formatter);
            if (keep && logLevel >= LogLevel.Information)
                recent.Add(
                    $"{recent.Time} {logLevel.ToString().ToLowerInvariant(), -11} "
                        + $"{SafeText.OneLine(formatter(state, exception))}"
                        + $"{(exception is null ? "" : $": {exception}")}"
                );
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => below.BeginScope(state);
    }

    private string Time => $"{clock.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}";
}
