using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Muster.Configuration;
using Muster.Faults;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Muster.Gateway.Telemetry;

/// <summary>
/// An OpenTelemetry collector that the environment names, with the variables of its specification: it gets the
/// measures, and the life of each task.
/// </summary>
internal sealed class Collector : IDisposable
{
    public const string Name = "Muster.Gateway";

    private readonly Meter _meter = new(Name, OwnVersion.Text);
    private readonly MeterProvider? _meters;
    private readonly TracerProvider? _tracers;
    private readonly TaskSpans? _spans;
    private readonly ExportFaults _faults;

    private Collector(
        bool metrics,
        bool traces,
        GatewayMeasures measures,
        TaskLedger ledger,
        NodeFleet fleet,
        ILogger log
    )
    {
        _faults = new(log);
        var resource = ResourceBuilder
            .CreateEmpty()
            .AddService("muster-gateway", serviceVersion: OwnVersion.Text)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();
        foreach (var measure in measures.All)
            Add(measure);
        if (metrics)
            _meters = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter(Name)
                .AddOtlpExporter(options => Speak(options, "METRICS"))
                .Build();
        if (!traces)
            return;
        _tracers = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(Name)
            .AddOtlpExporter(options => Speak(options, "TRACES"))
            .Build();
        _spans = new(ledger, fleet);
    }

    /// <summary>Null where none is named.</summary>
    public static Collector? Find(GatewayMeasures measures, TaskLedger ledger, NodeFleet fleet, ILogger log)
    {
        if (string.Equals(Value("SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return null;
        var metrics = IsWanted("METRICS");
        var traces = IsWanted("TRACES");
        return metrics || traces ? new(metrics, traces, measures, ledger, fleet, log) : null;
    }

    private static bool IsWanted(string signal)
    {
        if (Value($"{signal}_EXPORTER") is "none")
            return false;
        var name = Value($"EXPORTER_OTLP_{signal}_ENDPOINT") is null
            ? "EXPORTER_OTLP_ENDPOINT"
            : $"EXPORTER_OTLP_{signal}_ENDPOINT";
        if (Value(name) is not { } address)
            return false;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw UserException.Misuse(
                $"OTEL_{name} is no address of a collector",
                "Write http://HOST:4318, or unset it."
            );
        return true;
    }

    /// <summary>
    /// The exporter reads what is meant for both signals by itself; here is what is meant for one. It speaks HTTP, as
    /// the specification has it, unless it is told gRPC.
    /// </summary>
    private static void Speak(OtlpExporterOptions options, string signal)
    {
        options.Protocol = (Value($"EXPORTER_OTLP_{signal}_PROTOCOL") ?? Value("EXPORTER_OTLP_PROTOCOL")) switch
        {
            null or "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
            "grpc" => OtlpExportProtocol.Grpc,
            var other => throw UserException.Misuse(
                $"the protocol of OpenTelemetry is '{other}'",
                "Set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or grpc."
            ),
        };
        if (Value($"EXPORTER_OTLP_{signal}_ENDPOINT") is { } address)
            options.Endpoint = new(address);
        if (Value($"EXPORTER_OTLP_{signal}_HEADERS") is { } headers)
            options.Headers = headers;
    }

    private static string? Value(string name) =>
        Environment.GetEnvironmentVariable($"OTEL_{name}") is { Length: > 0 } value ? value : null;

    private void Add(Measure measure)
    {
        IEnumerable<Measurement<double>> Read() =>
            measure
                .Read()
                .Select(sample =>
                    sample.Label.Length > 0
                        ? new Measurement<double>(
                            sample.Value,
                            new KeyValuePair<string, object?>(sample.Label, sample.Of)
                        )
                        : new(sample.Value)
                );
        if (measure.OnlyRises)
            _meter.CreateObservableCounter($"muster.{measure.Name}", Read, null, measure.Help);
        else
            _meter.CreateObservableGauge($"muster.{measure.Name}", Read, null, measure.Help);
    }

    /// <summary>Sends what is left, for as long as the collector takes it.</summary>
    public void Dispose()
    {
        _spans?.Dispose();
        _tracers?.Dispose();
        _meters?.Dispose();
        _meter.Dispose();
        _faults.Dispose();
    }
}
