using System.Globalization;
using System.Runtime.InteropServices;
using Muster.Clouds.Aws;
using Muster.Clouds.DigitalOcean;
using Muster.Clouds.Hetzner;
using Muster.Clouds.Kubernetes;
using Muster.Clouds.Scaleway;

namespace Muster.Clouds;

/// <summary>Starts a stand-in, and prints the site that a muster.yaml needs for it.</summary>
internal static class Program
{
    private static readonly Dictionary<string, (Func<World, IProvider> Make, Func<Uri, string> Site)> Known = new()
    {
        ["hetzner"] = (
            world => new HetznerProvider(world),
            address =>
                $$"""
                      kind: cloud
                      provider: hetzner
                      endpoint: {{address}}v1
                      token: {{HetznerProvider.Token}}
                      machines: [cx22, cx42]
                      places: [fsn1, nbg1]
                    """
        ),
        ["aws"] = (
            world => new AwsProvider(world),
            address =>
                $$"""
                      kind: cloud
                      provider: aws
                      endpoint: {{address}}
                      access-key: {{AwsProvider.AccessKey}}
                      secret-key: {{AwsProvider.SecretKey}}
                      machines: [m7i.large]
                      places: [us-west-2, eu-central-1]
                      image: ubuntu-24.04-*
                      security-groups: [muster]
                    """
        ),
        ["digitalocean"] = (
            world => new OceanProvider(world),
            address =>
                $$"""
                      kind: cloud
                      provider: digitalocean
                      endpoint: {{address}}
                      token: {{OceanProvider.Token}}
                      machines: [s-4vcpu-8gb]
                      places: [fra1, nyc3]
                    """
        ),
        ["scaleway"] = (
            world => new ScalewayProvider(world),
            address =>
                $$"""
                      kind: cloud
                      provider: scaleway
                      endpoint: {{address}}
                      token: {{ScalewayProvider.Token}}
                      project: 99999999-0000-4000-8000-000000000000
                      machines: [PRO2-S]
                      places: [fr-par-1, nl-ams-1]
                      image: ubuntu_jammy
                    """
        ),
        ["kubernetes"] = (
            world => new KubeProvider(world) { Folder = Scratch.FullName },
            address =>
                $$"""
                      kind: kubernetes
                      kubeconfig: {{Kubeconfig(address)}}
                      image: ubuntu:24.04
                      root: {{Scratch.FullName}}/root
                    """
        ),
    };

    /// <summary>What containers have of the disk, where a stand-in runs them.</summary>
    private static DirectoryInfo Scratch => field ??= Directory.CreateTempSubdirectory("muster-standin-");

    private static string Kubeconfig(Uri server)
    {
        var path = Path.Combine(Scratch.FullName, "kubeconfig");
        File.WriteAllText(
            path,
            $$"""
            current-context: standin
            contexts: [{ name: standin, context: { cluster: standin, user: me, namespace: lab } }]
            clusters: [{ name: standin, cluster: { server: "{{server}}" } }]
            users: [{ name: me, user: { token: {{KubeProvider.Token}} } }]

            """
        );
        return path;
    }

    private static async Task<int> Main(string[] args)
    {
        if (
            args is not [var name, var text]
            || !int.TryParse(text, CultureInfo.InvariantCulture, out var port)
            || !Known.TryGetValue(name, out var known)
        )
        {
            await Console.Error.WriteLineAsync($"usage: muster-clouds {string.Join('|', Known.Keys)} PORT");
            return 2;
        }
        // Where it is set, machines are more than entries in a list.
        using var real = Environment.GetEnvironmentVariable("MUSTER_CLOUD_MACHINE") is { Length: > 0 } script
            ? new RealMachines(script)
            : null;
        var world = new World(TimeProvider.System, seed: 1) { Real = real };
        var ended = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            context =>
            {
                context.Cancel = true;
                ended.TrySetResult();
            }
        );
        var provider = known.Make(world);
        await using var server = await StandIn.StartAsync(world, provider, port);
        Console.WriteLine($"{name}:\n{known.Site(server.Address)}");
        await ended.Task;
        if (provider is KubeProvider cluster)
        {
            cluster.Dispose();
            Scratch.Delete(recursive: true);
        }
        return 0;
    }
}
