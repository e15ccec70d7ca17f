using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;

namespace Muster.Sites.Clouds.Aws;

/// <summary>An order as the request that makes the machine.</summary>
internal static class AwsOrder
{
    /// <summary>What EC2 takes as user data, before it is written as base64.</summary>
    public const int MostUserData = 16_384;

    /// <summary>
    /// Sent again with the same order, it gives the same machine; an attempt after it must not, as EC2 goes on
    /// answering with the old one after its end.
    /// </summary>
    public static string Token(MachineOrder order)
    {
        var what = $"{order.Id:N} {order.Attempt} {AwsPlace.Get(order.Place).Region} {order.Type} {order.Place}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)))[..32];
    }

    public static RunInstancesRequest Request(MachineOrder order, AwsSettings settings, AwsGround.Spot spot)
    {
        var tags = CloudMarks
            .Labels(order)
            .Append(KeyValuePair.Create("Name", order.Name))
            .Select(label => new Tag(label.Key, label.Value))
            .ToList();
        ResourceType[] marked =
        [
            ResourceType.Instance,
            ResourceType.Volume,
            ResourceType.NetworkInterface,
            .. order.Spot ? [ResourceType.SpotInstancesRequest] : Array.Empty<ResourceType>(),
        ];
        return new()
        {
            ClientToken = Token(order),
            ImageId = spot.Image.ImageId,
            InstanceType = InstanceType.FindValue(order.Type),
            MinCount = 1,
            MaxCount = 1,
            BlockDeviceMappings =
            [
                new()
                {
                    // Under another name it would be a second, empty disk.
                    DeviceName = settings.RootDevice ?? spot.Image.RootDeviceName,
                    Ebs = new()
                    {
                        VolumeSize = order.DiskGb,
                        VolumeType = VolumeType.FindValue(settings.VolumeType),
                        DeleteOnTermination = true,
                        Encrypted = settings.Encrypted,
                    },
                },
            ],
            NetworkInterfaces =
            [
                new()
                {
                    DeviceIndex = 0,
                    SubnetId = spot.Subnet,
                    Groups = spot.Groups.Count > 0 ? [.. spot.Groups] : null,
                    AssociatePublicIpAddress = settings.PublicAddress,
                    DeleteOnTermination = true,
                },
            ],
            UserData = Convert.ToBase64String(Encoding.UTF8.GetBytes(order.UserData)),
            // Else a lease that ends inside leaves a stopped machine, whose disk goes on costing.
            InstanceInitiatedShutdownBehavior = ShutdownBehavior.Terminate,
            MetadataOptions = new()
            {
                HttpTokens = HttpTokensState.Required,
                HttpPutResponseHopLimit = settings.MetadataHops,
                HttpEndpoint = InstanceMetadataEndpointState.Enabled,
            },
            IamInstanceProfile = settings.Role switch
            {
                null => null,
                var role when role.StartsWith("arn:", StringComparison.Ordinal) => new() { Arn = role },
                var role => new() { Name = role },
            },
            KeyName = settings.KeyPair,
            Monitoring = settings.Monitoring ? true : null,
            EbsOptimized = settings.EbsOptimized,
            InstanceMarketOptions = order.Spot
                ? new()
                {
                    MarketType = MarketType.Spot,
                    SpotOptions = new()
                    {
                        SpotInstanceType = SpotInstanceType.OneTime,
                        InstanceInterruptionBehavior = InstanceInterruptionBehavior.Terminate,
                        MaxPrice = order.SpotPrice?.ToString(CultureInfo.InvariantCulture),
                    },
                }
                : null,
            TagSpecifications =
            [
                .. marked.Select(kind => new TagSpecification { ResourceType = kind, Tags = [.. tags] }),
            ],
        };
    }
}
