using Muster.Clouds;
using Muster.Clouds.Scaleway;
using Muster.Sites.Clouds.Scaleway;

namespace Muster.Sites.Clouds;

/// <summary>Real HTTP against a stand-in that has Scaleway's quirks.</summary>
public sealed class ScalewayCloudTests : IAsyncLifetime
{
    private const string Zone = "fr-par-1";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly SetTime _clock = new();
    private readonly World _world;
    private readonly ScalewayProvider _scaleway;
    private StandIn _server = null!;
    private ScalewayCloud _cloud = null!;

    public ScalewayCloudTests()
    {
        _world = new(_clock, seed: 2);
        _scaleway = new(_world);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _scaleway);
        _cloud = Cloud();
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
    }

    private ScalewayCloud Cloud(Func<CloudSettings, CloudSettings>? change = null)
    {
        var settings = new CloudSettings
        {
            Site = "burst",
            Provider = CloudProvider.Scaleway,
            Folder = "/",
            Machines = [new(null, "PRO2-S")],
            Limit = 5,
            Places = [Zone],
            Image = "ubuntu-jammy",
            Project = "99999999-0000-4000-8000-000000000000",
            Endpoint = _server.Address,
            Token = new(ScalewayProvider.Token, "SCW_SECRET_KEY"),
        };
        settings = change?.Invoke(settings) ?? settings;
        return new(settings, new Redactor(settings.Secrets), _clock);
    }

    private static MachineOrder Order(string place = Zone) => CloudOrders.New(place, "pro2-s", "ubuntu-jammy");

    private async Task<CloudMachine> MadeAsync(MachineOrder order) =>
        Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(order, Ct)).Machine;

    private async Task<CloudMachine> RunningAsync()
    {
        var made = await MadeAsync(Order());
        _clock.Pass(TimeSpan.FromSeconds(21));
        return Assert.IsType<CloudMachine>(await _cloud.GetAsync(Zone, made.Id, Ct));
    }

    private async Task<CloudException> RefusedAsync(MachineOrder order, ScalewayCloud? cloud = null) =>
        Assert.IsType<CreateAnswer.Refused>(await (cloud ?? _cloud).CreateAsync(order, Ct)).Fault;

    [Fact]
    public async Task A_machine_gets_its_user_data_before_it_is_switched_on()
    {
        var order = Order();
        var made = await MadeAsync(order);

        Assert.Equal((CloudState.Starting, "starting (allocating node)"), (made.State, made.Word));
        Assert.Equal((order.Fleet, order.Id, order.Until), (made.Fleet, made.Order, made.Until));
        var sent = Assert.Single(_scaleway.Servers);
        Assert.Equal(order.UserData, sent.UserData);
        Assert.Contains(
            "AUTHORIZED_KEY=ssh-ed25519_AAAAC3NzaC1lZDI1NTE5AAAAIC0vJ0GSv1hbyhwW3n5cMlUl1z2GdoT1gaAi5GpWAfEH",
            sent.Tags
        );
        Assert.Equal("PRO2-S", sent.Type);
        _clock.Pass(TimeSpan.FromSeconds(21));
        var running = Assert.IsType<CloudMachine>(await _cloud.GetAsync(Zone, made.Id, Ct));
        Assert.Equal(CloudState.Running, running.State);
        Assert.NotNull(running.PublicAddress);
        Assert.Equal("sbs_volume", Assert.Single(running.Parts).Kind);
        Assert.Contains("SHA256:abc", await _cloud.ConsoleAsync(Zone, made.Id, Ct));
    }

    [Fact]
    public async Task Destroying_deletes_the_disk_in_the_other_service_once_it_is_free()
    {
        var machine = await RunningAsync();

        Assert.False(await _cloud.DestroyAsync(machine, Ct));
        Assert.Null(await _cloud.GetAsync(Zone, machine.Id, Ct));
        Assert.False(await _cloud.DestroyAsync(machine, Ct)); // the disk is in use
        Assert.Single(_scaleway.Disks);
        _clock.Pass(TimeSpan.FromSeconds(61));
        Assert.False(await _cloud.DestroyAsync(machine, Ct)); // deleted, and not proved yet
        Assert.True(await _cloud.DestroyAsync(machine, Ct));
        Assert.Empty(_scaleway.Disks);
        Assert.Empty(_world.Bill.Running("scaleway"));
    }

    [Fact]
    public async Task Where_terminating_is_refused_it_is_switched_off_and_deleted_with_its_local_disk()
    {
        _scaleway.RefusesTerminate = true;
        _scaleway.VolumeType = "l_ssd";
        var machine = await RunningAsync();

        Assert.False(await _cloud.DestroyAsync(machine, Ct)); // off
        _clock.Pass(TimeSpan.FromSeconds(21));
        Assert.False(await _cloud.DestroyAsync(machine, Ct)); // deleted
        Assert.False(await _cloud.DestroyAsync(machine, Ct)); // its disk too
        Assert.True(await _cloud.DestroyAsync(machine, Ct));
        Assert.Empty(_scaleway.Disks);
        Assert.Empty(_world.Bill.Running("scaleway"));
    }

    [Fact]
    public async Task A_machine_that_shut_down_inside_is_stopped_costs_on_and_can_be_destroyed()
    {
        var machine = await RunningAsync();
        _scaleway.ShutDown(_scaleway.Servers.Single());

        var seen = Assert.IsType<CloudMachine>(await _cloud.GetAsync(Zone, machine.Id, Ct));
        Assert.Equal((CloudState.Stopped, "stopped in place"), (seen.State, seen.Word));
        Assert.Contains(machine.Id, _world.Bill.Running("scaleway"));
        await _cloud.DestroyAsync(machine, Ct);
        _clock.Pass(TimeSpan.FromSeconds(61));
        for (var n = 0; n < 4 && !await _cloud.DestroyAsync(machine, Ct); n++)
            _clock.Pass(TimeSpan.FromSeconds(61));
        Assert.Empty(_world.Bill.Running("scaleway"));
    }

    [Fact]
    public async Task A_zone_without_room_shows_as_a_machine_that_falls_back_to_stopped()
    {
        _scaleway.SoldOut.Add(("PRO2-S", Zone));
        var made = await MadeAsync(Order());
        _clock.Pass(TimeSpan.FromSeconds(21));

        Assert.Equal(CloudState.Stopped, (await _cloud.GetAsync(Zone, made.Id, Ct))?.State);
    }

    [Theory]
    [InlineData(Stumble.CutBefore, 0)]
    [InlineData(Stumble.CutAfter, 1)]
    [InlineData(Stumble.CutWithin, 1)]
    [InlineData(Stumble.Status502, 0)]
    public async Task A_create_that_stumbles_is_sent_once_and_finding_it_goes_on_where_it_broke(
        Stumble stumble,
        int made
    )
    {
        _world.Faults.Next($"POST /instance/v1/zones/{Zone}/servers", stumble);
        var order = Order();

        Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(order, Ct));
        Assert.Equal(1, _world.Count("scaleway", $"POST /instance/v1/zones/{Zone}/servers"));
        var found = await _cloud.FindAsync(order, Ct);

        Assert.Equal(made, _scaleway.Servers.Count());
        if (made == 0)
        {
            Assert.IsType<FindAnswer.Absent>(found);
            return;
        }
        Assert.Equal(CloudState.Starting, Assert.IsType<FindAnswer.Made>(found).Machine.State);
        Assert.Equal(order.UserData, _scaleway.Servers.Single().UserData);
    }

    [Fact]
    public async Task A_machine_that_cannot_be_switched_on_is_taken_away_again()
    {
        _scaleway.DiskLag = TimeSpan.Zero;
        _world.Faults.Often($"PATCH /instance/v1/zones/{Zone}/servers/", Stumble.Status500, 1);

        var answer = await _cloud.CreateAsync(Order(), Ct);

        // Its disk may be on its way still; then it is handed over as broken.
        var machine = Assert.IsType<CreateAnswer.Made>(answer).Machine;
        Assert.Equal(CloudState.Broken, machine.State);
        while (!await _cloud.DestroyAsync(machine, Ct)) { }
        Assert.All(_scaleway.Servers, server => Assert.NotNull(server.Gone));
        Assert.Empty(_scaleway.Disks);
    }

    [Fact]
    public async Task A_step_that_may_be_repeated_is()
    {
        _world.Faults.Next($"PATCH /instance/v1/zones/{Zone}/servers/", Stumble.Status500);

        Assert.Equal(CloudState.Starting, (await MadeAsync(Order())).State);
    }

    [Fact]
    public async Task Only_whole_marks_of_this_fleet_are_listed_and_each_zone_is_asked()
    {
        var order = Order();
        await MadeAsync(order);
        await MadeAsync(Order() with { Fleet = CloudOrders.OtherFleet });
        await MadeAsync(Order("nl-ams-1"));

        Assert.Single((await _cloud.ListAsync(order.Fleet, [], Ct)).Machines);
        var both = await _cloud.ListAsync(order.Fleet, ["ams1"], Ct);
        Assert.Equal([Zone, "ams1"], both.Machines.Select(machine => machine.Place));
    }

    [Fact]
    public async Task All_pages_are_read()
    {
        for (var n = 0; n < 101; n++)
            _world.Machines.Add(
                new ScalewayMachine
                {
                    Provider = "scaleway",
                    Id = _world.NextUuid().ToString(),
                    Name = $"m{n}",
                    Type = "PRO2-S",
                    Place = Zone,
                    Created = _world.Now,
                    State = "running",
                    Tags = [$"muster:{CloudOrders.Fleet}"],
                }
            );

        Assert.Equal(101, (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count);
    }

    [Fact]
    public async Task A_list_that_breaks_off_is_a_fault_and_not_empty()
    {
        _world.Faults.Next($"GET /block/v1/zones/{Zone}/volumes", Stumble.Status503);

        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Equal(CloudFault.Upstream, fault.Fault);
    }

    [Fact]
    public async Task An_empty_429_stops_all_requests_for_a_growing_while()
    {
        _world.Faults.Next("throttle", Stumble.Own, times: 2);

        var first = await RefusedAsync(Order());
        Assert.Equal(CloudFault.Throttled, first.Fault);
        var sent = _world.Requests.Count;
        Assert.Equal(CloudFault.Throttled, (await RefusedAsync(Order())).Fault);
        Assert.Equal(sent, _world.Requests.Count); // it was not sent
        _clock.Pass(TimeSpan.FromSeconds(3));
        var second = await RefusedAsync(Order());
        Assert.True(second.Until - _clock.GetUtcNow() > TimeSpan.FromSeconds(1));
        _clock.Pass(TimeSpan.FromSeconds(5));
        await MadeAsync(Order());
    }

    [Fact]
    public async Task An_image_of_the_project_is_found_by_its_whole_name()
    {
        await MadeAsync(Order() with { Image = "nodeodm-image" });

        var sent = _world.Requests.Single(request => request.What == $"POST /instance/v1/zones/{Zone}/servers");
        Assert.Contains("bbbbbbbb-0000-4000-8000-000000000000", sent.Body);
    }

    [Fact]
    public async Task Refusals_have_their_meaning()
    {
        Assert.Equal(CloudFault.NotHere, (await RefusedAsync(Order() with { Type = "VC1S" })).Fault);
        Assert.Equal(CloudFault.BadOrder, (await RefusedAsync(Order() with { Image = "ubuntu-xenial" })).Fault);
        var large = Order() with { UserData = new('x', 127_999) };
        Assert.Equal(CloudFault.BadOrder, (await RefusedAsync(large)).Fault);

        _scaleway.Quota = 0;
        var quota = await RefusedAsync(Order());
        Assert.Equal((CloudFault.Quota, "quotas_exceeded"), (quota.Fault, quota.Code));
        Assert.Contains("cp_servers_type_PRO2_S", quota.Message);
        _scaleway.ReadOnly = true;
        var right = await RefusedAsync(Order());
        Assert.Equal(CloudFault.NoPermission, right.Fault);
        Assert.Contains("compute_servers write", right.Message);
        Assert.Contains("InstancesFullAccess", right.Fix);
        _world.Faults.Next("no address", Stumble.Own);
        Assert.Equal(CloudFault.OutOfStock, (await RefusedAsync(Order())).Fault);

        using var wrong = Cloud(site => site with { Token = new("22222222-wrong-token-3333", "burst.token") });
        var key = await RefusedAsync(Order(), wrong);
        Assert.Equal(CloudFault.BadCredentials, key.Fault);
        Assert.Contains("burst.token", key.Fix);
        Assert.DoesNotContain("22222222-wrong", key.Message + key.Fix);
    }

    [Fact]
    public async Task Prices_are_by_the_hour_and_with_a_GPU_by_the_minute()
    {
        using var both = Cloud(site => site with { Machines = [new(5, "pro2-s"), new(null, "L4-1-24G")] });

        var prices = await both.PricesAsync(Ct);
        Assert.Equal([0.219m, 0.75m], prices.Select(price => price.PerHour));
        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)], prices.Select(price => price.Unit.Step));
        Assert.All(prices, price => Assert.Equal("EUR", price.Currency));
    }

    [Fact]
    public async Task A_check_finds_nothing_wrong_and_makes_nothing_or_says_all()
    {
        Assert.Empty(await _cloud.CheckAsync(Ct));
        Assert.InRange(_world.Requests.Count, 1, 10);
        Assert.Empty(_scaleway.Servers);

        _scaleway.ReadOnly = true;
        _scaleway.SoldOut.Add(("PRO2-S", Zone));
        using var wrong = Cloud(site =>
            site with
            {
                Places = ["par1", "fr-par-9"],
                Machines = [new(5, "PRO2-S"), new(null, "PRO2-XXL")],
                Project = null,
                Image = "ubuntu-xenial",
            }
        );
        var findings = await wrong.CheckAsync(Ct);
        foreach (
            var part in (string[])
                [
                    "may not make machines",
                    "out of stock",
                    "no type 'PRO2-XXL'",
                    "'fr-par-9'",
                    "names no project",
                    "ubuntu-xenial",
                ]
        )
            Assert.Contains(findings, finding => finding.What.Contains(part, StringComparison.Ordinal));
    }
}
