using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace Muster.Gateway.Telemetry;

/// <summary>What the exporter tells nobody else: that a collector does not take what it is sent.</summary>
internal sealed partial class ExportFaults : EventListener
{
    private readonly ILogger? _log; // events may come before the constructor is through

    public ExportFaults(ILogger log) => _log = log;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "OpenTelemetry-Exporter-OpenTelemetryProtocol")
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_log is not null)
            NotSent(_log, eventData.EventName ?? "unknown");
    }

    /// <summary>Only what went wrong is told: addresses and answers of a collector may hold secrets.</summary>
    [LoggerMessage(LogLevel.Warning, "Telemetry could not be sent: {Why}")]
    private static partial void NotSent(ILogger log, string why);
}
