using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace Muster.Clouds.Aws;

/// <summary>What there is before and beside machines: images, types, networks, disks, prices.</summary>
public sealed partial class AwsProvider
{
    private string Images(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        var wanted = form.GetValueOrDefault("ImageId.1");
        if (wanted is not null && !here.Images.Exists(image => image.Id == wanted))
            throw new AwsRefusalException(400, "InvalidAMIID.NotFound", $"The image id '[{wanted}]' does not exist");
        var owners = Enumerable.Range(1, 9).Select(n => form.GetValueOrDefault($"Owner.{n}")).OfType<string>().ToList();
        return Answer(
            "DescribeImages",
            new XElement(
                Space + "imagesSet",
                here.Images.Where(image => wanted is null || image.Id == wanted)
                    .Where(image => owners.Count == 0 || owners.Contains(image.Owner))
                    .Where(image =>
                        Fits(
                            filters,
                            key =>
                                key is "name" ? image.Name
                                : key is "state" ? "available"
                                : null
                        )
                    )
                    .Select(image => new XElement(
                        Space + "item",
                        new XElement(Space + "imageId", image.Id),
                        new XElement(Space + "imageState", "available"),
                        new XElement(Space + "architecture", image.Architecture),
                        new XElement(Space + "name", image.Name),
                        new XElement(Space + "creationDate", image.Created),
                        new XElement(Space + "rootDeviceName", image.RootDevice)
                    ))
            )
        );
    }

    private string Types(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        return Answer(
            "DescribeInstanceTypes",
            new XElement(
                Space + "instanceTypeSet",
                here.Architectures.Where(type => Fits(filters, key => key is "instance-type" ? type.Key : null))
                    .Select(type => new XElement(
                        Space + "item",
                        new XElement(Space + "instanceType", type.Key),
                        new XElement(
                            Space + "processorInfo",
                            new XElement(Space + "supportedArchitectures", new XElement(Space + "item", type.Value))
                        )
                    ))
            )
        );
    }

    private string Offerings(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        return Answer(
            "DescribeInstanceTypeOfferings",
            new XElement(
                Space + "instanceTypeOfferingSet",
                here.Architectures.Keys.SelectMany(type => here.Subnets.Select(subnet => (type, subnet.Zone)))
                    .Where(offer => here.Offered(offer.type, offer.Zone))
                    .Where(offer => Fits(filters, key => key is "instance-type" ? offer.type : null))
                    .Select(offer => new XElement(
                        Space + "item",
                        new XElement(Space + "instanceType", offer.type),
                        new XElement(Space + "locationType", "availability-zone"),
                        new XElement(Space + "location", offer.Zone)
                    ))
            )
        );
    }

    private string Vpcs(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        return Answer(
            "DescribeVpcs",
            new XElement(
                Space + "vpcSet",
                here.Subnets.Select(subnet => subnet.Vpc)
                    .Distinct()
                    .Where(_ =>
                        Fits(filters, key => key is "is-default" ? (here.HasDefaultVpc ? "true" : "false") : null)
                    )
                    .Select(vpc => new XElement(Space + "item", new XElement(Space + "vpcId", vpc)))
            )
        );
    }

    private string Subnets(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        return Answer(
            "DescribeSubnets",
            new XElement(
                Space + "subnetSet",
                here.Subnets.Where(subnet =>
                        Fits(
                            filters,
                            key =>
                                key is "subnet-id" ? subnet.Id
                                : key is "vpc-id" ? subnet.Vpc
                                : null
                        )
                    )
                    .Select(subnet => new XElement(
                        Space + "item",
                        new XElement(Space + "subnetId", subnet.Id),
                        new XElement(Space + "vpcId", subnet.Vpc),
                        new XElement(Space + "availabilityZone", subnet.Zone),
                        new XElement(Space + "availableIpAddressCount", subnet.Free),
                        new XElement(Space + "defaultForAz", true)
                    ))
            )
        );
    }

    private string Groups(AwsRegion here, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        var vpc = here.Subnets[0].Vpc;
        return Answer(
            "DescribeSecurityGroups",
            new XElement(
                Space + "securityGroupInfo",
                here.Groups.Where(_ => Fits(filters, key => key is "vpc-id" ? vpc : null))
                    .Select(group => new XElement(
                        Space + "item",
                        new XElement(Space + "groupId", group.Id),
                        new XElement(Space + "groupName", group.Name),
                        new XElement(Space + "vpcId", vpc)
                    ))
            )
        );
    }

    private string Volumes(string region, Dictionary<string, string> form)
    {
        var filters = Filters(form);
        return Answer(
            "DescribeVolumes",
            new XElement(
                Space + "volumeSet",
                Instances
                    .Where(one => one.Region == region)
                    .SelectMany(one => one.Volumes)
                    .Where(volume => volume.State is not "deleted")
                    .Where(volume =>
                        Fits(
                            filters,
                            key =>
                                key switch
                                {
                                    "volume-id" => volume.Id,
                                    "status" => volume.State,
                                    _ => null,
                                },
                            volume.Labels
                        )
                    )
                    .Select(volume => new XElement(
                        Space + "item",
                        new XElement(Space + "volumeId", volume.Id),
                        new XElement(Space + "status", volume.State),
                        new XElement(
                            Space + "attachmentSet",
                            volume.State is "in-use"
                                ? new XElement(
                                    Space + "item",
                                    new XElement(Space + "volumeId", volume.Id),
                                    new XElement(Space + "instanceId", volume.Instance.Id)
                                )
                                : null
                        ),
                        Tags(volume.Labels)
                    ))
            )
        );
    }

    private string DeleteVolume(string region, Dictionary<string, string> form)
    {
        var volume =
            Instances
                .Where(one => one.Region == region)
                .SelectMany(one => one.Volumes)
                .FirstOrDefault(one => one.Id == form["VolumeId"] && one.State is not "deleted")
            ?? throw new AwsRefusalException(
                400,
                "InvalidVolume.NotFound",
                $"The volume '{form["VolumeId"]}' does not exist."
            );
        if (volume.State is "in-use")
            throw new AwsRefusalException(400, "VolumeInUse", $"Volume {volume.Id} is currently attached");
        volume.State = "deleted";
        return Answer("DeleteVolume", new XElement(Space + "return", true));
    }

    private string Console_(string region, Dictionary<string, string> form)
    {
        var instance = Get(region, form["InstanceId"]);
        if (form.ContainsKey("Latest") && !instance.Type.StartsWith('m'))
            throw new AwsRefusalException(
                400,
                "UnsupportedOperation",
                "This instance type does not support retrieving the latest console logs."
            );
        return Answer(
            "GetConsoleOutput",
            new XElement(Space + "instanceId", instance.Id),
            instance.State is "pending"
                ? null
                : new XElement(
                    Space + "output",
                    Convert.ToBase64String(
                        Encoding.UTF8.GetBytes(
                            "[   12.3] cloud-init[900]: -----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 AAAA root@host\n"
                        )
                    )
                )
        );
    }

    private string SpotPrices(string region, AwsRegion here, Dictionary<string, string> form) =>
        Answer(
            "DescribeSpotPriceHistory",
            new XElement(
                Space + "spotPriceHistorySet",
                here.Subnets.Select(
                    (subnet, index) =>
                        new XElement(
                            Space + "item",
                            new XElement(Space + "instanceType", form["InstanceType.1"]),
                            new XElement(Space + "productDescription", "Linux/UNIX"),
                            new XElement(
                                Space + "spotPrice",
                                (here.SpotPrice + (index * 0.001m)).ToString(CultureInfo.InvariantCulture)
                            ),
                            new XElement(Space + "timestamp", "2026-01-01T00:00:00.000Z"),
                            new XElement(Space + "availabilityZone", subnet.Zone)
                        )
                )
            )
        );
}
