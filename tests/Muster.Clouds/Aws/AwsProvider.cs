// Follows boto/botocore, data/ec2/2016-11-15/service-2.json and data/pricing/2017-10-15/service-2.json, with the codes
// of the EC2 developer guide.
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Muster.Clouds.Aws;

/// <summary>
/// EC2 as its own SDK speaks to it: forms in, XML out, every request signed. All regions are behind one address; which
/// one is meant stands in the signature. The price list is there too.
/// </summary>
public sealed partial class AwsProvider : IProvider
{
    public const string AccessKey = "AKIAMUSTERSTANDIN001";
    public const string SecretKey = "standin/secret+key/of/forty/characters+00";
    private static readonly XNamespace Space = "http://ec2.amazonaws.com/doc/2016-11-15/";

    private readonly World _world;
    private readonly Dictionary<(string Region, string Token), AwsInstance> _tokens = [];
    private readonly Dictionary<string, string> _parameters = [];

    public AwsProvider(World world)
    {
        _world = world;
        foreach (var region in (string[])["us-west-2", "eu-central-1"])
        {
            Regions[region] = new([
                .. ((string[])["a", "b", "c"]).Select(
                    (letter, index) =>
                        new AwsSubnet($"subnet-{region}-{letter}", $"vpc-{region}", $"{region}{letter}", 250 - index)
                ),
            ]);
        }
    }

    public string Name => "aws";
    public Dictionary<string, AwsRegion> Regions { get; } = [];

    /// <summary>For so long after its creation an instance is not found.</summary>
    public TimeSpan Lag { get; set; } = TimeSpan.Zero;
    public TimeSpan Boot { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The permission that the key lacks, such as <c>RunInstances</c>.</summary>
    public HashSet<string> Forbidden { get; } = [];

    /// <summary>How many instances a page has at most.</summary>
    public int PageSize { get; set; } = 1000;

    public IEnumerable<AwsInstance> Instances => _world.Machines.OfType<AwsInstance>();

    /// <summary>Seconds between its clock and that of the world.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>All go to one address; which call it is stands in the form.</summary>
    public string Describe(HttpRequest request, string body) =>
        request.Headers.TryGetValue("X-Amz-Target", out var target)
            ? $"{request.Method} {target}"
            : $"{request.Method} {Form(body).GetValueOrDefault("Action")}{(body.Contains("DryRun=true", StringComparison.Ordinal) ? " dry" : "")}";

    public void Map(IEndpointRouteBuilder app) => app.Map("/{**rest}", (RequestDelegate)AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        context.Response.Headers.Date = (_world.Now + ClockOffset).ToString("R", CultureInfo.InvariantCulture);
        string answer;
        lock (_world.Lock)
        {
            try
            {
                var region = AwsSignatureCheck.RegionOf(context.Request, body, AccessKey, SecretKey);
                answer = context.Request.Headers.ContainsKey("X-Amz-Target")
                    ? AwsPriceList.Answer(body, Regions)
                    : Carry(region, Form(body));
                context.Response.ContentType = context.Request.Headers.ContainsKey("X-Amz-Target")
                    ? "application/x-amz-json-1.1"
                    : "text/xml;charset=UTF-8";
            }
            catch (AwsRefusalException refusal)
            {
                context.Response.StatusCode = refusal.Status;
                context.Response.ContentType = "text/xml;charset=UTF-8";
                answer = new XDocument(
                    new XElement(
                        "Response",
                        new XElement(
                            "Errors",
                            new XElement(
                                "Error",
                                new XElement("Code", refusal.Code),
                                new XElement("Message", refusal.Message)
                            )
                        ),
                        new XElement("RequestID", RequestId())
                    )
                ).ToString();
            }
        }
        await context.Response.WriteAsync(answer);
    }

    private string RequestId() => _world.NextUuid().ToString();

    private static Dictionary<string, string> Form(string body) =>
        body.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(
                pair => Uri.UnescapeDataString(pair[0]),
                pair => Uri.UnescapeDataString(pair.Length > 1 ? pair[1].Replace('+', ' ') : "")
            );

    private string Carry(string region, Dictionary<string, string> form)
    {
        var action = form["Action"];
        if (form["Version"] != "2016-11-15")
            throw new AwsRefusalException(400, "InvalidParameterValue", "Version");
        if (_world.Faults.Draw($"code {action}") is not null)
            throw Planned ?? new AwsRefusalException(503, "RequestLimitExceeded", "Request limit exceeded.");
        if (Forbidden.Contains(action))
            throw new AwsRefusalException(
                403,
                "UnauthorizedOperation",
                $"You are not authorized to perform this operation. User: arn:aws:iam::1:user/muster is not authorized "
                    + $"to perform: ec2:{action}. Encoded authorization failure message: 4nqVX-EncodedEncodedEncoded"
            );
        if (!Regions.TryGetValue(region, out var here))
            throw new AwsRefusalException(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials"
            );
        Tick();
        return action switch
        {
            "RunInstances" => Run(region, here, form),
            "DescribeInstances" => Instances_(region, form),
            "TerminateInstances" => Terminate(region, form),
            "DescribeImages" => Images(here, form),
            "DescribeInstanceTypes" => Types(here, form),
            "DescribeInstanceTypeOfferings" => Offerings(here, form),
            "DescribeVpcs" => Vpcs(here, form),
            "DescribeSubnets" => Subnets(here, form),
            "DescribeSecurityGroups" => Groups(here, form),
            "DescribeVolumes" => Volumes(region, form),
            "DeleteVolume" => DeleteVolume(region, form),
            "DescribeAddresses" => Answer(action, new XElement(Space + "addressesSet")),
            "GetConsoleOutput" => Console_(region, form),
            "DescribeSpotPriceHistory" => SpotPrices(region, here, form),
            _ => throw new AwsRefusalException(
                400,
                "InvalidAction",
                $"The action {action} is not valid for this web service."
            ),
        };
    }

    /// <summary>What is refused when the plan says so: see <c>Faults.Next("code RunInstances", …)</c>.</summary>
    public AwsRefusalException? Planned { get; set; }

    /// <summary>Brings all instances to where they are by now.</summary>
    private void Tick()
    {
        foreach (var instance in Instances)
        {
            var age = _world.Now - instance.Created;
            if (instance.State == "pending" && instance.StillBorn is { } reason && age > TimeSpan.FromSeconds(5))
                End(instance, reason);
            if (instance.State == "pending" && age >= Boot)
            {
                instance.State = "running";
                instance.Address = $"203.0.113.{(instance.Number % 250) + 1}";
                _world.Bill.Start(
                    Name,
                    instance.Id,
                    Regions[instance.Region].Prices.GetValueOrDefault(instance.Type, 0.1m),
                    "USD",
                    instance.Created + Boot,
                    TimeSpan.FromSeconds(1),
                    TimeSpan.FromSeconds(60)
                );
            }
            if (instance.State == "shutting-down" && _world.Now >= instance.EndsAt)
            {
                instance.State = "terminated";
                instance.Gone = instance.EndsAt;
                foreach (var volume in instance.Volumes)
                    volume.State = volume.DeleteOnTermination ? "deleted" : "available";
            }
        }
    }

    private void End(AwsInstance instance, string reason)
    {
        instance.State = "shutting-down";
        instance.Reason = reason;
        instance.EndsAt = _world.Now + TimeSpan.FromSeconds(10);
        _world.Bill.Stop(Name, instance.Id, _world.Now);
    }

    /// <summary>As from inside: the machine's own power-off.</summary>
    public void ShutDown(AwsInstance instance)
    {
        lock (_world.Lock)
        {
            if (instance.ShutdownBehavior == "terminate")
            {
                End(instance, "Client.InstanceInitiatedShutdown");
                return;
            }
            instance.State = "stopped";
            _world.Bill.Stop(Name, instance.Id, _world.Now);
        }
    }

    /// <summary>AWS wants a spot instance back.</summary>
    public void TakeBack(AwsInstance instance)
    {
        lock (_world.Lock)
            End(instance, "Server.SpotInstanceTermination");
    }

    private string Run(string region, AwsRegion here, Dictionary<string, string> form)
    {
        string? Get(string key) => form.GetValueOrDefault(key);
        string Need(string key) =>
            Get(key)
            ?? throw new AwsRefusalException(400, "MissingParameter", $"The request must contain the parameter {key}");

        var (image, type) = (Need("ImageId"), Need("InstanceType"));
        if (Need("MinCount") != "1" || Need("MaxCount") != "1")
            throw new AwsRefusalException(400, "InvalidParameterValue", "MinCount");
        if (here.Images.Find(one => one.Id == image) is not { } found)
            throw new AwsRefusalException(400, "InvalidAMIID.NotFound", $"The image id '[{image}]' does not exist");
        if (Get("SubnetId") is not null || Get("SecurityGroupId.1") is not null)
            throw new AwsRefusalException(
                400,
                "InvalidParameterCombination",
                "Network interfaces and an instance-level subnet ID may not be specified on the same request"
            );
        var subnet =
            here.Subnets.Find(one => one.Id == Need("NetworkInterface.1.SubnetId"))
            ?? throw new AwsRefusalException(
                400,
                "InvalidSubnetID.NotFound",
                $"The subnet ID '{Get("NetworkInterface.1.SubnetId")}' does not exist"
            );
        if (Get("NetworkInterface.1.SecurityGroupId.1") is { } group && !here.Groups.Exists(one => one.Id == group))
            throw new AwsRefusalException(400, "InvalidGroup.NotFound", $"The security group '{group}' does not exist");
        var userData = Convert.FromBase64String(Get("UserData") ?? "");
        if (userData.Length > 16384)
            throw new AwsRefusalException(400, "InvalidParameterValue", "User data is limited to 16384 bytes");
        if (Get("BlockDeviceMapping.1.Ebs.VolumeSize") is { } size && int.Parse(size) < found.DiskGb)
            throw new AwsRefusalException(
                400,
                "InvalidBlockDeviceMapping",
                $"Volume of size {size}GB is smaller than snapshot, expect size >= {found.DiskGb}GB"
            );
        var spot = Get("InstanceMarketOptions.MarketType") == "spot";
        var tagged = Enumerable.Range(1, 4).Select(n => Get($"TagSpecification.{n}.ResourceType")).ToList();
        if (tagged.Contains("spot-instances-request") && !spot)
            throw new AwsRefusalException(400, "InvalidParameterValue", "spot-instances-request");

        if (Get("DryRun") == "true")
            throw new AwsRefusalException(
                412,
                "DryRunOperation",
                "Request would have succeeded, but DryRun flag is set."
            );

        var token = Need("ClientToken");
        var parameters = string.Join('&', form.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        if (_tokens.TryGetValue((region, token), out var known))
        {
            return _parameters[token] == parameters
                ? Answer("RunInstances", Reservation(known, "instancesSet").Elements())
                : throw new AwsRefusalException(
                    400,
                    "IdempotentParameterMismatch",
                    "The client token you have provided is associated with a resource that is already deleted or "
                        + "with other parameters."
                );
        }
        if (!here.Offered(type, subnet.Zone))
            throw new AwsRefusalException(
                400,
                "Unsupported",
                $"Your requested instance type ({type}) is not supported in your requested Availability Zone "
                    + $"({subnet.Zone}). Please retry your request by not specifying an Availability Zone or choosing "
                    + string.Join(", ", here.Subnets.Select(one => one.Zone).Where(zone => here.Offered(type, zone)))
            );
        if (
            spot
            && Get("InstanceMarketOptions.SpotOptions.MaxPrice") is { } most
            && decimal.Parse(most, CultureInfo.InvariantCulture) < here.SpotPrice
        )
            throw new AwsRefusalException(
                400,
                "SpotMaxPriceTooLow",
                $"Your Spot request price of {most} is lower than the minimum required Spot request fulfillment price "
                    + $"of {here.SpotPrice.ToString(CultureInfo.InvariantCulture)}."
            );
        if (here.SoldOut.Contains((type, subnet.Zone)))
            throw new AwsRefusalException(
                500,
                "InsufficientInstanceCapacity",
                $"We currently do not have sufficient {type} capacity in the Availability Zone you requested "
                    + $"({subnet.Zone})."
            );
        if (Instances.Count(one => one.Region == region && one.Gone is null) >= here.Quota)
            throw new AwsRefusalException(
                400,
                "VcpuLimitExceeded",
                "You have requested more vCPU capacity than your current vCPU limit of 32 allows."
            );

        var number = (int)(_world.NextId() % 100_000);
        var labels = new Dictionary<string, string>();
        for (var n = 1; Get($"TagSpecification.1.Tag.{n}.Key") is { } key; n++)
            labels[key] = Get($"TagSpecification.1.Tag.{n}.Value") ?? "";
        var instance = new AwsInstance
        {
            Provider = Name,
            Id = $"i-{number:x17}",
            Number = number,
            Name = labels.GetValueOrDefault("Name", ""),
            Type = type,
            Place = subnet.Zone,
            Region = region,
            Subnet = subnet.Id,
            Created = _world.Now,
            State = "pending",
            UserData = Encoding.UTF8.GetString(userData),
            Labels = labels,
            Token = token,
            Spot = spot,
            ShutdownBehavior = Get("InstanceInitiatedShutdownBehavior") ?? "stop",
            StillBorn = _world.Faults.Draw("birth") is null ? null : "Server.InternalError",
        };
        var device = Get("BlockDeviceMapping.1.DeviceName") ?? found.RootDevice;
        var keep = Get("BlockDeviceMapping.1.Ebs.DeleteOnTermination") != "true";
        if (device != found.RootDevice)
            instance.Volumes.Add(NewVolume(instance, found.RootDevice, keep: false, tagged.Contains("volume")));
        instance.Volumes.Add(NewVolume(instance, device, keep, tagged.Contains("volume")));
        _world.Machines.Add(instance);
        _tokens[(region, token)] = instance;
        _parameters[token] = parameters;
        return Answer("RunInstances", Reservation(instance, "instancesSet").Elements());
    }

    private AwsVolume NewVolume(AwsInstance instance, string device, bool keep, bool tagged) =>
        new()
        {
            Id = $"vol-{_world.NextId():x17}",
            Instance = instance,
            Device = device,
            DeleteOnTermination = !keep,
            Labels = tagged ? instance.Labels : new Dictionary<string, string>(),
        };

    private bool Seen(AwsInstance instance) => _world.Now - instance.Created >= Lag;

    private static XElement Reservation(AwsInstance instance, string set) =>
        new(
            Space + "item",
            new XElement(Space + "reservationId", $"r-{instance.Number:x17}"),
            new XElement(Space + "ownerId", "1"),
            new XElement(Space + set, Item(instance))
        );

    private static XElement Item(AwsInstance instance) =>
        new(
            Space + "item",
            new XElement(Space + "instanceId", instance.Id),
            new XElement(Space + "imageId", "ami-1"),
            new XElement(
                Space + "instanceState",
                new XElement(Space + "code", 16),
                new XElement(Space + "name", instance.State)
            ),
            new XElement(Space + "instanceType", instance.Type),
            new XElement(Space + "clientToken", instance.Token),
            new XElement(
                Space + "launchTime",
                instance.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.000'Z'", CultureInfo.InvariantCulture)
            ),
            new XElement(Space + "placement", new XElement(Space + "availabilityZone", instance.Place)),
            new XElement(Space + "privateIpAddress", $"172.31.0.{(instance.Number % 250) + 1}"),
            instance.Address is { } address && instance.State != "terminated"
                ? new XElement(Space + "ipAddress", address)
                : null,
            instance.Spot ? new XElement(Space + "instanceLifecycle", "spot") : null,
            instance.Reason is { } reason
                ? new XElement(
                    Space + "stateReason",
                    new XElement(Space + "code", reason),
                    new XElement(Space + "message", reason)
                )
                : null,
            // The ids of the disks are there some seconds later.
            instance.State
                is "pending"
                ? null
                : new XElement(
                    Space + "blockDeviceMapping",
                    instance
                        .Volumes.Where(volume => volume.State == "in-use")
                        .Select(volume => new XElement(
                            Space + "item",
                            new XElement(Space + "deviceName", volume.Device),
                            new XElement(
                                Space + "ebs",
                                new XElement(Space + "volumeId", volume.Id),
                                new XElement(Space + "status", "attached"),
                                new XElement(Space + "deleteOnTermination", volume.DeleteOnTermination)
                            )
                        ))
                ),
            Tags(instance.Labels)
        );

    private static XElement Tags(IReadOnlyDictionary<string, string> labels) =>
        new(
            Space + "tagSet",
            labels.Select(label => new XElement(
                Space + "item",
                new XElement(Space + "key", label.Key),
                new XElement(Space + "value", label.Value)
            ))
        );

    private string Answer(string action, params object?[] content) =>
        new XDocument(
            new XElement(Space + $"{action}Response", new XElement(Space + "requestId", RequestId()), content)
        ).ToString();

    private static Dictionary<string, List<string>> Filters(Dictionary<string, string> form)
    {
        var filters = new Dictionary<string, List<string>>();
        for (var n = 1; form.TryGetValue($"Filter.{n}.Name", out var name); n++)
        {
            filters[name] = [];
            for (var m = 1; form.TryGetValue($"Filter.{n}.Value.{m}", out var value); m++)
                filters[name].Add(value);
        }
        return filters;
    }

    /// <summary>All filters hold; one that is not known here is a fault of the stand-in's, not "no match".</summary>
    private static bool Fits(
        Dictionary<string, List<string>> filters,
        Func<string, string?> valueOf,
        IReadOnlyDictionary<string, string>? labels = null
    ) =>
        filters.All(filter =>
            filter.Key.StartsWith("tag:", StringComparison.Ordinal)
                ? labels!.TryGetValue(filter.Key[4..], out var label) && filter.Value.Contains(label)
                : (
                    valueOf(filter.Key)
                    ?? throw new AwsRefusalException(
                        400,
                        "InvalidParameterValue",
                        $"The filter '{filter.Key}' is invalid"
                    )
                )
                    is var value
                    && filter.Value.Exists(wanted => Like(value, wanted))
        );

    private static bool Like(string value, string wanted) =>
        wanted.EndsWith('*')
            ? value.StartsWith(wanted[..^1], StringComparison.Ordinal)
            : value.Split(',').Contains(wanted);

    private string Instances_(string region, Dictionary<string, string> form)
    {
        var ids = Enumerable
            .Range(1, 100)
            .Select(n => form.GetValueOrDefault($"InstanceId.{n}"))
            .OfType<string>()
            .ToList();
        if (ids.Count > 0 && form.ContainsKey("MaxResults"))
            throw new AwsRefusalException(
                400,
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults"
            );
        var shown = Instances
            .Where(one => one.Region == region && Seen(one))
            .Where(one => one.Gone is null || _world.Now - one.Gone < TimeSpan.FromHours(1))
            .ToList();
        foreach (var id in ids)
        {
            if (!shown.Exists(one => one.Id == id))
                throw new AwsRefusalException(
                    400,
                    "InvalidInstanceID.NotFound",
                    $"The instance ID '{id}' does not exist"
                );
        }
        var filters = Filters(form);
        var fit = shown
            .Where(one => ids.Count == 0 || ids.Contains(one.Id))
            .Where(one =>
                Fits(
                    filters,
                    key =>
                        key switch
                        {
                            "client-token" => one.Token,
                            "instance-state-name" => one.State,
                            _ => null,
                        },
                    one.Labels
                )
            )
            .ToList();
        var from = form.TryGetValue("NextToken", out var token) ? int.Parse(token) : 0;
        return Answer(
            "DescribeInstances",
            new XElement(
                Space + "reservationSet",
                fit.Skip(from).Take(PageSize).Select(one => Reservation(one, "instancesSet"))
            ),
            fit.Count > from + PageSize ? new XElement(Space + "nextToken", from + PageSize) : null
        );
    }

    private AwsInstance Get(string region, string id) =>
        Instances.FirstOrDefault(one => one.Region == region && one.Id == id && Seen(one))
        ?? throw new AwsRefusalException(400, "InvalidInstanceID.NotFound", $"The instance ID '{id}' does not exist");

    private string Terminate(string region, Dictionary<string, string> form)
    {
        var instance = Get(region, form["InstanceId.1"]);
        if (instance.Protected)
            throw new AwsRefusalException(
                400,
                "OperationNotPermitted",
                $"The instance '{instance.Id}' may not be terminated. Modify its 'disableApiTermination' attribute."
            );
        if (instance.State is not ("shutting-down" or "terminated"))
            End(instance, "Client.UserInitiatedShutdown");
        return Answer(
            "TerminateInstances",
            new XElement(
                Space + "instancesSet",
                new XElement(Space + "item", new XElement(Space + "instanceId", instance.Id))
            )
        );
    }
}
