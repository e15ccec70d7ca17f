using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;

namespace Muster.Sites.Clouds.Aws;

/// <summary>Instances of AWS EC2, through its own SDK.</summary>
public sealed class AwsCloud : ICloud
{
    /// <summary>For so long after a machine was made, EC2 may say that there is none.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromMinutes(10);

    private readonly AwsSettings _settings;
    private readonly TimeProvider _clock;
    private readonly AwsClients _clients;
    private readonly AwsFaults _faults;
    private readonly AwsGround _ground;
    private readonly AwsPrices _prices;

    public AwsCloud(CloudSettings site, Redactor redactor, TimeProvider clock)
    {
        var settings = AwsSettings.Of(site);
        (_settings, _clock) = (settings, clock);
        var source = settings.SecretKey?.Source ?? settings.Profile ?? "the environment or the machine's role";
        _clients = new(settings);
        _faults = new(redactor, source, clock);
        _ground = new(settings, _clients);
        _prices = new(settings, _clients, _faults, redactor, clock);
    }

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        if (Encoding.UTF8.GetByteCount(order.UserData) is var bytes and > AwsOrder.MostUserData)
        {
            return Refused(
                CloudFault.BadOrder,
                $"AWS takes {AwsOrder.MostUserData} bytes of user data, and this is {bytes}",
                "Make the site's `user-data` smaller, or fetch in it what is large."
            );
        }
        RunInstancesRequest request;
        try
        {
            request = AwsOrder.Request(order, _settings, await _ground.FindAsync(order, ct));
        }
        catch (CloudException fault)
        {
            return new CreateAnswer.Refused(fault);
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            // Only reads were sent.
            return new CreateAnswer.Refused(_faults.Of(fault, "Describe calls before RunInstances"));
        }

        try
        {
            var answer = await _clients.Changing(Region(order)).RunInstancesAsync(request, ct);
            return answer.Reservation?.Instances is [var made]
                ? Made(made, order)
                : new CreateAnswer.Doubtful("AWS answered RunInstances without an instance");
        }
        catch (AmazonEC2Exception fault) when (AwsFaults.Code(fault) is "IdempotentParameterMismatch")
        {
            // A proof that the attempt was received before, with other parameters.
            return await FindAsync(order, ct) is FindAnswer.Made found
                ? new CreateAnswer.Made(found.Machine)
                : new CreateAnswer.Doubtful("AWS knows this attempt already, and does not list its machine yet");
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            var said = _faults.Of(fault, "RunInstances");
            return said.Fault is CloudFault.Upstream && !said.NeverSent
                ? new CreateAnswer.Doubtful(said.Message)
                : new CreateAnswer.Refused(said);
        }
    }

    /// <summary>A token that was used goes on answering with its machine after that one's end.</summary>
    private CreateAnswer Made(Instance made, MachineOrder order) =>
        AwsMachines.IsGone(made)
            ? Refused(
                CloudFault.Gone,
                $"AWS: the machine of this attempt, {made.InstanceId}, was terminated",
                "Nothing needs to be done; the next attempt makes another."
            )
            : new CreateAnswer.Made(
                AwsMachines.Of(made, order.Place) with
                {
                    // The site's prices are those of spot instances.
                    Price = _settings.Spot && !order.Spot ? _prices.OnDemand(order.Type, order.Place) : null,
                }
            );

    private static CreateAnswer.Refused Refused(CloudFault fault, string message, string fix) =>
        new(new CloudException(fault, message, fix));

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var found = await InstancesAsync(
                Region(order),
                [
                    new($"tag:{CloudMarks.OrderKey}", [order.Id.ToString("N")]),
                    new("instance-state-name", AwsMachines.Alive),
                ],
                ct
            );
            return found.OrderBy(instance => instance.LaunchTime).FirstOrDefault() is { } made
                ? new FindAnswer.Made(AwsMachines.Of(made, order.Place))
                : new FindAnswer.Absent();
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        await InstanceAsync(place, id, ct) is { } instance && !AwsMachines.IsGone(instance)
            ? AwsMachines.Of(instance, place)
            : null;

    /// <summary>Null when EC2 knows none, which it also says for a while after one was made.</summary>
    private async Task<Instance?> InstanceAsync(string place, string id, CancellationToken ct)
    {
        try
        {
            return (
                await AskAsync(
                    "DescribeInstances",
                    () => Reading(place).DescribeInstancesAsync(new() { InstanceIds = [id] }, ct),
                    ct
                )
            )
                .Reservations?.SelectMany(reservation => reservation.Instances ?? [])
                .FirstOrDefault();
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return null;
        }
    }

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        var machines = new List<CloudMachine>();
        var leftovers = new List<CloudPart>();
        var regions = _settings.Places.Concat(alsoIn).Select(place => AwsPlace.Get(place).Region).Distinct();
        foreach (var region in regions)
        {
            var marked = new Filter($"tag:{CloudMarks.FleetKey}", [fleet]);
            var instances = await InstancesAsync(region, [marked, new("instance-state-name", AwsMachines.Alive)], ct);
            machines.AddRange(
                instances.Select(instance =>
                    AwsMachines.Of(instance, PlaceOf(region, instance.Placement?.AvailabilityZone))
                )
            );
            leftovers.AddRange(
                (await VolumesAsync(region, [marked, new("status", ["available"])], ct)).Select(volume => new CloudPart(
                    "volume",
                    volume.VolumeId,
                    region,
                    NameOf(volume.Tags)
                ))
            );
            var addresses = await AskAsync(
                "DescribeAddresses",
                () => Reading(region).DescribeAddressesAsync(new() { Filters = [marked] }, ct),
                ct
            );
            leftovers.AddRange(
                (addresses.Addresses ?? [])
                    .Where(address => string.IsNullOrEmpty(address.AssociationId))
                    .Select(address => new CloudPart("elastic-ip", address.AllocationId, region, address.PublicIp))
            );
        }
        return new([.. machines.DistinctBy(machine => machine.Id)], [.. leftovers.Distinct()]);
    }

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        var instance = await InstanceAsync(machine.Place, machine.Id, ct);
        if (instance is null && _clock.GetUtcNow() - machine.Created < Lag)
        {
            // It may only not be listed yet; the order to end it counts all the same, once EC2 takes it.
            await TerminateAsync(machine, ct);
            return false;
        }
        if (instance is not null && !AwsMachines.IsGone(instance))
        {
            if (AwsMachines.Of(instance, machine.Place).Fleet is { } other && other != machine.Fleet)
                throw new CloudException(
                    CloudFault.BadOrder,
                    $"AWS: instance {machine.Id} belongs to fleet {other}; it is left alone",
                    "Nothing needs to be done here; another installation of Muster ends it."
                );
            if (instance.State?.Name?.Value is not "shutting-down")
                await TerminateAsync(machine, ct);
            return false;
        }
        return await DeleteVolumesAsync(machine, ct);
    }

    private async Task TerminateAsync(CloudMachine machine, CancellationToken ct)
    {
        var region = AwsPlace.Get(machine.Place).Region;
        try
        {
            await AskAsync(
                "TerminateInstances",
                () => _clients.Changing(region).TerminateInstancesAsync(new() { InstanceIds = [machine.Id] }, ct),
                ct
            );
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone) { }
        catch (CloudException fault) when (fault.Code is "OperationNotPermitted")
        {
            throw new CloudException(
                CloudFault.BadOrder,
                fault.Message,
                $"Switch termination protection of {machine.Id} off in AWS's console; Muster does not set it.",
                fault.Code,
                fault.RequestId,
                fault
            );
        }
    }

    /// <summary>True once none of the machine's volumes is left. Those made with it bear its order's mark.</summary>
    private async Task<bool> DeleteVolumesAsync(CloudMachine machine, CancellationToken ct)
    {
        var region = AwsPlace.Get(machine.Place).Region;
        var known = machine.Parts.Where(part => part.Kind == "volume").Select(part => part.Id).ToList();
        var ours = known.Count > 0 ? await VolumesAsync(region, [new("volume-id", known)], ct) : [];
        if (machine.Order is { } order)
        {
            // The order may have another machine by now: only what hangs nowhere, or here, is this one's.
            var marked = await VolumesAsync(region, [new($"tag:{CloudMarks.OrderKey}", [order.ToString("N")])], ct);
            ours.AddRange(
                marked.Where(volume =>
                    volume.State?.Value is "available"
                    || (volume.Attachments ?? []).Exists(attachment => attachment.InstanceId == machine.Id)
                )
            );
        }
        ours = [.. ours.DistinctBy(volume => volume.VolumeId)];
        foreach (var volume in ours.Where(volume => volume.State?.Value is not "deleting"))
        {
            try
            {
                await AskAsync(
                    "DeleteVolume",
                    () => _clients.Changing(region).DeleteVolumeAsync(new() { VolumeId = volume.VolumeId }, ct),
                    ct
                );
            }
            catch (CloudException fault) when (fault.Fault is CloudFault.Busy or CloudFault.Gone) { }
        }
        return ours.Count == 0;
    }

    public async Task<string?> ConsoleAsync(string place, string id, CancellationToken ct)
    {
        GetConsoleOutputResponse answer;
        try
        {
            answer = await AskAsync(
                "GetConsoleOutput",
                () => Reading(place).GetConsoleOutputAsync(new() { InstanceId = id, Latest = true }, ct),
                ct
            );
        }
        // Only newer types can tell their latest.
        catch (CloudException fault) when (fault.Code is "UnsupportedOperation")
        {
            answer = await AskAsync(
                "GetConsoleOutput",
                () => Reading(place).GetConsoleOutputAsync(new() { InstanceId = id }, ct),
                ct
            );
        }
        return answer.Output is { Length: > 0 } output
            ? Encoding.UTF8.GetString(Convert.FromBase64String(output))
            : null;
    }

    public Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) => _prices.AllAsync(ct);

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        new AwsCheck(_settings, _clients, _ground, _faults, _prices).RunAsync(ct);

    private async Task<List<Instance>> InstancesAsync(string region, List<Filter> filters, CancellationToken ct)
    {
        var request = new DescribeInstancesRequest { Filters = filters, MaxResults = 1000 };
        var all = new List<Instance>();
        do
        {
            var page = await AskAsync(
                "DescribeInstances",
                () => _clients.Reading(region).DescribeInstancesAsync(request, ct),
                ct
            );
            all.AddRange((page.Reservations ?? []).SelectMany(reservation => reservation.Instances ?? []));
            request.NextToken = page.NextToken;
        } while (!string.IsNullOrEmpty(request.NextToken));
        return [.. all.DistinctBy(instance => instance.InstanceId)];
    }

    private async Task<List<Volume>> VolumesAsync(string region, List<Filter> filters, CancellationToken ct)
    {
        var request = new DescribeVolumesRequest { Filters = filters };
        var all = new List<Volume>();
        do
        {
            var page = await AskAsync(
                "DescribeVolumes",
                () => _clients.Reading(region).DescribeVolumesAsync(request, ct),
                ct
            );
            all.AddRange(page.Volumes ?? []);
            request.NextToken = page.NextToken;
        } while (!string.IsNullOrEmpty(request.NextToken));
        return all;
    }

    private async Task<T> AskAsync<T>(string what, Func<Task<T>> ask, CancellationToken ct)
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            throw _faults.Of(fault, what);
        }
    }

    private AmazonEC2Client Reading(string place) => _clients.Reading(AwsPlace.Get(place).Region);

    private static string Region(MachineOrder order) => AwsPlace.Get(order.Place).Region;

    /// <summary>The zone, where the site names it as a place.</summary>
    private string PlaceOf(string region, string? zone) =>
        zone is not null && _settings.Places.Contains(zone) ? zone : region;

    private static string? NameOf(IEnumerable<Tag>? tags) =>
        (tags ?? []).FirstOrDefault(tag => tag.Key == "Name")?.Value;

    public void Dispose()
    {
        _prices.Dispose();
        _clients.Dispose();
    }
}
