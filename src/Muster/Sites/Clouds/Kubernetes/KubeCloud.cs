using System.Text.Json;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>
/// A cluster as a provider: a machine is a Job with one pod. Its name is ours alone in the namespace, so that asking
/// twice makes one.
/// </summary>
internal sealed class KubeCloud : ICloud
{
    /// <summary>The name of the pod's one container.</summary>
    public const string Container = "main";

    private readonly CloudSettings _settings;
    private readonly KubeSettings _kube;
    private readonly TimeProvider _clock;
    private readonly KubeApi _api;

    public KubeCloud(CloudSettings settings, TimeProvider clock)
        : this(settings, clock, () => KubeConfig.Read(settings, Environment.GetEnvironmentVariable)) { }

    /// <param name="config">Reads how the cluster is reached: again, when it takes our credentials no longer.</param>
    internal KubeCloud(CloudSettings settings, TimeProvider clock, Func<KubeConfig> config)
    {
        (_settings, _kube, _clock) = (settings, settings.Kube!, clock);
        _api = new(settings, config, clock);
    }

    /// <summary>Where pods are made.</summary>
    public string Namespace => _api.Config.Namespace;

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var made = await _api.PostAsync(
                Jobs(order.Place),
                PodManifest.For(order, _kube, _clock.GetUtcNow()),
                KubeWire.Default.KubeJob,
                CloudHttp.CreatePatience,
                ct
            );
            return new CreateAnswer.Made(PodSight.Of(made, null, [], order.Place, _clock.GetUtcNow()));
        }
        catch (CloudException taken) when (taken.Code is "409")
        {
            return await FindAsync(order, ct) switch
            {
                FindAnswer.Made(var machine) => new CreateAnswer.Made(machine),
                FindAnswer.Unknown(var fault) => new CreateAnswer.Doubtful(fault.Message),
                _ => new CreateAnswer.Refused(taken),
            };
        }
        // Nothing in the namespace has this name, so it is the namespace that is not there.
        catch (CloudException missing) when (missing.Fault is CloudFault.Gone)
        {
            return new CreateAnswer.Refused(_api.Fault(CloudFault.BadOrder, missing.Message, missing.Code));
        }
        catch (CloudException fault)
        {
            return CreateAnswer.After(fault);
        }
    }

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var machine = await GetAsync(order.Place, order.Name, ct);
            return machine is { } found && found.Order == order.Id && found.Fleet == order.Fleet
                ? new FindAnswer.Made(found)
                : new FindAnswer.Absent();
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct)
    {
        if (await _api.FindAsync($"{Jobs(place)}/{id}", KubeWire.Default.KubeJob, ct) is not { } job)
            return null;
        var pods = await PodsAsync(place, id, ct);
        var pod = pods.MaxBy(one => one.Metadata?.CreationTimestamp);
        var seen = PodSight.Of(job, pod, [], place, _clock.GetUtcNow());
        if (seen is not { State: CloudState.Starting, Waits: null })
            return seen;
        return PodSight.Of(
            job,
            pod,
            await EventsAsync(place, pod?.Metadata?.Name ?? id, ct),
            place,
            _clock.GetUtcNow()
        );
    }

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        var machines = new List<CloudMachine>();
        var leftovers = new List<CloudPart>();
        var selector = $"?labelSelector={Uri.EscapeDataString($"{CloudMarks.FleetKey}={fleet}")}";
        foreach (var place in alsoIn.Append(Namespace).Distinct())
        {
            var jobs = await _api.ListAsync(Jobs(place) + selector, KubeWire.Default.KubeListKubeJob, ct);
            var pods = (await _api.ListAsync(Pods(place) + selector, KubeWire.Default.KubeListKubePod, ct)).ToLookup(
                JobOf
            );
            machines.AddRange(
                jobs.Select(job =>
                    PodSight.Of(
                        job,
                        pods[job.Metadata?.Name].MaxBy(pod => pod.Metadata?.CreationTimestamp),
                        [],
                        place,
                        _clock.GetUtcNow()
                    )
                )
            );
            var names = machines.Select(machine => machine.Name).ToHashSet();
            leftovers.AddRange(
                pods.Where(group => group.Key is null || !names.Contains(group.Key))
                    .SelectMany(group => group)
                    .Select(pod => new CloudPart("pod", pod.Metadata?.Name ?? "", place, JobOf(pod)))
            );
        }
        return new(machines, leftovers);
    }

    /// <summary>A Job that was accepted for deletion proves nothing: it is gone when no pod of its is left.</summary>
    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        var job = await _api.FindAsync($"{Jobs(machine.Place)}/{machine.Id}", KubeWire.Default.KubeJob, ct);
        if (job is { Metadata.DeletionTimestamp: null })
            await _api.DeleteAsync($"{Jobs(machine.Place)}/{machine.Id}", ct);
        if (job is not null && await StillThereAsync())
            return false;
        var pods = await PodsAsync(machine.Place, machine.Id, ct);
        // Pods whose Job went without them are not deleted by anybody else.
        foreach (var pod in pods.Where(pod => pod.Metadata is { DeletionTimestamp: null, Name: not null }))
            await _api.DeleteAsync($"{Pods(machine.Place)}/{pod.Metadata!.Name}", ct);
        return pods.Count == 0;

        async Task<bool> StillThereAsync() =>
            await _api.FindAsync($"{Jobs(machine.Place)}/{machine.Id}", KubeWire.Default.KubeJob, ct) is not null;
    }

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    /// <summary>What the configuration says: a cluster has no prices.</summary>
    public Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<CloudPrice>>(
            _settings.Price is { } price
                ?
                [
                    new(
                        CloudPrice.EveryType,
                        Namespace,
                        price,
                        _settings.Currency ?? "",
                        new(TimeSpan.FromSeconds(1), TimeSpan.Zero)
                    ),
                ]
                : []
        );

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        new KubeCheck(_settings, _api, _clock).RunAsync(ct);

    /// <summary>A pod as a host.</summary>
    public IHost HostOf(string name, string place, string pod) => new PodHost(_api, name, place, pod);

    /// <summary>What the container of a pod runs: it does nothing but live as long as its lease.</summary>
    public static string Command(string leaseFolder, LeaseTimes lease) =>
        JsonSerializer.Serialize(
            (List<string>)
                [
                    "sh",
                    "-c",
                    ShellScripts.Read("Sites/Clouds/Kubernetes/pod.sh"),
                    "muster",
                    leaseFolder,
                    $"{(long)lease.Boot.TotalSeconds}",
                    $"{(long)lease.Cap.TotalSeconds}",
                    $"{lease.Until.ToUnixTimeSeconds()}",
                    ShellScripts.Read("Sites/Clouds/lease.sh"),
                ],
            KubeWire.Default.ListString
        );

    public static string Jobs(string place) => $"apis/batch/v1/namespaces/{place}/jobs";

    public static string Pods(string place) => $"api/v1/namespaces/{place}/pods";

    public void Dispose() => _api.Dispose();

    private Task<IReadOnlyList<KubePod>> PodsAsync(string place, string job, CancellationToken ct) =>
        _api.ListAsync(
            $"{Pods(place)}?labelSelector={Uri.EscapeDataString($"job-name={job}")}",
            KubeWire.Default.KubeListKubePod,
            ct
        );

    /// <summary>They only explain: nobody who may not read them is kept from anything.</summary>
    private async Task<IReadOnlyList<KubeEvent>> EventsAsync(string place, string name, CancellationToken ct)
    {
        try
        {
            return await _api.ListAsync(
                $"api/v1/namespaces/{place}/events?fieldSelector={Uri.EscapeDataString($"involvedObject.name={name}")}",
                KubeWire.Default.KubeListKubeEvent,
                ct
            );
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.NoPermission)
        {
            return [];
        }
    }

    private static string? JobOf(KubePod pod) => pod.Metadata?.Labels?.GetValueOrDefault("job-name");
}
