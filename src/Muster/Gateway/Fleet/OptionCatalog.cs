using System.Text.Json;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;
using Muster.NodeOdm;

namespace Muster.Gateway.Fleet;

/// <summary>
/// The options that tasks may have: those of the first node on the list that has told them, remembered while no node is
/// there.
/// </summary>
public sealed class OptionCatalog
{
    private const string Setting = "options";

    private readonly Lock _lock = new();
    private readonly TaskStore _store;
    private readonly NodeFleet _fleet;
    private readonly Dictionary<string, IReadOnlyList<OptionDescription>> _of = [];

    /// <param name="until">What is taken for true until a node has told its own; null for nothing.</param>
    public OptionCatalog(TaskStore store, NodeFleet fleet, IReadOnlyList<OptionDescription>? until)
    {
        (_store, _fleet) = (store, fleet);
        Known = store.Setting(Setting) is { } text
            ? JsonSerializer.Deserialize(text, OdmJson.Wire.IReadOnlyListOptionDescription)
            : until;
    }

    /// <summary>Null until any node has told them.</summary>
    public IReadOnlyList<OptionDescription>? Known { get; private set; }

    public void Learn(GatewayNode node, IReadOnlyList<OptionDescription> options)
    {
        lock (_lock)
        {
            _of[node.Id] = options;
            var first = _fleet.Nodes.FirstOrDefault(other => _of.ContainsKey(other.Id));
            if (first is null || (Known is not null && Known.SequenceEqual(_of[first.Id])))
                return;
            Known = _of[first.Id];
            _store.Set(Setting, JsonSerializer.Serialize(Known, OdmJson.Wire.IReadOnlyListOptionDescription));
        }
    }
}
