using System.Text.Json.Nodes;
using Muster.Clouds;
using Muster.Clouds.Kubernetes;
using Muster.Sites.Schedulers;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>Real HTTP against a stand-in that answers as a cluster does; its pods are entries in a list.</summary>
public sealed class KubeCloudTests : IAsyncLifetime
{
    private const string Space = "lab";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-kube-");
    private readonly SetTime _clock = new();
    private readonly World _world;
    private readonly KubeProvider _cluster;
    private StandIn _server = null!;
    private KubeCloud _cloud = null!;

    public KubeCloudTests()
    {
        _world = new(_clock, seed: 5);
        _cluster = new(_world);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _cluster);
        _cloud = Cloud();
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
        _cluster.Dispose();
        _folder.Delete(recursive: true);
    }

    private KubeCloud Cloud(Func<CloudSettings, CloudSettings>? change = null, string? user = null)
    {
        var settings = KubeSites.Settings(
            _folder.FullName,
            KubeSites.WriteConfig(_folder.FullName, _server.Address, user)
        );
        return new(change?.Invoke(settings) ?? settings, _clock);
    }

    private MachineOrder Order(string type = "1cpu-1Gi", string place = Space) =>
        CloudOrders.New(place, type, "ubuntu:24.04") with
        {
            UserData = """["sleep","600"]""",
            Until = _clock.GetUtcNow() + TimeSpan.FromHours(2),
        };

    private async Task<CloudMachine> MadeAsync(MachineOrder order) =>
        Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(order, Ct)).Machine;

    private async Task<CloudException> RefusedAsync(MachineOrder order, KubeCloud? cloud = null) =>
        Assert.IsType<CreateAnswer.Refused>(await (cloud ?? _cloud).CreateAsync(order, Ct)).Fault;

    private async Task<CloudMachine> SeenAsync(MachineOrder order) => (await _cloud.GetAsync(Space, order.Name, Ct))!;

    [Fact]
    public async Task A_pod_is_made_seen_and_destroyed_until_nothing_is_left()
    {
        _cluster.Grace = TimeSpan.FromSeconds(30);
        var order = Order();
        var made = await MadeAsync(order);
        Assert.Equal((order.Name, order.Fleet, order.Id), (made.Id, made.Fleet, made.Order));
        var seen = await SeenAsync(order);
        Assert.Equal((CloudState.Running, "1cpu-1Gi"), (seen.State, seen.Type));
        Assert.Equal(_cluster.Pods.Single().Name, seen.PublicAddress);

        // The Job is gone at once, its pod is not: only then is it a proof.
        Assert.False(await _cloud.DestroyAsync(seen, Ct));
        Assert.Null(await _cloud.GetAsync(Space, order.Name, Ct));
        Assert.False(await _cloud.DestroyAsync(seen, Ct));
        _clock.Pass(TimeSpan.FromMinutes(1));
        Assert.True(await _cloud.DestroyAsync(seen, Ct));
        Assert.Empty(_cluster.Pods);
        Assert.True(await _cloud.DestroyAsync(seen, Ct));
    }

    [Fact]
    public async Task The_order_says_what_the_pod_needs_and_that_it_is_started_once()
    {
        using var cloud = Cloud(settings =>
            settings with
            {
                Kube = settings.Kube! with
                {
                    GpuResource = "amd.com/gpu",
                    NodeSelector = new Dictionary<string, string> { ["pool"] = "gpu" },
                    Tolerations = [Toleration.Parse("pool=gpu:NoSchedule")!, Toleration.Parse("*")!],
                    ImagePullSecrets = ["registry"],
                },
            }
        );
        var order = Order("8cpu-32Gi-2gpu") with { DiskGb = 200 };
        await cloud.CreateAsync(order, Ct);
        var job = JsonNode.Parse(_world.Requests.Single(one => one.What.StartsWith("POST /apis/batch")).Body)!;
        Assert.Equal(0, (int)job["spec"]!["backoffLimit"]!);
        Assert.Equal(7200, (int)job["spec"]!["activeDeadlineSeconds"]!);
        var pod = job["spec"]!["template"]!["spec"]!;
        Assert.Equal("Never", (string)pod["restartPolicy"]!);
        Assert.False((bool)pod["automountServiceAccountToken"]!);
        Assert.Equal("gpu", (string)pod["nodeSelector"]!["pool"]!);
        Assert.Equal("registry", (string)pod["imagePullSecrets"]![0]!["name"]!);
        Assert.Equal(
            """[{"key":"pool","operator":"Equal","value":"gpu","effect":"NoSchedule"},{"operator":"Exists"}]""",
            pod["tolerations"]!.ToJsonString()
        );
        Assert.Equal(
            """
            {"requests":{"cpu":"8","memory":"32Gi","ephemeral-storage":"200Gi"},"limits":{"memory":"32Gi","ephemeral-storage":"200Gi","amd.com/gpu":"2"}}
            """,
            pod["containers"]![0]!["resources"]!.ToJsonString()
        );
        Assert.Equal(order.Id.ToString("N"), (string)job["metadata"]!["labels"]!["muster-order"]!);
    }

    [Theory]
    [InlineData(Stumble.CutBefore, 0)]
    [InlineData(Stumble.CutAfter, 1)]
    [InlineData(Stumble.Status500, 0)]
    [InlineData(Stumble.CutWithin, 1)]
    public async Task A_create_whose_answer_is_lost_is_doubtful_and_asking_again_never_makes_a_second(
        Stumble stumble,
        int made
    )
    {
        _world.Faults.Next("POST /apis/batch", stumble);
        var order = Order();
        Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(order, Ct));
        Assert.Equal(made, _cluster.Jobs.Count());
        var found = await _cloud.FindAsync(order, Ct);
        Assert.Equal(made == 1, found is FindAnswer.Made);

        await MadeAsync(order);
        await MadeAsync(order);
        Assert.Single(_cluster.Jobs);
        Assert.Single(_cluster.Pods);
    }

    [Fact]
    public async Task A_name_that_somebody_else_has_is_no_machine_of_ours()
    {
        var order = Order();
        await MadeAsync(order with { Fleet = CloudOrders.OtherFleet });
        Assert.Equal("409", (await RefusedAsync(order)).Code);
        Assert.IsType<FindAnswer.Absent>(await _cloud.FindAsync(order, Ct));
    }

    [Fact]
    public async Task What_the_cluster_refuses_is_said_in_its_own_words()
    {
        _cluster.Quota = 0;
        var quota = await RefusedAsync(Order());
        Assert.Equal(CloudFault.Quota, quota.Fault);
        Assert.Contains("exceeded quota: few", quota.Message, StringComparison.Ordinal);
        _cluster.Quota = null;

        _cluster.Forbidden.Add("create jobs");
        var forbidden = await RefusedAsync(Order());
        Assert.Equal(CloudFault.NoPermission, forbidden.Fault);
        Assert.Contains("cannot create resource \"jobs\"", forbidden.Message, StringComparison.Ordinal);
        _cluster.Forbidden.Clear();

        var invalid = await RefusedAsync(Order() with { Image = "" });
        Assert.Equal(CloudFault.BadOrder, invalid.Fault);
        Assert.Contains("containers[0].image", invalid.Message, StringComparison.Ordinal);

        var nowhere = await RefusedAsync(Order(place: "nowhere"));
        Assert.Equal(CloudFault.BadOrder, nowhere.Fault);
        Assert.Contains("namespaces \"nowhere\" not found", nowhere.Message, StringComparison.Ordinal);

        _cluster.Throttled = 1;
        var later = await RefusedAsync(Order());
        Assert.Equal(CloudFault.Throttled, later.Fault);
        Assert.Equal(_clock.GetUtcNow().AddSeconds(1), later.Until);

        _clock.Pass(TimeSpan.FromSeconds(2));
        _cluster.Accepted = "another";
        var credentials = await RefusedAsync(Order());
        Assert.Equal(CloudFault.BadCredentials, credentials.Fault);
        Assert.DoesNotContain(KubeProvider.Token, credentials.Message + credentials.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_waits_says_why_and_an_image_that_never_comes_ends_it()
    {
        _cluster.Unschedulable = "0/5 nodes are available: 5 Insufficient nvidia.com/gpu.";
        var order = Order();
        await MadeAsync(order);
        var seen = await SeenAsync(order);
        Assert.Equal(
            (CloudState.Starting, "Unschedulable: 0/5 nodes are available: 5 Insufficient nvidia.com/gpu."),
            (seen.State, seen.Waits)
        );

        _cluster.Unschedulable = null;
        _cluster.BadImages.Add("ubuntu:24.04");
        seen = await SeenAsync(order);
        Assert.Equal(CloudState.Starting, seen.State);
        Assert.StartsWith("ImagePullBackOff: Back-off pulling", seen.Waits, StringComparison.Ordinal);
        _clock.Pass(TimeSpan.FromMinutes(3));
        seen = await SeenAsync(order);
        Assert.Equal(CloudState.Broken, seen.State);
        Assert.StartsWith("ImagePullBackOff: Back-off pulling", seen.Word, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_cluster_ended_a_pod_for_is_what_its_run_ended_of()
    {
        await LostAsync(
            name => _cluster.Evict(name, "Evicted", "The node was low on resource: ephemeral-storage."),
            Outcome.Preempted,
            "Evicted: The node was low on resource: ephemeral-storage."
        );
        await LostAsync(
            name => _cluster.Evict(name, "NodeLost", "Node n1 which was running the pod is unresponsive"),
            Outcome.NodeFailed,
            "NodeLost: Node n1 which was running the pod is unresponsive"
        );
        await LostAsync(
            _cluster.KillForMemory,
            Outcome.OutOfMemory,
            "OOMKilled: it used more memory than it asked for"
        );
        await LostAsync(
            _cluster.ReachDeadline,
            Outcome.TimedOut,
            "DeadlineExceeded: Job was active longer than specified deadline"
        );

        async Task LostAsync(Action<string> lose, Outcome outcome, string words)
        {
            var order = Order();
            await MadeAsync(order);
            await SeenAsync(order);
            lose(order.Name);
            var seen = await SeenAsync(order);
            Assert.Equal((CloudState.Broken, outcome, words), (seen.State, seen.Lost, seen.Word));
            while (!await _cloud.DestroyAsync(seen, Ct)) { }
        }
    }

    [Fact]
    public async Task All_of_the_fleet_is_listed_on_all_pages_in_all_namespaces_and_nothing_of_others()
    {
        for (var i = 0; i < 260; i++)
            await MadeAsync(Order());
        await MadeAsync(Order(place: "default"));
        await MadeAsync(Order() with { Fleet = CloudOrders.OtherFleet });
        _cluster.Expired = 2;
        var listing = await _cloud.ListAsync(CloudOrders.Fleet, ["default"], Ct);
        Assert.Equal(261, listing.Machines.Count);
        Assert.All(listing.Machines, machine => Assert.Equal(CloudOrders.Fleet, machine.Fleet));
        Assert.Empty(listing.Leftovers);
    }

    [Fact]
    public async Task A_pod_whose_job_went_without_it_is_a_leftover_and_goes()
    {
        var order = Order();
        var made = await MadeAsync(order);
        using (var http = new HttpClient { BaseAddress = _server.Address })
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", KubeProvider.Token);
            await http.DeleteAsync(KubeCloud.Jobs(Space) + "/" + order.Name, Ct);
        }
        var listing = await _cloud.ListAsync(CloudOrders.Fleet, [], Ct);
        var left = Assert.Single(listing.Leftovers);
        Assert.Equal(("pod", order.Name), (left.Kind, left.Name));
        while (!await _cloud.DestroyAsync(made, Ct)) { }
        Assert.Empty(_cluster.Pods);
    }

    [Fact]
    public async Task A_token_of_a_plugin_that_has_grown_old_is_asked_for_again_once()
    {
        var plugin = Path.Combine(_folder.FullName, "plugin");
        var token = Path.Combine(_folder.FullName, "token");
        await File.WriteAllTextAsync(token, "an-old-token-that-was-good-yesterday", Ct);
        await File.WriteAllTextAsync(
            plugin,
            $$"""
            #!/bin/sh
            echo asked >>{{_folder.FullName}}/asked
            printf '{"kind":"ExecCredential","status":{"token":"%s"} }' "$(cat {{token}})"
            """,
            Ct
        );
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var cloud = Cloud(
            user: $"{{ exec: {{ command: {plugin}, apiVersion: client.authentication.k8s.io/v1 }} }}"
        );
        var refused = await RefusedAsync(Order(), cloud);
        Assert.Equal(CloudFault.BadCredentials, refused.Fault);
        Assert.Equal(2, (await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "asked"), Ct)).Length);

        await File.WriteAllTextAsync(token, KubeProvider.Token, Ct);
        Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order(), Ct));
        Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order(), Ct));
        Assert.Equal(3, (await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "asked"), Ct)).Length);
    }

    [Fact]
    public async Task A_check_names_what_is_missing_and_makes_nothing()
    {
        Assert.Empty(await _cloud.CheckAsync(Ct));
        Assert.True(_world.Requests.Count <= 10);

        _cluster.Forbidden.UnionWith(["create pods/exec", "delete jobs"]);
        var found = await _cloud.CheckAsync(Ct);
        Assert.Contains(found, one => one.What.Contains("may not create pods/exec in namespace lab"));
        Assert.Contains(found, one => one.What.Contains("may not delete jobs in namespace lab"));
        _cluster.Forbidden.Clear();

        _cluster.Minor = "29";
        Assert.Contains("v1.29.2", Assert.Single(await _cloud.CheckAsync(Ct)).What, StringComparison.Ordinal);
        _cluster.Minor = "33";

        using var nowhere = Cloud(settings => settings with { Kube = settings.Kube! with { Context = "nowhere" } });
        Assert.Contains(
            "namespaces \"nowhere\" not found",
            Assert.Single(await nowhere.CheckAsync(Ct)).What,
            StringComparison.Ordinal
        );
        using var typo = Cloud(settings => settings with { Kube = settings.Kube! with { Context = "standing" } });
        var unknown = Assert.Single(await typo.CheckAsync(Ct));
        Assert.Contains("no context 'standing'", unknown.What, StringComparison.Ordinal);
        Assert.Contains("standin, nowhere", unknown.Fix, StringComparison.Ordinal);
        Assert.Empty(_cluster.Jobs);
    }
}
