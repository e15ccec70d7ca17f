using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Muster.Sites.Clouds.DigitalOcean;

/// <summary>
/// Droplets of DigitalOcean. There is no idempotency and names are not unique, so that a doubt is resolved by the name,
/// which is ours alone, and by waiting.
/// </summary>
public sealed class OceanCloud : ICloud
{
    private const int LongestUserData = 64 << 10;

    /// <summary>How long the creation is watched until its droplet is active.</summary>
    private static readonly TimeSpan Watched = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    /// <summary>Every droplet costs at least a cent, and sixty seconds.</summary>
    private static readonly BillingUnit Unit = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), 0.01m);

    private readonly CloudSettings _settings;
    private readonly TimeProvider _clock;
    private readonly OceanApi _api;

    /// <summary>
    /// Ten reads of keys a minute are allowed, so that ours is looked for once, and all of them seldom.
    /// </summary>
    private static readonly TimeSpan KeysLast = TimeSpan.FromMinutes(10);
    private (string PublicKey, long Id)? _ourKey;
    private (DateTimeOffset At, IReadOnlyList<OceanKey> Keys)? _keys;

    public OceanCloud(CloudSettings settings, Redactor redactor, TimeProvider clock)
    {
        (_settings, _clock) = (settings, clock);
        _api = new(settings, redactor, clock);
    }

    public async Task<CreateAnswer> CreateAsync(MachineOrder order, CancellationToken ct)
    {
        OceanCreate body;
        try
        {
            body = await BodyAsync(order, ct);
        }
        catch (CloudException fault)
        {
            // No droplet was asked for yet.
            return new CreateAnswer.Refused(fault);
        }
        OceanAnswer answer;
        try
        {
            answer = await _api.PostAsync(
                "droplets",
                body,
                OceanWire.Default.OceanCreate,
                CloudHttp.CreatePatience,
                ct
            );
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.OutOfStock)
        {
            // "Create event failed" may have left a droplet.
            return await FindAsync(order, ct) is FindAnswer.Absent
                ? new CreateAnswer.Refused(fault)
                : new CreateAnswer.Doubtful(fault.Message);
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
        return answer.Droplet is { } droplet
            ? await WatchAsync(MachineOf(droplet, order.Place), answer.Links?.Actions?[0].Id, order, ct)
            : new CreateAnswer.Doubtful("DigitalOcean accepted the order, and its answer names no droplet");
    }

    /// <summary>
    /// The order was accepted, which is no success: when its action fails, no reason is given, and a droplet may be
    /// left or not.
    /// </summary>
    private async Task<CreateAnswer> WatchAsync(
        CloudMachine machine,
        long? action,
        MachineOrder order,
        CancellationToken ct
    )
    {
        // Tags appear later than the droplet.
        machine = machine with
        {
            Fleet = order.Fleet,
            Order = order.Id,
            Until = order.Until,
        };
        var until = _clock.GetUtcNow() + Watched;
        while (action is { } id && _clock.GetUtcNow() < until)
        {
            try
            {
                var status = (await _api.GetAsync($"actions/{id}", ct)).Action?.Status;
                if (status is "completed")
                    return new CreateAnswer.Made(await SeenAsync(machine, ct));
                if (status is "errored")
                    return await TakeBackAsync(machine, until, ct);
            }
            catch (CloudException fault) when (fault.Fault is CloudFault.Upstream or CloudFault.Throttled) { }
            catch (CloudException)
            {
                break; // the droplet was made; whoever asks next sees what it does
            }
            await Task.Delay(Poll, _clock, ct);
        }
        return new CreateAnswer.Made(machine);
    }

    private async Task<CloudMachine> SeenAsync(CloudMachine machine, CancellationToken ct)
    {
        try
        {
            return await GetAsync(machine.Place, machine.Id, ct) is { } seen
                ? seen with
                {
                    Fleet = machine.Fleet,
                    Order = machine.Order,
                    Until = machine.Until,
                }
                : machine;
        }
        catch (CloudException)
        {
            return machine;
        }
    }

    private async Task<CreateAnswer> TakeBackAsync(CloudMachine machine, DateTimeOffset until, CancellationToken ct)
    {
        var why = _api.Fault(CloudFault.OutOfStock, $"creating droplet {machine.Id} failed, and no reason was given");
        while (_clock.GetUtcNow() < until)
        {
            try
            {
                if (await DestroyAsync(machine, ct))
                    return new CreateAnswer.Refused(why);
            }
            catch (CloudException fault)
                when (fault.Fault is CloudFault.Busy or CloudFault.Upstream or CloudFault.Throttled) { }
            await Task.Delay(Poll, _clock, ct);
        }
        return new CreateAnswer.Made(machine with { State = CloudState.Broken, Word = why.Message });
    }

    public async Task<FindAnswer> FindAsync(MachineOrder order, CancellationToken ct)
    {
        try
        {
            var found = (await DropletsAsync($"name={Uri.EscapeDataString(order.Name)}", ct)).ToList();
            // Those with a GPU are in no list that is not made of them alone.
            if (found.Count == 0 && IsGpu(order.Type))
                found = [.. await DropletsAsync("type=gpus", ct)];
            var ours = found
                .Where(droplet => string.Equals(droplet.Name, order.Name, StringComparison.OrdinalIgnoreCase))
                .Select(droplet => MachineOf(droplet, order.Place))
                // Tags may not be there yet; those of another fleet are never ours.
                .Where(machine => machine.Fleet is null || machine.Fleet == order.Fleet)
                .OrderBy(machine => machine.Created)
                .ToList();
            if (ours.Count == 0)
                return new FindAnswer.Absent();
            // Names are not unique: what a doubt has made twice is taken back.
            foreach (var twin in ours.Skip(1))
                await _api.DeleteAsync($"droplets/{twin.Id}", ct);
            return new FindAnswer.Made(
                ours[0] with
                {
                    Fleet = order.Fleet,
                    Order = order.Id,
                    Until = ours[0].Until ?? order.Until,
                }
            );
        }
        catch (CloudException fault)
        {
            return new FindAnswer.Unknown(fault);
        }
    }

    public async Task<CloudMachine?> GetAsync(string place, string id, CancellationToken ct) =>
        (await _api.FindAsync($"droplets/{id}", ct))?.Droplet is { } droplet ? MachineOf(droplet, place) : null;

    public async Task<CloudListing> ListAsync(string fleet, IReadOnlyCollection<string> alsoIn, CancellationToken ct)
    {
        var tag = CloudMarks.FleetTag(fleet);
        var plain = await DropletsAsync($"tag_name={Uri.EscapeDataString(tag)}", ct);
        var gpus = await DropletsAsync("type=gpus", ct);
        var machines = plain
            .Concat(gpus)
            .DistinctBy(droplet => droplet.Id)
            .Select(droplet => MachineOf(droplet, droplet.Region?.Slug ?? ""))
            .Where(machine => machine.Fleet == fleet)
            .ToList();
        // A key is only read while a machine is made, so it is a leftover when none is there.
        var keys = machines.Count > 0 ? [] : await KeysAsync(ct);
        return new(
            machines,
            [
                .. keys.Where(key => key.Name == KeyName(fleet))
                    .Select(key => new CloudPart("ssh_key", Text(key.Id), "", key.Name)),
            ]
        );
    }

    private async Task<IReadOnlyList<OceanKey>> KeysAsync(CancellationToken ct)
    {
        if (_keys is { } known && _clock.GetUtcNow() - known.At < KeysLast)
            return known.Keys;
        var keys = await _api.ListAsync("account/keys?", answer => answer.SshKeys, key => key.Id, ct);
        _keys = (_clock.GetUtcNow(), keys);
        return keys;
    }

    private Task<IReadOnlyList<OceanDroplet>> DropletsAsync(string filter, CancellationToken ct) =>
        _api.ListAsync($"droplets?{filter}", answer => answer.Droplets, droplet => droplet.Id, ct);

    public async Task<bool> DestroyAsync(CloudMachine machine, CancellationToken ct)
    {
        if (await GetAsync(machine.Place, machine.Id, ct) is { } seen)
        {
            if (seen.Fleet is { } other && other != machine.Fleet)
                throw _api.Fault(
                    CloudFault.BadOrder,
                    $"droplet {machine.Id} belongs to fleet {other}; it is left alone"
                );
            await _api.DeleteAsync($"droplets/{machine.Id}", ct);
            return false; // it is shown for seconds more
        }
        foreach (var key in machine.Parts.Where(part => part.Kind == "ssh_key"))
        {
            await _api.DeleteAsync($"account/keys/{key.Id}", ct);
            (_ourKey, _keys) = (null, null);
        }
        return true;
    }

    public Task<string?> ConsoleAsync(string place, string id, CancellationToken ct) => Task.FromResult<string?>(null);

    public async Task<IReadOnlyList<CloudPrice>> PricesAsync(CancellationToken ct)
    {
        var sizes = await _api.ListAsync("sizes?", answer => answer.Sizes, size => size.Slug, ct);
        var wanted = _settings.Machines.Select(machine => machine.Type).ToHashSet();
        return
        [
            .. from size in sizes
            where wanted.Contains(size.Slug)
            from place in _settings.Places
            where (size.Regions ?? []).Contains(place)
            select new CloudPrice(
                size.Slug,
                place,
                _settings.Price ?? size.PriceHourly,
                _settings.Currency ?? "USD",
                Unit
            ),
        ];
    }

    public Task<IReadOnlyList<CloudFinding>> CheckAsync(CancellationToken ct) =>
        new OceanCheck(_settings, _api).RunAsync(ct);

    private async Task<OceanCreate> BodyAsync(MachineOrder order, CancellationToken ct)
    {
        if (Encoding.UTF8.GetByteCount(order.UserData) > LongestUserData)
            throw _api.Fault(CloudFault.BadOrder, "the user data is larger than 64 KiB");
        var options = new CloudOptions(_settings);
        var open = options.Flag("public-ip") ?? _settings.Address is MachineAddress.Public;
        return new()
        {
            Name = order.Name,
            Region = order.Place,
            Size = order.Type,
            Image = await OceanImages.OfAsync(_api, _settings, order.Image, order.Place, ct),
            SshKeys =
            [
                Json(await OurKeyAsync(order, ct)),
                .. _settings.SshKeys.Select(key =>
                    long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                        ? Json(id)
                        : Json(key)
                ),
            ],
            UserData = order.UserData,
            Tags = CloudMarks.Tags(order),
            VpcUuid = _settings.Vpc,
            Monitoring = options.Flag("monitoring") ?? false,
            Ipv6 = open && (options.Flag("ipv6") ?? false),
            PublicNetworking = open ? null : false,
        };
    }

    private async Task<long> OurKeyAsync(MachineOrder order, CancellationToken ct)
    {
        if (_ourKey is var (known, id) && known == order.PublicKey)
            return id;
        var fingerprint = Fingerprint(order.PublicKey);
        var key =
            (await _api.FindAsync($"account/keys/{fingerprint}", ct))?.SshKey
            ?? (
                await _api.PostAsync(
                    "account/keys",
                    new(KeyName(order.Fleet), order.PublicKey),
                    OceanWire.Default.OceanNewKey,
                    CloudHttp.Patience,
                    ct
                )
            ).SshKey
            ?? throw _api.Fault(CloudFault.Upstream, "the key that machines are reached with could not be stored");
        (_ourKey, _keys) = ((order.PublicKey, key.Id), null);
        return key.Id;
    }

    private static string KeyName(string fleet) => $"muster-{fleet}";

    private static string Fingerprint(string publicKey)
    {
        var blob = Convert.FromBase64String(publicKey.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
#pragma warning disable CA5351 // the name that the provider knows a key by; nothing is protected by it
        return string.Join(':', MD5.HashData(blob).Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));
#pragma warning restore CA5351
    }

    private static bool IsGpu(string size) => size.StartsWith("gpu-", StringComparison.OrdinalIgnoreCase);

    private static JsonElement Json(long number) => JsonSerializer.SerializeToElement(number, OceanWire.Default.Int64);

    private static JsonElement Json(string text) => JsonSerializer.SerializeToElement(text, OceanWire.Default.String);

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static CloudMachine MachineOf(OceanDroplet droplet, string place)
    {
        var marks = CloudMarks.OfTags(droplet.Tags ?? []);
        var addresses = droplet.Networks?.V4 ?? [];
        return new()
        {
            Id = Text(droplet.Id),
            Name = droplet.Name ?? "",
            Place = droplet.Region?.Slug ?? place,
            Type = droplet.SizeSlug ?? "",
            State = droplet.Status switch
            {
                "new" => CloudState.Starting,
                "active" => CloudState.Running,
                "off" or "archive" => CloudState.Stopped,
                _ => CloudState.Unclear,
            },
            Word = droplet.Status ?? "",
            Created = droplet.CreatedAt,
            PublicAddress = addresses.FirstOrDefault(address => address.Type is "public")?.IpAddress,
            PrivateAddress = addresses.FirstOrDefault(address => address.Type is "private")?.IpAddress,
            Fleet = marks.Fleet,
            Order = marks.Order,
            Until = marks.Until,
        };
    }

    public void Dispose() => _api.Dispose();
}
