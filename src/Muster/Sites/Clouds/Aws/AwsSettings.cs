namespace Muster.Sites.Clouds.Aws;

/// <summary>What a site says of AWS EC2, its <c>options</c> read.</summary>
internal sealed record AwsSettings
{
    /// <summary>Regions such as <c>us-west-2</c>, or single zones such as <c>us-west-2a</c>.</summary>
    public required IReadOnlyList<string> Places { get; init; }

    /// <summary>The types that the site uses: what is checked, and what has a price.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>
    /// An AMI's id, or the name of one of ours or Amazon's, which may hold <c>*</c>: the newest is taken.
    /// </summary>
    public string Image { get; init; } = "";

    /// <summary>Without keys: those of the environment, the profile, or the machine's role.</summary>
    public Secret? AccessKey { get; init; }
    public Secret? SecretKey { get; init; }
    public Secret? SessionToken { get; init; }

    /// <summary>A profile of the shared credentials file.</summary>
    public string? Profile { get; init; }

    /// <summary>A region's default VPC when this is empty.</summary>
    public string? Vpc { get; init; }

    /// <summary>Ids, of as many regions as the site has; in each, those that it knows are taken.</summary>
    public IReadOnlyList<string> Subnets { get; init; } = [];

    /// <summary>Names or ids, as <see cref="Subnets"/>.</summary>
    public IReadOnlyList<string> SecurityGroups { get; init; } = [];

    /// <summary>The name or ARN of the instance profile.</summary>
    public string? Role { get; init; }

    /// <summary>Machines get a public address. Each costs, also while it is used.</summary>
    public bool PublicAddress { get; init; } = true;
    public bool Monitoring { get; init; }
    public bool? EbsOptimized { get; init; }

    /// <summary>A key pair of the account; not needed, as our key comes with the user data.</summary>
    public string? KeyPair { get; init; }
    public string VolumeType { get; init; } = "gp3";

    /// <summary>Where it is not the image's own.</summary>
    public string? RootDevice { get; init; }
    public bool? Encrypted { get; init; }

    /// <summary>2 lets containers reach the metadata, and so the machine's role.</summary>
    public int MetadataHops { get; init; } = 1;

    /// <summary>The site starts spot instances, so that they are looked at by <c>check</c>.</summary>
    public bool Spot { get; init; }

    /// <summary>The disk of a machine, in GB, where it is not the image's; for its price.</summary>
    public int? DiskGb { get; init; }

    /// <summary>Per hour, where AWS's own prices are not to be asked.</summary>
    public decimal? Price { get; init; }
    public string? Currency { get; init; }

    /// <summary>The address of EC2, and of the price list, where it is not Amazon's own.</summary>
    public Uri? Endpoint { get; init; }

    public static AwsSettings Of(CloudSettings site)
    {
        var options = new CloudOptions(site);
        return new()
        {
            Places = site.Places,
            Types = [.. site.Machines.Select(size => size.Type).Distinct()],
            Image = site.Image,
            AccessKey = site.AccessKey,
            SecretKey = site.SecretKey,
            SessionToken = site.SessionToken,
            Profile = site.Profile,
            Vpc = site.Vpc,
            Subnets = site.Subnets,
            SecurityGroups = site.SecurityGroups,
            Role = site.Role,
            PublicAddress = options.Flag("public-ip") ?? site.Address is MachineAddress.Public,
            Monitoring = options.Flag("monitoring") ?? false,
            EbsOptimized = options.Flag("ebs-optimized"),
            KeyPair = site.SshKeys.Count > 0 ? site.SshKeys[0] : null,
            VolumeType = options.Text("volume-type") ?? "gp3",
            RootDevice = options.Text("root-device"),
            Encrypted = options.Flag("encrypted"),
            MetadataHops = options.Number("metadata-hops") ?? 1,
            Spot = site.Spot,
            DiskGb = site.DiskGb ?? site.Machines.Max(size => size.DiskGb),
            Price = site.Price,
            Currency = site.Currency,
            Endpoint = site.Endpoint,
        };
    }
}
