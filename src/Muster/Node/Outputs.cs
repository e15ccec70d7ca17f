using System.Collections.Concurrent;
using Muster.Node.Engines;

namespace Muster.Node;

/// <summary>The console outputs of the tasks, each opened when it is first asked for.</summary>
internal sealed class Outputs(NodeFolders folders)
{
    private readonly ConcurrentDictionary<string, TaskOutput> _outputs = new();

    public TaskOutput Of(string uuid) => _outputs.GetOrAdd(uuid, key => new(folders.Output(key)));

    public void Forget(string uuid) => _outputs.TryRemove(uuid, out _);
}
