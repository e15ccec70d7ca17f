using Muster.Gateway.Model;

namespace Muster.Gateway.Hosting;

/// <summary>Takes over what an older gateway left in its files: its nodes, and the tasks that are on them.</summary>
internal static class Takeover
{
    private const string Setting = "nodes-file";

    public static Task RunAsync(GatewayOptions options, GatewayCore core)
    {
        TakeNodes(options.FileNodes, core);
        return options.Routes.Count == 0 ? Task.CompletedTask : TakeTasksAsync(options.Routes, core);
    }

    private static void TakeNodes(IReadOnlyList<(Uri Url, string Token, bool Locked)> nodes, GatewayCore core)
    {
        var digest = AccessToken.HashOf(string.Join('\n', nodes));
        if (nodes.Count == 0 || core.Store.Setting(Setting) == digest)
            return;
        foreach (var (url, token, locked) in nodes)
            core.Fleet.Add(url, token, locked);
        core.Store.Set(Setting, digest);
    }

    /// <summary>They are on their nodes, and are asked for there.</summary>
    private static Task TakeTasksAsync(
        IReadOnlyList<(Guid Task, Uri Node, string Token, DateTimeOffset Accessed)> routes,
        GatewayCore core
    ) =>
        core.Tasks.ChangeAsync(book =>
        {
            foreach (var (id, url, token, accessed) in routes)
            {
                if (
                    core.Tasks.Find(id) is not null
                    || core.Fleet.Nodes.FirstOrDefault(node => node.Url == url) is not { } node
                )
                    continue;
                book.Note("adopted", $"{id}, on {node.Name}", id, node.Id);
                book.Put(
                    new()
                    {
                        Id = id,
                        Owner = core.Tokens.Find(token)?.Owner ?? "",
                        Name = "",
                        Created = accessed,
                        Order = book.NextOrder(),
                        HasFiles = false,
                        Phase = new TaskPhase.Running(node.Id, id, book.Now),
                    }
                );
            }
        });
}
