using Amazon.EC2;
using Amazon.EC2.Model;

namespace Muster.Sites.Clouds.Aws;

/// <summary>
/// What a region has of that which a machine stands on: the image and its root device, the network, and the zones that
/// offer the type. Looked up anew for each order, by reads alone.
/// </summary>
internal sealed class AwsGround(AwsSettings settings, AwsClients clients)
{
    /// <summary>Where one attempt goes.</summary>
    public sealed record Spot(Image Image, string Subnet, string Zone, IReadOnlyList<string> Groups);

    /// <summary>Throws what the SDK throws, and a <see cref="CloudException"/> for what the region lacks.</summary>
    public async Task<Spot> FindAsync(MachineOrder order, CancellationToken ct)
    {
        var place = AwsPlace.Get(order.Place);
        var imageTask = ImageAsync(place.Region, order.Image, order.Type, ct);
        var offersTask = OffersAsync(place.Region, [order.Type], ct);
        var netTask = NetAsync(place.Region, ct);
        await Task.WhenAll(imageTask, offersTask, netTask);
        var (image, offers, net) = (await imageTask, await offersTask, await netTask);

        var offering = offers.Select(offer => offer.Zone).ToHashSet();
        if (offering.Count == 0)
            throw NotOffered(order.Type, place.Region, "it is offered in no zone of the region");
        var zones = net
            .Subnets.Select(subnet => subnet.AvailabilityZone)
            .Distinct()
            .Where(zone => place.Zone is null || zone == place.Zone)
            .Where(offering.Contains)
            .Order(StringComparer.Ordinal)
            .ToList();
        if (zones.Count == 0)
            throw NotOffered(
                order.Type,
                order.Place,
                $"it is offered in {string.Join(", ", offering.Order(StringComparer.Ordinal))}, and the site has "
                    + $"subnets in {string.Join(", ", net.Subnets.Select(one => one.AvailabilityZone).Distinct().Order(StringComparer.Ordinal))}"
            );
        // Every round over the site's places takes the next zone of the region.
        var zone = zones[(order.Attempt - 1) / Math.Max(1, settings.Places.Count) % zones.Count];
        var subnet = net
            .Subnets.Where(subnet => subnet.AvailabilityZone == zone)
            .OrderByDescending(subnet => subnet.DefaultForAz is true)
            .ThenByDescending(subnet => subnet.AvailableIpAddressCount)
            .First();
        return new(image, subnet.SubnetId, zone, [.. net.Groups.Select(group => group.GroupId)]);
    }

    /// <summary>The image in this region: by id, or the newest of a name that fits the type's processor.</summary>
    public async Task<Image> ImageAsync(string region, string wanted, string type, CancellationToken ct)
    {
        var ec2 = clients.Reading(region);
        if (wanted.StartsWith("ami-", StringComparison.Ordinal))
        {
            var found = (await ec2.DescribeImagesAsync(new() { ImageIds = [wanted] }, ct)).Images ?? [];
            return found.Find(image => image.State?.Value is "available" && image.RootDeviceName is { Length: > 0 })
                ?? throw NoImage(wanted, region, "it is not available");
        }
        var architectures = await ArchitecturesAsync(region, type, ct);
        var named =
            (
                await ec2.DescribeImagesAsync(
                    new()
                    {
                        // Anybody may publish an image under any name.
                        Owners = ["self", "amazon"],
                        Filters = [new("name", [wanted]), new("state", ["available"])],
                    },
                    ct
                )
            ).Images
            ?? [];
        return named
                .Where(image => image.RootDeviceName is { Length: > 0 })
                .Where(image => architectures.Count == 0 || architectures.Contains(image.Architecture?.Value ?? ""))
                .OrderByDescending(image => image.CreationDate, StringComparer.Ordinal)
                .FirstOrDefault()
            ?? throw NoImage(
                wanted,
                region,
                named.Count == 0
                    ? "no image of this account or of Amazon has this name"
                    : $"none of that name is made for {string.Join(" or ", architectures)}, which {type} needs"
            );
    }

    public async Task<IReadOnlyList<string>> ArchitecturesAsync(string region, string type, CancellationToken ct) =>
        [
            .. (
                (
                    await clients
                        .Reading(region)
                        .DescribeInstanceTypesAsync(new() { Filters = [new("instance-type", [type])] }, ct)
                ).InstanceTypes
                ?? []
            ).SelectMany(found => found.ProcessorInfo?.SupportedArchitectures ?? []),
        ];

    public async Task<IReadOnlyList<(string Type, string Zone)>> OffersAsync(
        string region,
        IEnumerable<string> types,
        CancellationToken ct
    )
    {
        var request = new DescribeInstanceTypeOfferingsRequest
        {
            LocationType = LocationType.AvailabilityZone,
            Filters = [new("instance-type", [.. types])],
        };
        var offers = new List<(string, string)>();
        do
        {
            var page = await clients.Reading(region).DescribeInstanceTypeOfferingsAsync(request, ct);
            offers.AddRange(
                (page.InstanceTypeOfferings ?? []).Select(offer => (offer.InstanceType.Value, offer.Location))
            );
            request.NextToken = page.NextToken;
        } while (!string.IsNullOrEmpty(request.NextToken));
        return offers;
    }

    /// <summary>The site's subnets and groups in this region. Ids of other regions match nothing here.</summary>
    public async Task<(IReadOnlyList<Subnet> Subnets, IReadOnlyList<SecurityGroup> Groups)> NetAsync(
        string region,
        CancellationToken ct
    )
    {
        var ec2 = clients.Reading(region);
        var vpc = settings.Vpc;
        if (settings.Subnets.Count == 0 && vpc is null)
        {
            var vpcs = (await ec2.DescribeVpcsAsync(new() { Filters = [new("is-default", ["true"])] }, ct)).Vpcs ?? [];
            vpc =
                vpcs.FirstOrDefault()?.VpcId
                ?? throw new CloudException(
                    CloudFault.BadOrder,
                    $"AWS: {region} has no default VPC",
                    "Set `vpc` or `subnets` of the site."
                );
        }
        var subnets = await SubnetsAsync(
            ec2,
            settings.Subnets.Count > 0 ? new("subnet-id", [.. settings.Subnets]) : new("vpc-id", [vpc!]),
            ct
        );
        if (subnets.Count == 0)
            throw new CloudException(
                CloudFault.BadOrder,
                settings.Subnets.Count > 0
                    ? $"AWS: none of the site's subnets ({string.Join(", ", settings.Subnets)}) is in {region}"
                    : $"AWS: {vpc} has no subnet in {region}",
                "Name a subnet of each region under `subnets`; ids belong to one region."
            );
        var groups = await GroupsAsync(ec2, region, subnets[0].VpcId, ct);
        return ([.. subnets.Where(subnet => subnet.VpcId == subnets[0].VpcId)], groups);
    }

    private static async Task<List<Subnet>> SubnetsAsync(AmazonEC2Client ec2, Filter filter, CancellationToken ct)
    {
        var request = new DescribeSubnetsRequest { Filters = [filter] };
        var subnets = new List<Subnet>();
        do
        {
            var page = await ec2.DescribeSubnetsAsync(request, ct);
            subnets.AddRange(page.Subnets ?? []);
            request.NextToken = page.NextToken;
        } while (!string.IsNullOrEmpty(request.NextToken));
        return subnets;
    }

    private async Task<IReadOnlyList<SecurityGroup>> GroupsAsync(
        AmazonEC2Client ec2,
        string region,
        string vpc,
        CancellationToken ct
    )
    {
        if (settings.SecurityGroups.Count == 0)
            return [];
        var all =
            (await ec2.DescribeSecurityGroupsAsync(new() { Filters = [new("vpc-id", [vpc])] }, ct)).SecurityGroups
            ?? [];
        var groups = all.Where(group =>
                settings.SecurityGroups.Contains(group.GroupId) || settings.SecurityGroups.Contains(group.GroupName)
            )
            .ToList();
        // A name must be there; of ids, those of other regions are not.
        var missing = settings
            .SecurityGroups.Where(wanted => !wanted.StartsWith("sg-", StringComparison.Ordinal))
            .Except(groups.Select(group => group.GroupName))
            .ToList();
        return missing.Count == 0 && groups.Count > 0
            ? groups
            : throw new CloudException(
                CloudFault.BadOrder,
                $"AWS: {vpc} in {region} has no security group "
                    + string.Join(
                        ", ",
                        (missing.Count > 0 ? missing : settings.SecurityGroups).Select(name => $"'{name}'")
                    ),
                "Create it, with TCP port 22 open to this machine alone, or set `security-groups` to one of: "
                    + string.Join(", ", all.Select(group => group.GroupName).Order(StringComparer.Ordinal).Take(10))
                    + "."
            );
    }

    private static CloudException NotOffered(string type, string place, string why) =>
        new(
            CloudFault.NotHere,
            $"AWS: {type} cannot be had in {place}: {why}",
            "Choose another type or place, or add a subnet in a zone that offers it."
        );

    private static CloudException NoImage(string image, string region, string why) =>
        new(
            CloudFault.BadOrder,
            $"AWS: there is no image '{image}' in {region}: {why}",
            "Ids of images belong to one region. With several regions, give the image's name, which may hold *."
        );
}
