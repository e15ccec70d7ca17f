using Muster.Gateway.Model;
using Muster.Gateway.Tasks;
using Muster.Gateway.Tokens;
using Muster.NodeOdm;

namespace Muster.Gateway.Carrying;

/// <summary>What a node is told of a task that begins there.</summary>
internal sealed class NodeForm(TokenBook tokens, CommitSeal seal, GatewayOptions options)
{
    public TaskForm Of(GatewayTask task, GatewayNode node, Guid onNode) =>
        new()
        {
            Name = task.Name,
            Options = OptionsOf(task),
            SkipPostProcessing = task.SkipPostProcessing,
            Outputs = task.Outputs,
            Webhook =
                node.IsEmbedded || options.PublicAddress is not { } address
                    ? null
                    : new Uri(address, $"commit?seal={seal.Of(onNode)}").ToString(),
            DateCreated = task.Created.ToUnixTimeMilliseconds(),
        };

    /// <summary>An engine that sends parts of its task here needs a token for that.</summary>
    private string OptionsOf(GatewayTask task) =>
        task.IsSplitMergeParent ? SplitMergeOptions.WithToken(task.Options, tokens.MakeForParts(task)) : task.Options;
}
