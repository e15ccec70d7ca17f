using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Telemetry;

/// <summary>
/// Writes what happens into the log. A terminal that does not take lines loses some, and holds up nobody.
/// </summary>
internal sealed class EventLog(TaskLedger ledger, ILogger log)
{
    public async Task RunAsync(CancellationToken ct)
    {
        var happened = Channel.CreateBounded<GatewayEvent>(
            new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest }
        );
        void Keep(IReadOnlyList<GatewayEvent> events)
        {
            foreach (var one in events)
                happened.Writer.TryWrite(one);
        }
        ledger.Happened += Keep;
        try
        {
            await foreach (var one in happened.Reader.ReadAllAsync(ct))
                Write(one);
        }
        finally
        {
            ledger.Happened -= Keep;
        }
    }

    private void Write(GatewayEvent one)
    {
        var level = one.Kind is "retry" or "failed" ? LogLevel.Warning : LogLevel.Information;
        if (!log.IsEnabled(level))
            return;
        IReadOnlyList<KeyValuePair<string, object?>> parameters =
        [
            new("kind", one.Kind),
            new("task", one.Task),
            new("node", one.Node),
        ];
        log.Log(level, default, parameters, null, (_, _) => $"{one.Kind}: {one.Text}");
    }
}
