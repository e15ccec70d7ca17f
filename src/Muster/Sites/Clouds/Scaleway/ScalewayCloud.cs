using System.Text;

namespace Muster.Sites.Clouds.Scaleway;

/// <summary>
/// Instances of Scaleway. A machine takes three calls: it is made switched off, gets its user data, and is switched on.
/// Each zone is a world of its own. Deleting a machine leaves its disk, which another service knows.
/// </summary>
public sealed class ScalewayCloud : ICloud
{
    private const int LongestUserData = 127_998;
    private const string BlockVolume = "sbs_volume";

    /// <summary>How often a call that may be repeated is, before the machine counts as broken.</summary>
    private const int Tries = 3;

    private readonly CloudSettings _settings;
    private readonly TimeProvider _clock;
    private readonly ScalewayApi _api;

    public ScalewayCloud(CloudSettings settings, Redactor redactor, TimeProvider clock)
    {
        (_settings, _clock) = (settings, clock);
        _api = new(settings, redactor, clock);
    }

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        var zone = ScalewayZone.Of(order.Place);
        ScalewayCreate body;
        try
        {
            body = await BodyAsync(order, zone, ct);
        }
        catch (CloudException fault)
        {
            // Only reads came before.
            return new CreateAnswer.Refused(fault);
        }
        ScalewayServer? server;
        try
        {
            var reply = await _api.PostAsync(
                $"instance/v1/zones/{zone}/servers",
                body,
                ScalewayWire.Default.ScalewayCreate,
                CloudHttp.CreatePatience,
                ct
            );
            server = reply.Read(ScalewayWire.Default.ScalewayServerAnswer)?.Server;
        }
        catch (CloudException fault)
        {
            // At a create, "not found" is about what the order names.
            return CreateAnswer.After(
                fault.Fault is CloudFault.Gone
                    ? _api.Fault(CloudFault.BadOrder, fault.Message, fault.Code, fault.RequestId)
                    : fault
            );
        }
        return server is null
            ? new CreateAnswer.Doubtful("Scaleway accepted the order, and its answer names no server")
            : await StartAsync(MachineOf(server, order.Place), order, ct);
    }

    /// <summary>
    /// The machine is there, switched off, and costs its disk. Both calls that follow may be repeated; one that cannot
    /// be started is taken away again.
    /// </summary>
    private async Task<CreateAnswer> StartAsync(CloudMachine machine, MachineOrder order, CancellationToken ct)
    {
        var server = $"instance/v1/zones/{ScalewayZone.Of(machine.Place)}/servers/{machine.Id}";
        try
        {
            await AgainAsync(() => _api.PatchTextAsync($"{server}/user_data/cloud-init", order.UserData, ct), ct);
            await AgainAsync(() => SwitchOnAsync(server, ct), ct);
            // The task in the answer is a dummy: only the server itself tells.
            return new CreateAnswer.Made(await GetAsync(machine.Place, machine.Id, ct) ?? machine);
        }
        catch (CloudException fault)
        {
            var broken = machine with { State = CloudState.Broken, Word = fault.Message };
            try
            {
                await DestroyAsync(machine, ct);
                if (await DestroyAsync(machine, ct))
                    return new CreateAnswer.Refused(fault);
            }
            catch (CloudException) { }
            return new CreateAnswer.Made(broken); // whoever gets it brings it to its end
        }
    }

    private async Task SwitchOnAsync(string server, CancellationToken ct)
    {
        try
        {
            await ActAsync(server, "poweron", ct);
        }
        catch (CloudException fault)
            when (fault.Message.Contains("already running", StringComparison.OrdinalIgnoreCase)) { }
    }

    private Task<CloudReply> ActAsync(string server, string action, CancellationToken ct) =>
        _api.PostAsync($"{server}/action", new(action), ScalewayWire.Default.ScalewayAction, CloudHttp.Patience, ct);

    /// <summary>For calls that may be repeated.</summary>
    private async Task AgainAsync(Func<Task> call, CancellationToken ct)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await call();
                return;
            }
            catch (CloudException fault) when (fault.Fault is CloudFault.Upstream or CloudFault.Busy && tries < Tries)
            {
                await Task.Delay(TimeSpan.FromSeconds(tries), _clock, ct);
            }
        }
    }

    /// <summary>One that was made and never switched on is started now.</summary>
    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var servers = await ServersAsync(ScalewayZone.Of(order.Place), CloudMarks.OrderTag(order.Id), ct);
            // The filter by name takes parts of names, and is not used; the mark is whole.
            var found = servers
                .Select(server => MachineOf(server, order.Place))
                .Where(machine => machine.Order == order.Id && machine.Fleet == order.Fleet)
                .OrderBy(machine => machine.Created)
                .FirstOrDefault();
            if (found is null)
                return new FindAnswer.Absent();
            if (found.State is not CloudState.Stopped)
                return new FindAnswer.Made(found);
            return await StartAsync(found, order, ct) switch
            {
                CreateAnswer.Made(var machine) => new FindAnswer.Made(machine),
                CreateAnswer.Refused => new FindAnswer.Absent(), // and proved gone
                _ => new FindAnswer.Made(found),
            };
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        await ServerAsync(place, id, ct) is { } server ? MachineOf(server, place) : null;

    private async Task<ScalewayServer?> ServerAsync(string place, string id, CancellationToken ct) =>
        (
            await _api.FindAsync(
                $"instance/v1/zones/{ScalewayZone.Of(place)}/servers/{id}",
                ScalewayWire.Default.ScalewayServerAnswer,
                ct
            )
        )?.Server;

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        var machines = new List<CloudMachine>();
        var leftovers = new List<CloudPart>();
        var mark = CloudMarks.FleetTag(fleet);
        foreach (var place in _settings.Places.Concat(alsoIn).DistinctBy(ScalewayZone.Of))
        {
            var zone = ScalewayZone.Of(place);
            machines.AddRange(
                (await ServersAsync(zone, mark, ct))
                    .Select(server => MachineOf(server, place))
                    .Where(machine => machine.Fleet == fleet)
            );
            var query = $"?tags={Uri.EscapeDataString(mark)}";
            foreach (var service in (string[])["instance", "block"])
            {
                var volumes = await _api.ListAsync(
                    $"{service}/v1/zones/{zone}/volumes{query}",
                    ScalewayWire.Default.ScalewayVolumes,
                    page => page.Volumes,
                    volume => volume.Id,
                    ct
                );
                leftovers.AddRange(
                    volumes
                        .Where(volume => volume.Server is null && volume.References is null or { Count: 0 })
                        .Where(volume => volume.Tags?.Contains(mark) is true)
                        .Select(volume => new CloudPart(
                            service == "block" ? BlockVolume : volume.VolumeType ?? "volume",
                            volume.Id,
                            place,
                            volume.Name
                        ))
                );
            }
            var addresses = await _api.ListAsync(
                $"instance/v1/zones/{zone}/ips{query}",
                ScalewayWire.Default.ScalewayAddresses,
                page => page.Ips,
                address => address.Id,
                ct
            );
            leftovers.AddRange(
                addresses
                    .Where(address => address.Server is null && address.Tags?.Contains(mark) is true)
                    .Select(address => new CloudPart("ip", address.Id, place, address.Address))
            );
        }
        return new(machines, leftovers);
    }

    private Task<IReadOnlyList<ScalewayServer>> ServersAsync(string zone, string tag, CancellationToken ct) =>
        _api.ListAsync(
            $"instance/v1/zones/{zone}/servers?tags={Uri.EscapeDataString(tag)}",
            ScalewayWire.Default.ScalewayServers,
            page => page.Servers,
            server => server.Id,
            ct
        );

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        if (await ServerAsync(machine.Place, machine.Id, ct) is { } server)
        {
            await EndAsync(server, machine, ct);
            return false;
        }
        var gone = true;
        foreach (var part in machine.Parts)
            gone &= await IsGoneAsync(part, ct);
        return gone;
    }

    private async Task EndAsync(ScalewayServer server, CloudMachine machine, CancellationToken ct)
    {
        var seen = MachineOf(server, machine.Place);
        if (seen.Fleet is { } other && other != machine.Fleet)
            throw _api.Fault(CloudFault.BadOrder, $"server {server.Id} belongs to fleet {other}; it is left alone");
        if (server.Protected)
            throw _api.Fault(CloudFault.BadOrder, $"server {server.Id} is protected; take the protection off");
        var path = $"instance/v1/zones/{ScalewayZone.Of(machine.Place)}/servers/{server.Id}";
        switch (server.State)
        {
            case "stopped":
                await _api.DeleteAsync(path, ct);
                break;
            case "running":
                try
                {
                    await ActAsync(path, "terminate", ct);
                }
                // Then the long way: off, and deleted once it is.
                catch (CloudException fault) when (fault.Fault is CloudFault.BadOrder or CloudFault.Busy)
                {
                    await ActAsync(path, "poweroff", ct);
                }
                break;
            case "stopped in place":
                var may = (server.AllowedActions ?? []).Contains("terminate");
                await ActAsync(path, may ? "terminate" : "poweroff", ct);
                break;
            case "locked":
                throw _api.Fault(CloudFault.Account, $"server {server.Id} is locked by Scaleway");
        }
    }

    /// <summary>One step nearer to its end; true once it is proved gone.</summary>
    private async Task<bool> IsGoneAsync(CloudPart part, CancellationToken ct)
    {
        var zone = ScalewayZone.Of(part.Place);
        if (part.Kind == "ip")
        {
            await _api.DeleteAsync($"instance/v1/zones/{zone}/ips/{part.Id}", ct);
            return true;
        }
        // That the instance API knows no such volume says nothing about one of the block API.
        var service = part.Kind == BlockVolume ? "block" : "instance";
        var path = $"{service}/v1/zones/{zone}/volumes/{part.Id}";
        try
        {
            if (service == "instance")
            {
                // Its answer has a hull, of which nothing is needed.
                await _api.GetAsync(path, ScalewayWire.Default.ScalewayVolumes, ct);
            }
            else if (await _api.FindAsync(path, ScalewayWire.Default.ScalewayVolume, ct) is not { } volume)
            {
                return true;
            }
            else if (volume.Status is not "available" || volume.References is { Count: > 0 })
            {
                return false; // for about a minute after its machine
            }
            await _api.DeleteAsync(path, ct);
            return false;
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Gone)
        {
            return true;
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Busy)
        {
            return false;
        }
    }

    /// <summary>
    /// Scaleway shows no console. Its images publish the fingerprints of their host keys there instead.
    /// </summary>
    public async Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) =>
        await _api.FindTextAsync(
            $"instance/v1/zones/{ScalewayZone.Of(place)}/servers/{id}/user_data/ssh-host-fingerprints",
            ct
        );

    public async Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct)
    {
        var prices = new List<CloudPrice>();
        foreach (var place in _settings.Places)
        {
            var types = await TypesAsync(_api, ScalewayZone.Of(place), ct);
            foreach (var wanted in _settings.Machines.Select(size => size.Type).Distinct())
            {
                if (types.GetValueOrDefault(wanted.ToUpperInvariant()) is { } type)
                    prices.Add(
                        new(
                            wanted,
                            place,
                            _settings.Price ?? type.HourlyPrice,
                            _settings.Currency ?? "EUR",
                            UnitOf(type)
                        )
                    );
            }
        }
        return prices;
    }

    /// <summary>Machines with a GPU are billed by the minute, all others by the hour.</summary>
    private static BillingUnit UnitOf(ScalewayType type) =>
        type.Gpu > 0
            ? new(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1))
            : new(TimeSpan.FromHours(1), TimeSpan.FromHours(1));

    /// <summary>By name in capitals; the map comes in pages.</summary>
    internal static async Task<IReadOnlyDictionary<string, ScalewayType>> TypesAsync(
        ScalewayApi api,
        string zone,
        CancellationToken ct
    ) =>
        (
            await api.ListAsync(
                $"instance/v1/zones/{zone}/products/servers?",
                ScalewayWire.Default.ScalewayTypes,
                page => page.Servers,
                type => type.Key,
                ct
            )
        ).ToDictionary(type => type.Key.ToUpperInvariant(), type => type.Value);

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        new ScalewayCheck(_settings, _api).RunAsync(ct);

    private async Task<ScalewayCreate> BodyAsync(MachineOrder order, string zone, CancellationToken ct)
    {
        if (Encoding.UTF8.GetByteCount(order.UserData) > LongestUserData)
            throw _api.Fault(CloudFault.BadOrder, $"the user data is larger than {LongestUserData} bytes");
        var options = new CloudOptions(_settings);
        return new()
        {
            Name = order.Name,
            Project = _settings.Project,
            CommercialType = order.Type.ToUpperInvariant(),
            Image = await ScalewayImageChoice.IdAsync(_api, _settings, zone, order.Image, order.Type, ct),
            DynamicIpRequired = _settings.Address is MachineAddress.Public,
            // A key in a tag, its spaces as underscores, reaches this machine alone, also when cloud-init fails.
            Tags =
            [
                .. CloudMarks.Tags(order),
                $"AUTHORIZED_KEY={string.Join('_', order.PublicKey.Split(' ').Take(2))}",
            ],
            SecurityGroup = _settings.SecurityGroups is [var group, ..] ? group : null,
            Volumes = order.DiskGb is { } gigabytes
                ? new Dictionary<string, ScalewayDisk>
                {
                    ["0"] = new(gigabytes * 1_000_000_000L, options.Text("volume-type") ?? BlockVolume, true),
                }
                : null,
        };
    }

    private static CloudMachine MachineOf(ScalewayServer server, string place)
    {
        var marks = CloudMarks.OfTags(server.Tags ?? []);
        var addresses = server.PublicIps ?? [];
        return new()
        {
            Id = server.Id,
            Name = server.Name ?? "",
            Place = place,
            Type = server.CommercialType ?? "",
            State = server.State switch
            {
                "starting" => CloudState.Starting,
                "running" => CloudState.Running,
                "stopping" => CloudState.Stopping,
                // From inside: it goes on costing all that it cost before.
                "stopped" or "stopped in place" => CloudState.Stopped,
                _ => CloudState.Unclear,
            },
            Word = server.StateDetail is { Length: > 0 } detail ? $"{server.State} ({detail})" : server.State ?? "",
            Created = server.CreationDate,
            PublicAddress = addresses.OrderBy(address => address.Family is not "inet").FirstOrDefault()?.Address,
            PrivateAddress = server.PrivateIp,
            Fleet = marks.Fleet,
            Order = marks.Order,
            Until = marks.Until,
            Parts =
            [
                .. (server.Volumes ?? new Dictionary<string, ScalewayVolume>()).Values.Select(volume => new CloudPart(
                    volume.VolumeType ?? BlockVolume,
                    volume.Id,
                    place,
                    volume.Name
                )),
            ],
        };
    }

    public void Dispose() => _api.Dispose();
}
