using Muster.Clouds.Kubernetes;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What says how a stand-in is reached.</summary>
internal static class KubeSites
{
    /// <param name="user">Its lines, as they stand below <c>user</c>.</param>
    /// <param name="cluster">Lines beside <c>server</c>, without a break before the first.</param>
    public static string WriteConfig(
        string folder,
        Uri server,
        string? user = null,
        string space = "lab",
        string cluster = ""
    )
    {
        var path = Path.Combine(folder, "kubeconfig");
        File.WriteAllText(
            path,
            $$"""
            apiVersion: v1
            kind: Config
            current-context: standin
            contexts:
            - name: standin
              context: { cluster: standin, user: me, namespace: {{space}} }
            - name: nowhere
              context: { cluster: standin, user: me, namespace: nowhere }
            clusters:
            - name: standin
              cluster:
                server: {{server}}
                {{cluster}}
            users:
            - name: me
              user: {{user ?? $"{{ token: {KubeProvider.Token} }}"}}

            """
        );
        return path;
    }

    public static CloudSettings Settings(string folder, string kubeconfig) =>
        new()
        {
            Site = "lab",
            Provider = CloudProvider.Kubernetes,
            Folder = folder,
            Machines = [new(null, "1cpu-1Gi")],
            Limit = 5,
            Image = "ubuntu:24.04",
            Attempts = 5,
            Kube = new() { Kubeconfig = kubeconfig, Root = Path.Combine(folder, "root") },
        };
}
