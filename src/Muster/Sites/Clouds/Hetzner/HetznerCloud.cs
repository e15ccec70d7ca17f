using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>Machines of Hetzner Cloud. A machine's name is unique in a project, which resolves every doubt.</summary>
public sealed class HetznerCloud(CloudSettings settings, Redactor redactor, TimeProvider clock) : ICloud
{
    private const int LongestUserData = 32 << 10;

    /// <summary>How long the creation is watched until its machine runs.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromMinutes(3);
    private readonly HetznerApi _api = new(settings, redactor, clock);

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        HetznerCreate body;
        try
        {
            body = await BodyAsync(order, ct);
        }
        catch (CloudException fault)
        {
            // Only reads came before.
            return new CreateAnswer.Refused(fault);
        }
        HetznerAnswer answer;
        try
        {
            answer = await _api.PostAsync(
                "servers",
                body,
                HetznerWire.Default.HetznerCreate,
                CloudHttp.CreatePatience,
                ct
            );
        }
        catch (CloudException fault) when (fault.Code is "uniqueness_error")
        {
            return await FindAsync(order, ct) switch
            {
                FindAnswer.Made(var machine) => new CreateAnswer.Made(machine),
                FindAnswer.Unknown({ Fault: CloudFault.BadOrder } why) => new CreateAnswer.Refused(why),
                FindAnswer.Unknown(var why) => new CreateAnswer.Doubtful(why.Message),
                _ => new CreateAnswer.Doubtful($"{order.Name} is in use, and no machine of this name is listed"),
            };
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
        return answer.Server is { } server
            ? await StartedAsync(server, answer, ct)
            : new CreateAnswer.Doubtful("Hetzner accepted the order, and its answer names no server");
    }

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var answer = await _api.GetAsync($"servers?name={order.Name}", ct);
            if (answer.Servers is not { } servers)
                return new FindAnswer.Unknown(_api.Fault(CloudFault.Upstream, "the list of servers cannot be read"));
            if (servers.FirstOrDefault(one => one.Name == order.Name) is not { } server)
                return new FindAnswer.Absent();
            var machine = MachineOf(server);
            return machine.Order == order.Id && machine.Fleet == order.Fleet
                ? new FindAnswer.Made(machine)
                : new FindAnswer.Unknown(
                    _api.Fault(
                        CloudFault.BadOrder,
                        $"server {server.Id} is named {order.Name} and does not bear its marks"
                    )
                );
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        (await _api.FindAsync($"servers/{id}", false, ct))?.Server is { } server ? MachineOf(server) : null;

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        var mine = $"?label_selector={Uri.EscapeDataString($"{CloudMarks.FleetKey}=={fleet}")}&sort=id:asc";
        var servers = await _api.ListAsync($"servers{mine}", answer => answer.Servers, server => server.Id, ct);
        var addresses = await _api.ListAsync($"primary_ips{mine}", answer => answer.PrimaryIps, ip => ip.Id, ct);
        var volumes = await _api.ListAsync($"volumes{mine}", answer => answer.Volumes, volume => volume.Id, ct);
        // A key is only read while a machine is made, so it is a leftover when none is there.
        var keys =
            servers.Count > 0
                ? []
                : await _api.ListAsync($"ssh_keys{mine}", answer => answer.SshKeys, key => key.Id, ct);
        return new(
            [.. servers.Select(MachineOf).Where(machine => machine.Fleet == fleet)],
            [
                .. addresses.Where(ip => ip.AssigneeId is null).Select(ip => Part("primary_ip", ip.Id, "", ip.Name)),
                .. volumes.Select(volume => Part("volume", volume.Id, "", volume.Name)),
                .. keys.Select(key => Part("ssh_key", key.Id, "", key.Name)),
            ]
        );
    }

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        if ((await _api.FindAsync($"servers/{machine.Id}", true, ct))?.Server is { } server)
        {
            var seen = MachineOf(server);
            if (seen.Fleet is { } other && other != machine.Fleet)
                throw _api.Fault(CloudFault.BadOrder, $"server {server.Id} belongs to fleet {other}; it is left alone");
            if (server.Protection is { Delete: true })
                throw _api.Fault(
                    CloudFault.BadOrder,
                    $"server {server.Id} has delete protection; take it off",
                    "protected"
                );
            if (seen.State is not CloudState.Deleting)
                await _api.DeleteAsync($"servers/{machine.Id}", ct);
            return false;
        }
        var gone = true;
        foreach (var part in machine.Parts)
            gone &= await IsGoneAsync(part, machine.Id, ct);
        return gone;
    }

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    public async Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct) =>
        HetznerPrices.Of(settings, await TypesAsync(ct), (await _api.GetAsync("pricing", ct)).Pricing);

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        new HetznerCheck(settings, _api).RunAsync(ct);

    public void Dispose() => _api.Dispose();

    /// <summary>What is sent: names are looked up, and our key is put where the provider finds it.</summary>
    private async Task<HetznerCreate> BodyAsync(MachineOrder order, CancellationToken ct)
    {
        if (Encoding.UTF8.GetByteCount(order.UserData) > LongestUserData)
            throw _api.Fault(CloudFault.BadOrder, "the user data is larger than 32 KiB");
        return new()
        {
            Name = order.Name,
            ServerType = order.Type,
            Image = await ImageAsync(order, ct),
            Location = order.Place,
            SshKeys = [await OurKeyAsync(order, ct), .. await YourKeysAsync(ct)],
            UserData = order.UserData,
            Labels = CloudMarks.Labels(order),
            Networks = await IdsAsync("networks", settings.Networks, answer => answer.Networks, ct),
            Firewalls =
            [
                .. (await IdsAsync("firewalls", settings.Firewalls, answer => answer.Firewalls, ct)).Select(
                    id => new HetznerFirewallRef(id)
                ),
            ],
            PlacementGroup = settings.Options.TryGetValue("placement_group", out var group)
                ? long.Parse(group, CultureInfo.InvariantCulture)
                : null,
            PublicNet = new(Wants("ipv4"), Wants("ipv6")),
        };

        bool Wants(string option) => settings.Options.GetValueOrDefault(option, "true") == "true";
    }

    private async Task<string> ImageAsync(MachineOrder order, CancellationToken ct)
    {
        if (!settings.Snapshot || order.Image.All(char.IsAsciiDigit))
            return order.Image;
        var types = await _api.GetAsync($"server_types?name={Uri.EscapeDataString(order.Type)}", ct);
        var architecture = types.ServerTypes is [var type, ..] ? type.Architecture : null;
        var images = await _api.ListAsync(
            "images?type=snapshot&status=available",
            answer => answer.Images,
            image => image.Id,
            ct
        );
        return HetznerCheck.Snapshot(images, order.Image, architecture) is { } image
            ? image.Id.ToString(CultureInfo.InvariantCulture)
            : throw _api.Fault(
                CloudFault.BadOrder,
                $"the project has no snapshot with the description '{order.Image}' for {architecture ?? order.Type}"
            );
    }

    /// <summary>A key's content is unique in a project: the same again is looked up.</summary>
    private async Task<string> OurKeyAsync(MachineOrder order, CancellationToken ct)
    {
        var fingerprint = HetznerCheck.Fingerprint(order.PublicKey);
        for (var tries = 0; ; tries++)
        {
            var found = (await _api.GetAsync($"ssh_keys?fingerprint={fingerprint}", ct)).SshKeys;
            if (found is [var key, ..])
                return key.Id.ToString(CultureInfo.InvariantCulture);
            try
            {
                var made = await _api.PostAsync(
                    "ssh_keys",
                    new(
                        $"muster-{order.Fleet}",
                        order.PublicKey,
                        new Dictionary<string, string> { [CloudMarks.FleetKey] = order.Fleet }
                    ),
                    HetznerWire.Default.HetznerKey,
                    CloudHttp.Patience,
                    ct
                );
                if (made.SshKey is { } own)
                    return own.Id.ToString(CultureInfo.InvariantCulture);
            }
            catch (CloudException fault) when (fault.Code is "uniqueness_error" && tries == 0)
            {
                continue; // somebody else has just put it there
            }
            throw _api.Fault(CloudFault.Upstream, "the key that machines are reached with could not be stored");
        }
    }

    private async Task<IReadOnlyList<string>> YourKeysAsync(CancellationToken ct)
    {
        var keys = new List<string>();
        foreach (var key in settings.SshKeys)
        {
            if (!key.Contains(':'))
            {
                keys.Add(key);
                continue;
            }
            var found = (await _api.GetAsync($"ssh_keys?fingerprint={Uri.EscapeDataString(key)}", ct)).SshKeys;
            keys.Add(
                found is [var one, ..]
                    ? one.Id.ToString(CultureInfo.InvariantCulture)
                    : throw _api.Fault(CloudFault.BadOrder, $"the project has no SSH key with the fingerprint {key}")
            );
        }
        return keys;
    }

    private async Task<IReadOnlyList<long>> IdsAsync(
        string what,
        IReadOnlyList<string> names,
        Func<HetznerAnswer, IReadOnlyList<HetznerNamed>?> select,
        CancellationToken ct
    )
    {
        var ids = new List<long>();
        foreach (var name in names)
        {
            if (long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                ids.Add(id);
            else if (select(await _api.GetAsync($"{what}?name={Uri.EscapeDataString(name)}", ct)) is [var one, ..])
                ids.Add(one.Id);
            else
                throw _api.Fault(CloudFault.BadOrder, $"the project has no '{name}' among its {what}");
        }
        return ids;
    }

    /// <summary>
    /// The server is there and costs; it is worth something once <b>all</b> its actions have succeeded. One that cannot
    /// start is taken away again, and counts as refused when it is proved gone.
    /// </summary>
    private async Task<CreateAnswer> StartedAsync(HetznerServer server, HetznerAnswer answer, CancellationToken ct)
    {
        var machine = MachineOf(server);
        var due = (answer.NextActions ?? []).Prepend(answer.Action).OfType<HetznerAction>().ToList();
        var until = clock.GetUtcNow() + Watched;
        try
        {
            while (due.Count > 0 && clock.GetUtcNow() < until)
            {
                if (due.FirstOrDefault(action => action.Status is "error") is { } failed)
                    return await TakeBackAsync(machine, _api.FaultOf(failed), until, ct);
                due.RemoveAll(action => action.Status is "success");
                if (due.Count == 0)
                    break;
                await Task.Delay(_api.PollPause, clock, ct);
                due = await AskedAsync(due, ct);
            }
            return new CreateAnswer.Made(await GetAsync(machine.Place, machine.Id, ct) ?? machine);
        }
        catch (CloudException)
        {
            return new CreateAnswer.Made(machine); // it was made; whoever asks next sees what it does
        }
    }

    private async Task<List<HetznerAction>> AskedAsync(List<HetznerAction> due, CancellationToken ct)
    {
        try
        {
            var ids = string.Join('&', due.Select(action => $"id={action.Id}"));
            var now = (await _api.GetAsync($"actions?{ids}", ct)).Actions ?? [];
            return [.. due.Select(action => now.FirstOrDefault(one => one.Id == action.Id) ?? action)];
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Upstream)
        {
            return due;
        }
    }

    private async Task<CreateAnswer> TakeBackAsync(
        CloudMachine machine,
        CloudException why,
        DateTimeOffset until,
        CancellationToken ct
    )
    {
        while (clock.GetUtcNow() < until)
        {
            try
            {
                if (await DestroyAsync(machine, ct))
                    return new CreateAnswer.Refused(why);
            }
            catch (CloudException fault) when (fault.Fault is CloudFault.Busy or CloudFault.Upstream) { }
            await Task.Delay(_api.PollPause, clock, ct);
        }
        return new CreateAnswer.Made(machine with { State = CloudState.Broken, Word = why.Message });
    }

    /// <summary>
    /// Automatic addresses go with their server; one that stays is taken away, unless another machine has it.
    /// </summary>
    private async Task<bool> IsGoneAsync(CloudPart part, string server, CancellationToken ct)
    {
        var path = part.Kind switch
        {
            "primary_ip" => $"primary_ips/{part.Id}",
            "volume" => $"volumes/{part.Id}",
            "ssh_key" => $"ssh_keys/{part.Id}",
            _ => throw _api.Fault(CloudFault.BadOrder, $"there are no parts of the kind '{part.Kind}'"),
        };
        if (await _api.FindAsync(path, true, ct) is not { } answer)
            return true;
        if (answer.PrimaryIp?.AssigneeId is { } assignee)
            return assignee.ToString(CultureInfo.InvariantCulture) != server;
        await _api.DeleteAsync(path, ct);
        return false;
    }

    private Task<IReadOnlyList<HetznerType>> TypesAsync(CancellationToken ct) =>
        _api.ListAsync("server_types?sort=id:asc", answer => answer.ServerTypes, type => type.Name, ct);

    private static CloudPart Part(string kind, long id, string place, string? name = null) =>
        new(kind, id.ToString(CultureInfo.InvariantCulture), place, name);

    private static CloudMachine MachineOf(HetznerServer server)
    {
        var marks = CloudMarks.OfLabels(server.Labels ?? new Dictionary<string, string>());
        var place = server.Location?.Name ?? "";
        var (four, six) = (server.PublicNet?.Ipv4, server.PublicNet?.Ipv6);
        return new()
        {
            Id = server.Id.ToString(CultureInfo.InvariantCulture),
            Name = server.Name,
            Place = place,
            Type = server.ServerType?.Name ?? "",
            Word = server.Status,
            State = server.Status switch
            {
                "initializing" or "starting" => CloudState.Starting,
                "running" => CloudState.Running,
                "stopping" => CloudState.Stopping,
                "off" => CloudState.Stopped,
                "deleting" => CloudState.Deleting,
                _ => CloudState.Unclear,
            },
            Created = server.Created,
            PublicAddress = four?.Ip ?? FirstOf(six?.Ip),
            PrivateAddress = server.PrivateNet?.Select(net => net.Ip).FirstOrDefault(ip => ip is { Length: > 0 }),
            Fleet = marks.Fleet,
            Order = marks.Order,
            Until = marks.Until,
            Parts =
            [
                .. ((HetznerAddress?[])[four, six])
                    .Select(address => address?.Id)
                    .OfType<long>()
                    .Select(id => Part("primary_ip", id, place)),
            ],
        };
    }

    /// <summary>IPv6 comes as a network of 2^64 addresses, of which the machine takes the first.</summary>
    private static string? FirstOf(string? network)
    {
        if (
            !IPNetwork.TryParse(network, out var net)
            || net.BaseAddress.AddressFamily is not AddressFamily.InterNetworkV6
        )
            return null;
        var bytes = net.BaseAddress.GetAddressBytes();
        bytes[^1] |= 1;
        return new IPAddress(bytes).ToString();
    }
}
