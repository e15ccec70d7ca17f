using Muster.Cli.Context;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.NodeOdm;
using Muster.Sites;
using Muster.Sites.Clouds.Kubernetes;
using Muster.Sites.Reading;

namespace Muster.Gateway.Scaling;

/// <summary>A gateway whose machines are pods of a stand-in, with real nodes in them.</summary>
public sealed class KubeScalingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-scaling-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_empty_gateway_starts_a_node_in_a_pod_works_and_gives_it_back()
    {
        var world = new World(TimeProvider.System, seed: 8);
        using var cluster = new KubeProvider(world) { Folder = Path.Combine(_folder.FullName, "pods") };
        await using var server = await StandIn.StartAsync(world, cluster);
        var settings = KubeSites.Settings(_folder.FullName, KubeSites.WriteConfig(_folder.FullName, server.Address));
        var site = new CloudSite
        {
            Name = "lab",
            Origin = Configuration.Origin.BuiltIn,
            Root = settings.Kube!.Root,
            Cloud = settings,
        };
        await using var gateway = await TestGateway.StartAsync(options =>
            options with
            {
                MoveAfter = TimeSpan.FromMinutes(10),
                Machines = new(
                    new()
                    {
                        Pools =
                        [
                            ScalePools.For(
                                new()
                                {
                                    Site = "lab",
                                    Most = 1,
                                    Idle = TimeSpan.FromMilliseconds(500),
                                    Node = new() { Engine = "test", Program = MusterProgram.Path },
                                },
                                site
                            ),
                        ],
                    },
                    new Dictionary<string, Site> { ["lab"] = site },
                    new(
                        Path.Combine(_folder.FullName, "state"),
                        Path.Combine(_folder.FullName, "cache"),
                        _folder.FullName,
                        MayAsk: false
                    ),
                    LocalSources.Find()
                ),
            }
        );
        Assert.Empty(cluster.Jobs);
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.Single(cluster.Jobs);
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
        Assert.NotNull(cluster.Jobs.Single().Gone);
        Assert.Empty(cluster.Pods);
    }
}
