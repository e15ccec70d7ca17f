using Muster.Cli.Context;
using Muster.Gateway.Model;
using Muster.NodeOdm;
using Muster.Sites;

namespace Muster.Gateway.Scaling;

/// <summary>A gateway whose machines are runs of real nodes on this machine.</summary>
public sealed class LocalScalingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-scaling-test-");

    [Fact]
    public async Task An_empty_gateway_starts_a_node_works_and_gives_it_back()
    {
        await using var gateway = await StartAsync(new() { Idle = TimeSpan.FromMilliseconds(500) });
        Assert.Empty(gateway.Host.Fleet.Nodes);

        var first = await gateway.SubmitAsync();
        await gateway.UntilAsync(first, TaskCode.Completed);
        var machine = Assert.Single(gateway.Host.Machines.All);
        Assert.True(machine.WasReady);
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);

        Assert.Empty(gateway.Host.Fleet.Nodes);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder.FullName, "root", "runs")));
        Assert.Contains("nothing to do", gateway.Host.Machines.Find(machine.Id)!.Why, StringComparison.Ordinal);
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.Equal(2, gateway.Host.Machines.All.Count);
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
    }

    [Fact]
    public async Task Machines_outlive_the_gateway_and_are_taken_up_by_the_next()
    {
        await using var gateway = await StartAsync(new() { Idle = TimeSpan.FromHours(1) });
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        var machine = Assert.Single(gateway.Host.Machines.Live);
        await gateway.StopAsync();
        await gateway.StartAsync();

        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        Assert.Equal(machine.Id, Assert.Single(gateway.Host.Machines.All).Id);
        Assert.True(await gateway.Host.Scaler!.GiveBackAsync(machine.Id, "a test"));
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
    }

    [Fact]
    public async Task A_site_that_gives_nothing_rests_and_the_task_says_why()
    {
        await using var gateway = await StartAsync(
            new() { Program = Path.Combine(_folder.FullName, "no-such-program") }
        );
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.Host.Scaler!.Resting("local") is not null);

        await gateway.UntilAsync(() =>
            gateway.Host.Scaler!.Why(task)?.Contains("no-such-program", StringComparison.Ordinal) is true
        );
        Assert.Empty(gateway.Host.Machines.Live);
        Assert.True(
            await gateway.Client().CancelAsync(task.ToString(), TestContext.Current.CancellationToken)
                is NodeReply<bool>.Said
        );
    }

    [Fact]
    public async Task A_node_that_dies_costs_its_task_another_attempt()
    {
        var slow = Path.Combine(_folder.FullName, "muster-slow");
        await File.WriteAllTextAsync(
            slow,
            $"#!/bin/sh\necho $$ >>{_folder.FullName}/nodes\nexec {MusterProgram.Path} \"$@\" --test-seconds 3600\n",
            TestContext.Current.CancellationToken
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(slow, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var gateway = await StartAsync(new() { Program = slow, Idle = TimeSpan.FromHours(1) });
        var task = await gateway.SubmitAsync();
        await gateway.UntilAsync(() => gateway.Host.Tasks.Find(task)?.Phase is TaskPhase.Running);
        var machine = Assert.Single(gateway.Host.Machines.Live);
        var node = int.Parse(
            (
                await File.ReadAllLinesAsync(
                    Path.Combine(_folder.FullName, "nodes"),
                    TestContext.Current.CancellationToken
                )
            )[0],
            System.Globalization.CultureInfo.InvariantCulture
        );
        System.Diagnostics.Process.GetProcessById(node).Kill();

        await gateway.UntilAsync(() => gateway.Host.Machines.Find(machine.Id) is { IsLive: false });
        await gateway.UntilAsync(() =>
            gateway.Host.Tasks.Find(task) is { Phase: TaskPhase.Running at } && at.Node != machine.Node
        );
        Assert.Contains(
            gateway.Host.Tasks.Output(gateway.Host.Tasks.Find(task)!, 0),
            line => line.Contains("Its machine is gone", StringComparison.Ordinal)
        );
        await gateway.Client().CancelAsync(task.ToString(), TestContext.Current.CancellationToken);
        foreach (var left in gateway.Host.Machines.Live)
            await gateway.Host.Scaler!.GiveBackAsync(left.Id, "a test");
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
    }

    [Fact]
    public async Task A_machine_goes_back_although_its_node_answers_no_more()
    {
        await using var gateway = await StartAsync(new() { Idle = TimeSpan.FromHours(1) });
        await gateway.UntilAsync(await gateway.SubmitAsync(), TaskCode.Completed);
        var machine = Assert.Single(gateway.Host.Machines.Live);
        // Nothing has to be told to it any more, as the task it had has been removed there.
        await gateway.UntilAsync(() => gateway.Host.Tasks.Chores.For(machine.Node).Count == 0);
        var port = gateway.Host.Fleet.Find(machine.Node)!.Url.Port;
        using var node = System.Diagnostics.Process.GetProcessById(
            int.Parse(
                Muster.Runs.ScriptRoot.Sh($"pgrep -f -- '[n]ode --port {port}' | tail -n 1"),
                System.Globalization.CultureInfo.InvariantCulture
            )
        );
        Muster.Runs.ScriptRoot.Sh($"kill -STOP {node.Id}");

        Assert.True(await gateway.Host.Scaler!.GiveBackAsync(machine.Id, "a test"));
        await gateway.UntilAsync(() => gateway.Host.Machines.Live.Count == 0);
        Assert.True(node.HasExited);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<TestGateway> StartAsync(Wanted wanted) =>
        TestGateway.StartAsync(options =>
            options with
            {
                MoveAfter = TimeSpan.FromMinutes(10), // what its site says of it comes first
                Machines = new(
                    new()
                    {
                        Pools =
                        [
                            new()
                            {
                                Site = "local",
                                Most = 1,
                                Idle = wanted.Idle,
                                Node = new() { Engine = "test", Program = wanted.Program },
                            },
                        ],
                    },
                    new Dictionary<string, Site>
                    {
                        ["local"] = new LocalSite
                        {
                            Name = "local",
                            Origin = Configuration.Origin.BuiltIn,
                            Root = Path.Combine(_folder.FullName, "root"),
                        },
                    },
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

    private sealed record Wanted
    {
        public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(5);
        public string Program { get; init; } = MusterProgram.Path;
    }
}
