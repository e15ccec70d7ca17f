using Amazon.EC2;
using Amazon.EC2.Model;

namespace Muster.Sites.Clouds.Aws;

/// <summary>
/// Looks at a site on AWS with reads and a dry run, region by region, at most ten requests in all: the first region is
/// always looked at whole.
/// </summary>
internal sealed class AwsCheck(
    AwsSettings settings,
    AwsClients clients,
    AwsGround ground,
    AwsFaults faults,
    AwsPrices prices
)
{
    private const int MostRequests = 10;

    /// <summary>A machine that is only asked about is of this order.</summary>
    private static readonly MachineOrder Pretended = new()
    {
        Id = new("00000000-0000-0000-0000-000000000001"),
        Attempt = 1,
        Fleet = "000000000000",
        Until = DateTimeOffset.UnixEpoch,
        Place = "",
        Type = "",
        Image = "",
        UserData = "#cloud-config\n{}",
        PublicKey = "",
    };

    private readonly List<CloudFinding> _findings = [];
    private int _requests;

    public async Task<IReadOnlyList<CloudFinding>> RunAsync(CancellationToken ct)
    {
        var places = new List<AwsPlace>();
        foreach (var place in settings.Places)
        {
            if (AwsPlace.Find(place) is { } found)
                places.Add(found);
            else
                Error(
                    $"'{place}' is not a region or zone of AWS",
                    "Write us-west-2, or us-west-2a for one zone of it."
                );
        }
        if (settings.SecurityGroups.Count == 0)
            Warn(
                "the site names no security group, and the VPC's own lets nobody in unless it was changed",
                "Set `security-groups` to one that lets this machine in at TCP port 22."
            );
        foreach (var region in places.GroupBy(place => place.Region))
        {
            if (!await RegionAsync(region.Key, [.. region], ct))
                break;
        }
        return _findings;
    }

    /// <summary>False when it makes no sense to look at the other regions.</summary>
    private async Task<bool> RegionAsync(string region, List<AwsPlace> places, CancellationToken ct)
    {
        if (settings.Types.Count == 0)
            return true;
        // Image, offers, network (two or three), dry run, price.
        if (_requests > 0 && _requests + 7 > MostRequests)
        {
            Warn(
                $"{region} was not looked at, as a check makes at most {MostRequests} requests",
                "Check a site with this region alone."
            );
            return true;
        }
        var type = settings.Types[0];
        Image? image = null;
        (IReadOnlyList<Subnet> Subnets, IReadOnlyList<SecurityGroup> Groups) net = ([], []);
        IReadOnlyList<(string Type, string Zone)> offers = [];
        _requests += settings.Image.StartsWith("ami-", StringComparison.Ordinal) ? 1 : 2;
        if (
            !await LookAsync(
                "DescribeImages",
                async () => image = await ground.ImageAsync(region, settings.Image, type, ct),
                ct
            )
        )
            return false;
        _requests += 1;
        await LookAsync(
            "DescribeInstanceTypeOfferings",
            async () => offers = await ground.OffersAsync(region, settings.Types, ct),
            ct
        );
        _requests += 3;
        await LookAsync("DescribeSubnets", async () => net = await ground.NetAsync(region, ct), ct);
        Offers(region, places, offers, [.. net.Subnets.Select(subnet => subnet.AvailabilityZone).Distinct()]);

        var zone = offers
            .Where(offer => offer.Type == type)
            .Select(offer => offer.Zone)
            .FirstOrDefault(zone => net.Subnets.Any(subnet => subnet.AvailabilityZone == zone));
        if (image is not null && zone is not null)
        {
            var subnet = net.Subnets.First(subnet => subnet.AvailabilityZone == zone);
            await DryRunAsync(
                region,
                type,
                new(image, subnet.SubnetId, zone, [.. net.Groups.Select(group => group.GroupId)]),
                ct
            );
        }
        await PriceAsync(region, type, ct);
        return true;
    }

    private void Offers(
        string region,
        List<AwsPlace> places,
        IReadOnlyList<(string Type, string Zone)> offers,
        IReadOnlyList<string> subnets
    )
    {
        if (subnets.Count == 0)
            return; // said already
        foreach (var type in settings.Types)
        {
            var zones = offers.Where(offer => offer.Type == type).Select(offer => offer.Zone).Order().ToList();
            if (zones.Count == 0)
            {
                Error($"AWS does not offer {type} in {region}", "Correct the type's name, or choose another region.");
                continue;
            }
            foreach (var place in places)
            {
                if (!zones.Exists(zone => subnets.Contains(zone) && (place.Zone is null || place.Zone == zone)))
                    Error(
                        $"{type} cannot be started in {place.Zone ?? region}: AWS offers it in {string.Join(", ", zones)}, "
                            + $"and the site has subnets in {string.Join(", ", subnets.Order())}",
                        "Add a subnet in a zone that offers it, or choose another type or zone."
                    );
            }
        }
    }

    /// <summary>EC2 looks at the whole order, and says that it would have carried it out.</summary>
    private async Task DryRunAsync(string region, string type, AwsGround.Spot spot, CancellationToken ct)
    {
        var order = Pretended with { Place = region, Type = type, Spot = settings.Spot, DiskGb = settings.DiskGb };
        var request = AwsOrder.Request(order, settings, spot);
        request.DryRun = true;
        _requests += 1;
        try
        {
            await clients.Changing(region).RunInstancesAsync(request, ct);
            Error("AWS carried out a dry run", "Look for a new instance in AWS's console.");
        }
        catch (AmazonEC2Exception fault) when (AwsFaults.Code(fault) is "DryRunOperation") { }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            Say(faults.Of(fault, "RunInstances (dry run)"));
        }
    }

    private async Task PriceAsync(string region, string type, CancellationToken ct)
    {
        if (settings.Price is not null)
            return;
        _requests += 1;
        try
        {
            if (await prices.OnDemandAsync(type, region, ct) is null)
                Warn($"AWS names no price of {type} in {region}", "Set `price` and `currency` of the site.");
        }
        catch (CloudException fault)
        {
            Warn(fault.Message, fault.Fix);
        }
        if (prices.ClockDifference is { } difference && difference.Duration() > TimeSpan.FromSeconds(60))
            Error(
                $"this machine's clock is {difference.Duration().TotalSeconds:0} s off AWS's",
                "Set the clock; AWS refuses requests whose time is some minutes off."
            );
    }

    /// <summary>False when nobody would get further: without valid credentials there is nothing else to see.</summary>
    private async Task<bool> LookAsync(string what, Func<Task> look, CancellationToken ct)
    {
        try
        {
            await look();
            return true;
        }
        catch (CloudException fault)
        {
            Say(fault);
            return fault.Fault is not (CloudFault.BadCredentials or CloudFault.Account);
        }
        catch (Exception fault) when (AwsFaults.IsOfService(fault) && !ct.IsCancellationRequested)
        {
            var said = faults.Of(fault, what);
            Say(said);
            return said.Fault is not (CloudFault.BadCredentials or CloudFault.Account);
        }
    }

    private void Say(CloudException fault) => _findings.Add(new(true, fault.Message, fault.Fix));

    private void Error(string what, string fix) => _findings.Add(new(true, what, fix));

    private void Warn(string what, string fix) => _findings.Add(new(false, what, fix));
}
