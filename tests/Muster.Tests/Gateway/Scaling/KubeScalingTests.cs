using Muster.Cli.Context;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.Gateway.Model;
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
        await using var gateway = await StartAsync(server, TimeSpan.FromMilliseconds(500));
        Assert.Empty(cluster.Jobs);
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.Single(cluster.Jobs);
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
        Assert.NotNull(cluster.Jobs.Single().Gone);
        Assert.Empty(cluster.Pods);
    }

    [Fact]
    public async Task A_task_that_the_pods_deadline_cuts_off_is_requeued_with_the_reason()
    {
        var world = new World(TimeProvider.System, seed: 9);
        using var cluster = new KubeProvider(world) { Folder = Path.Combine(_folder.FullName, "pods") };
        await using var server = await StandIn.StartAsync(world, cluster);
        var slow = Path.Combine(_folder.FullName, "muster-slow");
        await File.WriteAllTextAsync(
            slow,
            $"#!/bin/sh\nexec {MusterProgram.Path} \"$@\" --test-seconds 3600\n",
            TestContext.Current.CancellationToken
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(slow, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var gateway = await StartAsync(server, TimeSpan.FromHours(1), slow);
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.Host.Tasks.Find(task)?.Phase is TaskPhase.Running);
        var first = Assert.Single(gateway.Host.Machines.Live);
        cluster.ReachDeadline(cluster.Jobs.Single().Name);

        await gateway.UntilAsync(() =>
            gateway.Host.Tasks.Find(task) is { Phase: TaskPhase.Running at } && at.Node != first.Node
        );
        var said = gateway.Host.Tasks.Output(gateway.Host.Tasks.Find(task)!, 0);
        Assert.Contains(
            said,
            line =>
                line.Contains("Its machine is gone", StringComparison.Ordinal)
                && line.Contains("DeadlineExceeded", StringComparison.Ordinal)
        );
        await gateway.UntilAsync(() => gateway.Host.Machines.Find(first.Id) is { IsLive: false });
        await gateway.Client().CancelAsync(task.ToString(), TestContext.Current.CancellationToken);
        foreach (var left in gateway.Host.Machines.Live)
            await gateway.Host.Scaler!.GiveBackAsync(left.Id, "a test");
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
        Assert.Empty(cluster.Pods);
    }

    private Task<TestGateway> StartAsync(StandIn server, TimeSpan idle, string? program = null)
    {
        var settings = KubeSites.Settings(_folder.FullName, KubeSites.WriteConfig(_folder.FullName, server.Address));
        var site = new CloudSite
        {
            Name = "lab",
            Origin = Configuration.Origin.BuiltIn,
            Root = settings.Kube!.Root,
            Cloud = settings,
        };
        return TestGateway.StartAsync(options =>
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
                                    Idle = idle,
                                    Node = new() { Engine = "test", Program = program ?? MusterProgram.Path },
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
    }
}
