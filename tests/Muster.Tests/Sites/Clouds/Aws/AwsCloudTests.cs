using Muster.Clouds;
using Muster.Clouds.Aws;
using Muster.Sites.Clouds.Aws;

namespace Muster.Sites.Clouds;

/// <summary>The real SDK against a stand-in that speaks EC2's own form.</summary>
public sealed class AwsCloudTests : IAsyncLifetime
{
    private const string Region = "us-west-2";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly SetTime _clock = new();
    private readonly World _world;
    private readonly AwsProvider _aws;
    private StandIn _server = null!;
    private AwsCloud _cloud = null!;

    public AwsCloudTests()
    {
        _world = new(_clock, seed: 1);
        _aws = new(_world);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _aws);
        _cloud = Cloud();
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
    }

    private AwsCloud Cloud(Func<CloudSettings, CloudSettings>? change = null)
    {
        var settings = new CloudSettings
        {
            Site = "burst",
            Provider = CloudProvider.Aws,
            Folder = "/",
            Machines = [new(null, "m7i.large")],
            Limit = 5,
            Places = [Region],
            Image = $"ami-vpc-{Region}",
            Endpoint = _server.Address,
            AccessKey = new(AwsProvider.AccessKey, "AWS_ACCESS_KEY_ID"),
            SecretKey = new(AwsProvider.SecretKey, "AWS_SECRET_ACCESS_KEY"),
            SecurityGroups = ["muster"],
        };
        settings = change?.Invoke(settings) ?? settings;
        return new(settings, new Redactor(settings.Secrets), _clock);
    }

    private static MachineOrder Order(string place = Region) =>
        CloudOrders.New(place, "m7i.large", $"ami-vpc-{Region}") with
        {
            DiskGb = 20,
        };

    private async Task<CloudMachine> MadeAsync(MachineOrder order) =>
        Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(order, Ct)).Machine;

    private async Task<CloudException> RefusedAsync(MachineOrder order, AwsCloud? cloud = null) =>
        Assert.IsType<CreateAnswer.Refused>(await (cloud ?? _cloud).CreateAsync(order, Ct)).Fault;

    private void Refuse(string action, int status, string code, string message = "no")
    {
        _aws.Planned = new(status, code, message);
        _world.Faults.Next($"code {action}", Stumble.Own);
    }

    [Fact]
    public async Task A_machine_is_made_seen_and_destroyed_with_all_of_it()
    {
        var order = Order();
        var made = await MadeAsync(order);

        Assert.Equal(
            (order.Name, CloudState.Starting, order.Fleet, order.Id),
            (made.Name, made.State, made.Fleet, made.Order)
        );
        Assert.Equal(order.Until, made.Until);
        var sent = Assert.Single(_aws.Instances);
        Assert.Equal(order.UserData, sent.UserData);
        Assert.Equal("survey", sent.Labels["team"]);
        Assert.Equal("terminate", sent.ShutdownBehavior);

        _clock.Pass(TimeSpan.FromSeconds(30));
        var running = Assert.IsType<CloudMachine>(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.Equal(CloudState.Running, running.State);
        Assert.NotNull(running.PublicAddress);
        Assert.NotNull(running.PrivateAddress);
        Assert.Equal("volume", Assert.Single(running.Parts).Kind);
        Assert.Equal(made.Id, Assert.Single((await _cloud.ListAsync(order.Fleet, [], Ct)).Machines).Id);

        _clock.Pass(TimeSpan.FromMinutes(20));
        Assert.False(await _cloud.DestroyAsync(running, Ct));
        Assert.False(await _cloud.DestroyAsync(running, Ct)); // it is shutting down
        Assert.Equal(1, _world.Count("aws", "POST TerminateInstances"));
        _clock.Pass(TimeSpan.FromSeconds(11));
        Assert.True(await _cloud.DestroyAsync(running, Ct));
        Assert.Null(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.Empty((await _cloud.ListAsync(order.Fleet, [], Ct)).Machines);
        Assert.Empty(_world.Bill.Running("aws"));
    }

    /// <summary>By itself the SDK sends a request whose connection breaks eleven times.</summary>
    [Theory]
    [InlineData(Stumble.CutBefore, 0)]
    [InlineData(Stumble.CutAfter, 1)]
    [InlineData(Stumble.CutWithin, 1)]
    [InlineData(Stumble.Status500, 0)]
    [InlineData(Stumble.Status502, 0)]
    [InlineData(Stumble.Status503, 0)]
    [InlineData(Stumble.Status504, 0)]
    public async Task A_create_that_stumbles_is_sent_once_and_doubtful(Stumble stumble, int made)
    {
        _world.Faults.Next("POST RunInstances", stumble);
        var order = Order();

        Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(order, Ct));

        Assert.Equal(1, _world.Count("aws", "POST RunInstances"));
        Assert.Equal(made, _aws.Instances.Count());
        var found = await _cloud.FindAsync(order, Ct);
        Assert.Equal(made == 1, found is FindAnswer.Made);
        Assert.Equal(made == 0, found is FindAnswer.Absent);
        // The same attempt again gives the same machine, or the first.
        await MadeAsync(order);
        Assert.Single(_aws.Instances);
    }

    [Fact]
    public async Task An_attempt_with_other_parameters_is_proof_of_the_first_and_another_attempt_is_another_machine()
    {
        var order = Order();
        var first = await MadeAsync(order);

        Assert.Equal(first.Id, (await MadeAsync(order with { UserData = "#cloud-config\n{\"x\":1}" })).Id);
        Assert.NotEqual(first.Id, (await MadeAsync(order with { Attempt = 2 })).Id);
    }

    [Fact]
    public async Task A_token_that_answers_with_a_machine_that_was_terminated_makes_none()
    {
        var order = Order();
        var made = await MadeAsync(order);
        await _cloud.DestroyAsync(made, Ct);
        _clock.Pass(TimeSpan.FromMinutes(1));
        await _cloud.GetAsync(Region, made.Id, Ct);

        Assert.Equal(CloudFault.Gone, (await RefusedAsync(order)).Fault);
        Assert.IsType<FindAnswer.Absent>(await _cloud.FindAsync(order, Ct));
    }

    [Fact]
    public async Task The_root_device_is_the_images_own_and_there_is_no_second_disk()
    {
        await MadeAsync(Order());

        Assert.Equal("/dev/xvda", Assert.Single(Assert.Single(_aws.Instances).Volumes).Device);
    }

    [Fact]
    public async Task Spot_is_asked_for_with_its_price_and_too_low_a_price_is_a_lack_of_stock()
    {
        var order = Order() with { Spot = true, SpotPrice = 0.1m };
        await MadeAsync(order);
        Assert.True(Assert.Single(_aws.Instances).Spot);

        var refused = await RefusedAsync(Order() with { Spot = true, SpotPrice = 0.001m });
        Assert.Equal((CloudFault.OutOfStock, "SpotMaxPriceTooLow"), (refused.Fault, refused.Code));
    }

    [Fact]
    public async Task A_spot_machine_that_is_taken_back_says_so()
    {
        var made = await MadeAsync(Order() with { Spot = true });
        _aws.TakeBack(_aws.Instances.Single());

        var seen = await _cloud.GetAsync(Region, made.Id, Ct);
        Assert.Equal(CloudState.Deleting, seen?.State);
        Assert.Contains("Server.SpotInstanceTermination", seen?.Word);
    }

    [Fact]
    public async Task A_lease_that_ends_inside_ends_the_bill_and_the_disks()
    {
        await MadeAsync(Order());
        _clock.Pass(TimeSpan.FromMinutes(1));
        await _cloud.ListAsync(CloudOrders.Fleet, [], Ct);
        _aws.ShutDown(_aws.Instances.Single());
        _clock.Pass(TimeSpan.FromMinutes(1));

        var listing = await _cloud.ListAsync(CloudOrders.Fleet, [], Ct);
        Assert.Empty(listing.Machines);
        Assert.Empty(listing.Leftovers);
        Assert.Empty(_world.Bill.Running("aws"));
    }

    [Fact]
    public async Task A_zone_without_stock_is_followed_by_the_next_of_the_region_in_the_next_attempt()
    {
        _aws.Regions[Region].SoldOut.Add(("m7i.large", "us-west-2a"));
        var order = Order();

        var refused = await RefusedAsync(order);
        Assert.Equal((CloudFault.OutOfStock, "InsufficientInstanceCapacity"), (refused.Fault, refused.Code));
        // It is a 500, which the SDK by itself would ask for three times.
        Assert.Equal(1, _world.Count("aws", "POST RunInstances"));
        await MadeAsync(order with { Attempt = 2 });
        Assert.Equal("us-west-2b", _aws.Instances.Single().Place);
    }

    [Fact]
    public async Task A_type_is_only_asked_for_where_it_is_offered()
    {
        _aws.Regions[Region].NotOffered.Add(("m7i.large", "us-west-2a"));
        await MadeAsync(Order());
        Assert.Equal("us-west-2b", _aws.Instances.Single().Place);

        var refused = await RefusedAsync(Order("us-west-2a"));
        Assert.Equal(CloudFault.NotHere, refused.Fault);
        Assert.Contains("us-west-2b, us-west-2c", refused.Message);
        Assert.Equal(CloudFault.NotHere, (await RefusedAsync(Order() with { Type = "m99.huge" })).Fault);
    }

    [Fact]
    public async Task Each_region_has_its_own_machines_and_a_list_asks_all_of_them()
    {
        using var both = Cloud(site => site with { Places = [Region, "eu-central-1"], Image = "ubuntu-24.04-*" });
        var order = Order() with { Image = "ubuntu-24.04-*" };
        Assert.IsType<CreateAnswer.Made>(await both.CreateAsync(order, Ct));
        Assert.IsType<CreateAnswer.Made>(
            await both.CreateAsync(order with { Attempt = 2, Place = "eu-central-1" }, Ct)
        );

        var listing = await both.ListAsync(order.Fleet, [], Ct);
        Assert.Equal([Region, "eu-central-1"], listing.Machines.Select(machine => machine.Place));
        // This site knows one region, and is told of the other.
        Assert.Single((await _cloud.ListAsync(order.Fleet, [], Ct)).Machines);
        Assert.Equal(2, (await _cloud.ListAsync(order.Fleet, ["eu-central-1"], Ct)).Machines.Count);
    }

    [Fact]
    public async Task An_image_by_name_is_the_newest_of_a_trusted_owner_that_fits_the_processor()
    {
        var order = Order() with { Image = "ubuntu-24.04-*" };
        await MadeAsync(order);
        var sent = _world.Requests.Single(request => request.What == "POST RunInstances").Body;
        Assert.Contains($"ImageId=ami-vpc-{Region}&", sent);

        var refused = await RefusedAsync(Order() with { Image = "ubuntu-18.04-*" });
        Assert.Equal(CloudFault.BadOrder, refused.Fault);
        Assert.Contains("no image 'ubuntu-18.04-*' in us-west-2", refused.Message);
    }

    [Fact]
    public async Task A_machine_that_is_not_found_yet_is_not_gone()
    {
        _aws.Lag = TimeSpan.FromSeconds(60);
        var made = await MadeAsync(Order());

        Assert.Null(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.False(await _cloud.DestroyAsync(made, Ct));
        _clock.Pass(TimeSpan.FromSeconds(61));
        Assert.NotNull(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.False(await _cloud.DestroyAsync(made, Ct));
        _clock.Pass(TimeSpan.FromSeconds(11));
        Assert.True(await _cloud.DestroyAsync(made, Ct));
    }

    [Fact]
    public async Task A_machine_that_was_answered_and_ends_at_once_is_gone()
    {
        _world.Faults.Next("birth", Stumble.Own);
        var made = await MadeAsync(Order());
        _clock.Pass(TimeSpan.FromSeconds(6));
        await _cloud.GetAsync(Region, made.Id, Ct);
        _clock.Pass(TimeSpan.FromSeconds(11));

        Assert.Null(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.True(await _cloud.DestroyAsync(made, Ct));
    }

    [Fact]
    public async Task A_volume_that_outlives_its_machine_is_listed_and_deleted()
    {
        var made = await MadeAsync(Order());
        _aws.Instances.Single().Volumes.Single().DeleteOnTermination = false;
        _clock.Pass(TimeSpan.FromSeconds(30));
        await _cloud.DestroyAsync(made, Ct);
        _clock.Pass(TimeSpan.FromSeconds(11));

        Assert.Equal("volume", Assert.Single((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers).Kind);
        Assert.False(await _cloud.DestroyAsync(made, Ct)); // accepted, and not proved yet
        Assert.True(await _cloud.DestroyAsync(made, Ct));
        Assert.Empty((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers);
    }

    [Fact]
    public async Task All_pages_of_a_list_are_read_and_machines_of_others_are_not_in_it()
    {
        _aws.PageSize = 2;
        for (var n = 0; n < 5; n++)
            await MadeAsync(Order());
        await MadeAsync(Order() with { Fleet = CloudOrders.OtherFleet });

        Assert.Equal(5, (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count);
        Assert.Single((await _cloud.ListAsync(CloudOrders.OtherFleet, [], Ct)).Machines);
    }

    [Fact]
    public async Task A_list_that_is_not_whole_is_a_fault()
    {
        _world.Faults.Next("POST DescribeVolumes", Stumble.Status500, times: 3);

        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Equal(CloudFault.Upstream, fault.Fault);
        Assert.DoesNotContain("<h1>", fault.Message);
    }

    [Fact]
    public async Task What_only_reads_is_asked_again_by_the_SDK()
    {
        _world.Faults.Next("POST DescribeInstances", Stumble.Status503, times: 2);

        Assert.Empty((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines);
    }

    [Fact]
    public async Task Termination_protection_is_told()
    {
        var made = await MadeAsync(Order());
        _aws.Instances.Single().Protected = true;

        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.DestroyAsync(made, Ct));
        Assert.Equal(CloudFault.BadOrder, fault.Fault);
        Assert.Contains("termination protection", fault.Fix);
    }

    [Fact]
    public async Task A_machine_of_another_fleet_is_left_alone()
    {
        var made = await MadeAsync(Order() with { Fleet = CloudOrders.OtherFleet });

        await Assert.ThrowsAsync<CloudException>(() =>
            _cloud.DestroyAsync(made with { Fleet = CloudOrders.Fleet }, Ct)
        );
        Assert.Equal(0, _world.Count("aws", "POST TerminateInstances"));
    }

    [Fact]
    public async Task Pauses_grow_while_calls_are_throttled()
    {
        var pauses = new List<double>();
        for (var n = 0; n < 4; n++)
        {
            Refuse("RunInstances", 503, "RequestLimitExceeded");
            var refused = await RefusedAsync(Order());
            pauses.Add((Assert.IsType<DateTimeOffset>(refused.Until) - _clock.GetUtcNow()).TotalSeconds);
            _clock.Pass(TimeSpan.FromSeconds(10));
        }

        Assert.InRange(pauses[0], 0.1, 2);
        Assert.InRange(pauses[3], 4, 16);
    }

    [Fact]
    public async Task User_data_that_is_too_large_is_not_sent()
    {
        var refused = await RefusedAsync(Order() with { UserData = new('x', 16_385) });

        Assert.Equal(CloudFault.BadOrder, refused.Fault);
        Assert.Empty(_world.Requests);
    }

    [Fact]
    public async Task The_console_is_null_at_first_and_older_types_have_no_latest()
    {
        var made = await MadeAsync(Order());
        var old = await MadeAsync(Order() with { Type = "t2.micro" });
        Assert.Null(await _cloud.ConsoleAsync(Region, made.Id, Ct));
        _clock.Pass(TimeSpan.FromSeconds(30));

        Assert.Contains("BEGIN SSH HOST KEY KEYS", await _cloud.ConsoleAsync(Region, made.Id, Ct));
        Assert.Contains("BEGIN SSH HOST KEY KEYS", await _cloud.ConsoleAsync(Region, old.Id, Ct));
    }

    [Theory]
    [InlineData(403, "AuthFailure", CloudFault.BadCredentials)]
    [InlineData(400, "Client.RequestExpired", CloudFault.BadCredentials)]
    [InlineData(403, "UnauthorizedOperation", CloudFault.NoPermission)]
    [InlineData(400, "AuthFailure.ServiceLinkedRoleCreationNotPermitted", CloudFault.NoPermission)]
    [InlineData(400, "PendingVerification", CloudFault.Account)]
    [InlineData(500, "Server.InsufficientInstanceCapacity", CloudFault.OutOfStock)]
    [InlineData(400, "InsufficientFreeAddressesInSubnet", CloudFault.OutOfStock)]
    [InlineData(400, "Unsupported", CloudFault.NotHere)]
    [InlineData(400, "VcpuLimitExceeded", CloudFault.Quota)]
    [InlineData(400, "MaxSpotInstanceCountExceeded", CloudFault.Quota)]
    [InlineData(503, "RequestLimitExceeded", CloudFault.Throttled)]
    [InlineData(400, "Throttling", CloudFault.Throttled)]
    [InlineData(400, "InvalidKeyPair.NotFound", CloudFault.BadOrder)]
    [InlineData(400, "SomethingNew", CloudFault.BadOrder)]
    [InlineData(400, "IncorrectInstanceState", CloudFault.Busy)]
    public async Task Each_code_has_its_meaning(int status, string code, CloudFault meaning)
    {
        Refuse("RunInstances", status, code);

        var refused = await RefusedAsync(Order());

        Assert.Equal(meaning, refused.Fault);
        Assert.NotNull(refused.RequestId);
        Assert.Contains("no", refused.Message);
        Assert.Equal(meaning is CloudFault.Throttled, refused.Until is not null);
        Assert.Equal(1, _world.Count("aws", "POST RunInstances"));
    }

    [Theory]
    [InlineData(500, "InternalError")]
    [InlineData(503, "Unavailable")]
    [InlineData(500, "SomethingNew")]
    public async Task A_fault_of_AWS_leaves_a_create_in_doubt(int status, string code)
    {
        Refuse("RunInstances", status, code);

        Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(Order(), Ct));
        Assert.Equal(1, _world.Count("aws", "POST RunInstances"));
    }

    [Fact]
    public async Task A_missing_permission_is_named_and_the_encoded_message_left_out()
    {
        _aws.Forbidden.Add("RunInstances");

        var refused = await RefusedAsync(Order());

        Assert.Equal(CloudFault.NoPermission, refused.Fault);
        Assert.Contains("ec2:RunInstances", refused.Fix);
        Assert.DoesNotContain("4nqVX", refused.Message);
    }

    [Fact]
    public async Task A_wrong_key_is_told_with_its_source_and_without_its_value()
    {
        using var wrong = Cloud(site =>
            site with
            {
                SecretKey = new("wrong-secret-of-forty-characters-0000000", "burst.key"),
            }
        );

        var refused = await RefusedAsync(Order(), wrong);

        Assert.Equal(CloudFault.BadCredentials, refused.Fault);
        Assert.Contains("burst.key", refused.Fix);
        Assert.DoesNotContain("wrong-secret", refused.Message + refused.Fix);
    }

    [Fact]
    public async Task What_cannot_be_reached_was_never_sent()
    {
        using var nobody = Cloud(site => site with { Endpoint = new("http://127.0.0.1:1/") });

        Assert.Equal(CloudFault.Upstream, (await RefusedAsync(Order(), nobody)).Fault);
        Assert.IsType<FindAnswer.Unknown>(await nobody.FindAsync(Order(), Ct));
    }

    [Fact]
    public async Task A_group_that_is_missing_is_named_with_those_that_are_there()
    {
        using var other = Cloud(site => site with { SecurityGroups = ["clusterodm"] });

        var refused = await RefusedAsync(Order(), other);
        Assert.Equal(CloudFault.BadOrder, refused.Fault);
        Assert.Contains("'clusterodm'", refused.Message);
        Assert.Contains("default, muster", refused.Fix);
    }

    [Fact]
    public async Task Without_a_default_network_the_key_to_set_is_named()
    {
        _aws.Regions[Region].HasDefaultVpc = false;

        Assert.Contains("`vpc`", (await RefusedAsync(Order())).Fix);
        using var named = Cloud(site => site with { Vpc = $"vpc-{Region}" });
        Assert.IsType<CreateAnswer.Made>(await named.CreateAsync(Order(), Ct));
    }

    [Fact]
    public async Task Prices_come_from_the_price_list_with_address_and_disk_and_those_of_spot_from_EC2()
    {
        using var disk = Cloud(site => site with { DiskGb = 73 });
        var price = Assert.Single(await disk.PricesAsync(Ct));
        Assert.Equal(("m7i.large", Region, "USD"), (price.Type, price.Place, price.Currency));
        Assert.Equal(0.1008m + 0.005m + (0.073m * 73 / 730), price.PerHour);
        Assert.Equal(new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)), price.Unit);

        using var spot = Cloud(site => site with { Spot = true });
        Assert.Equal(0.03m + 0.002m + 0.005m, Assert.Single(await spot.PricesAsync(Ct)).PerHour);
        using var fixedly = Cloud(site => site with { Price = 0.5m, Currency = "CNY" });
        var own = Assert.Single(await fixedly.PricesAsync(Ct));
        Assert.Equal((0.5m, "CNY"), (own.PerHour, own.Currency));
        // One that had to be started on demand costs more, and says so.
        var made = Assert.IsType<CreateAnswer.Made>(await spot.CreateAsync(Order(), Ct));
        Assert.Equal(0.1058m, made.Machine.Price?.PerHour);
    }

    [Fact]
    public async Task A_check_finds_nothing_wrong_in_few_requests_and_makes_nothing()
    {
        var findings = await _cloud.CheckAsync(Ct);

        Assert.Empty(findings);
        Assert.InRange(_world.Requests.Count, 1, 10);
        Assert.Equal(1, _world.Count("aws", "POST RunInstances dry"));
        Assert.Empty(_aws.Instances);
    }

    [Fact]
    public async Task A_check_says_all_that_is_wrong()
    {
        _aws.Forbidden.Add("RunInstances");
        _aws.ClockOffset = TimeSpan.FromMinutes(3);
        using var wrong = Cloud(site =>
            site with
            {
                Places = [Region, "us-west"],
                Machines = [new(5, "m7i.large"), new(null, "m99.huge")],
                SecurityGroups = [],
            }
        );

        var findings = await wrong.CheckAsync(Ct);

        Assert.InRange(_world.Requests.Count, 1, 10);
        foreach (
            var part in (string[])
                [
                    "'us-west' is not a region",
                    "no security group",
                    "does not offer m99.huge",
                    "UnauthorizedOperation",
                    "clock is 180 s off",
                ]
        )
            Assert.Contains(findings, finding => finding.What.Contains(part, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_check_with_wrong_keys_says_so_once()
    {
        using var wrong = Cloud(site => site with { AccessKey = new("AKIAWRONGWRONGWRONG0", "burst.id") });

        var error = Assert.Single(await wrong.CheckAsync(Ct), finding => finding.IsError);
        Assert.Contains("AuthFailure", error.What);
    }
}
