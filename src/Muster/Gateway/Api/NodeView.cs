using System.Text.Json;
using Muster.Gateway.Fleet;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Api;

/// <summary>
/// What the gateway says of itself as if it were one node; made a few times a second at most, whoever asks.
/// </summary>
internal sealed class NodeView(NodeFleet fleet, TaskLedger ledger, OptionCatalog catalog, TimeProvider clock)
{
    /// <summary>The API that is spoken here.</summary>
    private const string Version = "2.2.4";
    private static readonly TimeSpan Age = TimeSpan.FromMilliseconds(500);

    private Answer? _info;
    private OptionsAnswer _options = new([], "[]"u8.ToArray());

    public ReadOnlyMemory<byte> Info(Caller caller)
    {
        if (caller.Limits != TokenLimits.None)
            return Made(caller.Limits);
        var info = _info;
        if (info is null || clock.GetElapsedTime(info.Made) > Age)
            _info = info = new(clock.GetTimestamp(), Made(TokenLimits.None));
        return info.Bytes;
    }

    public ReadOnlyMemory<byte> Options(Caller caller)
    {
        var known = catalog.Known ?? [];
        if (caller.Limits.Options is not null)
            return Written(OptionLimits.Offered(known, caller.Limits));
        var options = _options;
        if (options.Of != known)
            _options = options = new(known, Written(known));
        return options.Bytes;
    }

    /// <summary>One reference, so that whoever reads it beside a writer has its parts together.</summary>
    private sealed record Answer(long Made, byte[] Bytes);

    private sealed record OptionsAnswer(IReadOnlyList<OptionDescription> Of, byte[] Bytes);

    private static byte[] Written(IReadOnlyList<OptionDescription> options) =>
        JsonSerializer.SerializeToUtf8Bytes(options, OdmJson.Wire.IReadOnlyListOptionDescription);

    private byte[] Made(TokenLimits limits)
    {
        var now = clock.GetUtcNow();
        var nodes = fleet.Possible;
        var online = nodes
            .Where(node => node.Facts is not null && node.Health.IsOnline(now))
            .Select(node => node.Facts!)
            .ToList();
        var facts = online.FirstOrDefault() ?? nodes.FirstOrDefault(node => node.Facts is not null)?.Facts;
        int? most =
            online.Count == 0 || online.Any(node => node.MaxImages is not > 0)
                ? null
                : online.Max(node => node.MaxImages);
        var slots = online.Sum(node => (long)node.Slots);
        return JsonSerializer.SerializeToUtf8Bytes(
            new NodeInfo
            {
                Version = Version,
                TaskQueueCount = ledger.Live.Waiting + ledger.Live.Held().Count,
                TotalMemory = Sum(online, node => node.TotalMemory),
                AvailableMemory = Sum(online, node => node.AvailableMemory),
                CpuCores = online.Sum(node => (long)(node.Cores ?? 0)),
                MaxImages = limits.MaxImages is { } own && !(most < own) ? own : most,
                MaxParallelTasks = (int)
                    Math.Clamp(limits.MaxConcurrentTasks is { } few ? Math.Min(few, slots) : slots, 0, int.MaxValue),
                Engine = facts?.Engine ?? "?",
                EngineVersion = facts?.EngineVersion ?? "?",
            },
            OdmJson.Wire.NodeInfo
        );
    }

    /// <summary>
    /// As far as a number goes: one node that claims all there is must not take the answer from every client.
    /// </summary>
    private static long Sum(IEnumerable<NodeFacts> nodes, Func<NodeFacts, long?> of) =>
        nodes
            .Select(of)
            .Aggregate(
                0L,
                (sum, bytes) =>
                    bytes is > 0 and var more
                        ? sum > long.MaxValue - more
                            ? long.MaxValue
                            : sum + more
                        : sum
            );
}
