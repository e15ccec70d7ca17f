using Muster.Clouds;
using Muster.Clouds.Hetzner;

namespace Muster.Sites.Clouds.Hetzner;

/// <summary>The client against the stand-in, over real HTTP; only time runs faster.</summary>
public sealed class HetznerCloudTests : IAsyncLifetime
{
    // The client's patience of 30 s is 3 s here, which a busy machine must not use up.
    private readonly FastTime _time = new(10);
    private readonly World _world;
    private readonly HetznerProvider _hetzner;
    private StandIn _server = null!;
    private HetznerCloud _cloud = null!;

    public HetznerCloudTests()
    {
        _world = new(_time, seed: 1);
        _hetzner = new(_world);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _hetzner);
        _cloud = Open(Settings());
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static MachineOrder Order(string place = "fsn1", string type = "cx22") =>
        CloudOrders.New(place, type, "ubuntu-24.04");

    [Fact]
    public async Task A_machine_is_made_marked_found_and_ended_without_a_rest()
    {
        var order = Order();
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(order, Ct)).Machine;
        Assert.Equal((CloudState.Running, "fsn1", "cx22", order.Name), (made.State, made.Place, made.Type, made.Name));
        Assert.Equal(CloudMarks.Of(order), new(made.Fleet, made.Order, made.Until));
        Assert.StartsWith("198.18.", made.PublicAddress, StringComparison.Ordinal);
        Assert.Equal(2, made.Parts.Count);
        var server = Assert.Single(_hetzner.Servers);
        Assert.Equal(order.UserData, server.UserData);
        Assert.Equal("survey", server.Labels["team"]);
        Assert.Single(server.Keys);

        Assert.Equal(made.Id, Assert.IsType<FindAnswer.Made>(await _cloud.FindAsync(order, Ct)).Machine.Id);
        Assert.Equal(made.Id, (await _cloud.GetAsync("fsn1", made.Id, Ct))?.Id);
        Assert.Equal(made.Id, Assert.Single((await _cloud.ListAsync(order.Fleet, [], Ct)).Machines).Id);

        await EndAsync(made);
        Assert.Null(await _cloud.GetAsync("fsn1", made.Id, Ct));
        Assert.IsType<FindAnswer.Absent>(await _cloud.FindAsync(order, Ct));
        Assert.Empty(_world.Bill.Running("hetzner"));
        Assert.Empty(_hetzner.Addresses);
        var bill = _world.Bill.Total("hetzner", "EUR", _world.Now);
        Assert.True(bill > 0);
        Assert.Equal(0, bill % (0.0070m + HetznerProvider.Ipv4Hourly)); // begun hours
    }

    [Fact]
    public async Task The_same_order_again_is_the_same_machine()
    {
        var order = Order();
        var first = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(order, Ct)).Machine;
        var again = await _cloud.CreateAsync(order with { Attempt = 2, Place = "nbg1" }, Ct);
        var second = Assert.IsType<CreateAnswer.Made>(again).Machine;
        Assert.Equal((first.Id, "fsn1"), (second.Id, second.Place));
        Assert.Single(_hetzner.Servers);
    }

    [Fact]
    public async Task A_strangers_machine_of_the_same_name_is_neither_taken_nor_a_doubt()
    {
        var order = Order();
        await _cloud.CreateAsync(order, Ct);
        _hetzner.Servers.Single().Labels = new Dictionary<string, string>();
        var refused = Assert.IsType<CreateAnswer.Refused>(await _cloud.CreateAsync(order, Ct));
        Assert.Equal(CloudFault.BadOrder, refused.Fault.Fault);
        Assert.Single(_hetzner.Servers);
    }

    [Theory]
    [InlineData(Stumble.CutBefore, false)]
    [InlineData(Stumble.CutAfter, true)]
    [InlineData(Stumble.CutWithin, true)]
    [InlineData(Stumble.Late, true)]
    [InlineData(Stumble.Status502, false)]
    [InlineData(Stumble.Status500, false)]
    public async Task An_order_without_an_answer_is_a_doubt_that_its_name_resolves(Stumble stumble, bool isMade)
    {
        var order = Order();
        _world.Faults.Next("POST /v1/servers", stumble);
        Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(order, Ct));
        var found = await _cloud.FindAsync(order, Ct);
        Assert.Equal(isMade, found is FindAnswer.Made);
        Assert.Equal(!isMade, found is FindAnswer.Absent);
        Assert.Equal(1, _world.Count("hetzner", "POST /v1/servers"));
    }

    [Fact]
    public async Task A_machine_that_cannot_start_is_taken_away_again_and_counts_as_out_of_stock()
    {
        _world.Faults.Next("start_server", Stumble.Own);
        var refused = Assert.IsType<CreateAnswer.Refused>(await _cloud.CreateAsync(Order(), Ct));
        Assert.Equal(CloudFault.OutOfStock, refused.Fault.Fault);
        Assert.Contains("start_server failed", refused.Fault.Message, StringComparison.Ordinal);
        Assert.Empty(_hetzner.Servers);
        Assert.Empty(_hetzner.Addresses);
        Assert.Empty(_world.Bill.Running("hetzner"));
    }

    [Fact]
    public async Task One_that_cannot_start_nor_go_is_a_broken_machine_that_is_known()
    {
        _world.Faults.Next("start_server", Stumble.Own);
        _world.Faults.Often("DELETE /v1/servers", Stumble.Status503, 1);
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        Assert.Equal(CloudState.Broken, made.State);
        _world.Faults.Clear();
        await EndAsync(made);
        Assert.Empty(_hetzner.Servers);
    }

    [Theory]
    [InlineData("ash", "cx22", CloudFault.NotHere)]
    [InlineData("mars", "cx22", CloudFault.BadOrder)]
    [InlineData("fsn1", "cx9", CloudFault.BadOrder)]
    [InlineData("fsn1", "ccx33", CloudFault.OutOfStock)]
    public async Task What_a_place_does_not_have_is_told_from_what_nobody_has(
        string place,
        string type,
        CloudFault fault
    )
    {
        _hetzner.SoldOut.Add(("ccx33", "fsn1"));
        var refused = Assert.IsType<CreateAnswer.Refused>(await _cloud.CreateAsync(Order(place, type), Ct));
        Assert.Equal(fault, refused.Fault.Fault);
        Assert.NotEmpty(refused.Fault.Fix);
        Assert.NotNull(refused.Fault.RequestId ?? refused.Fault.Code);
    }

    [Fact]
    public async Task The_limit_of_the_project_is_named()
    {
        _hetzner.ServerLimit = 0;
        var refused = Assert.IsType<CreateAnswer.Refused>(await _cloud.CreateAsync(Order(), Ct));
        Assert.Equal(CloudFault.Quota, refused.Fault.Fault);
        Assert.Contains("server_limit", refused.Fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_something_else_goes_on_a_machine_is_busy()
    {
        _hetzner.StartTakes = TimeSpan.FromHours(1);
        var order = Order();
        _world.Faults.Next("POST /v1/servers", Stumble.CutAfter);
        await _cloud.CreateAsync(order, Ct);
        var machine = Assert.IsType<FindAnswer.Made>(await _cloud.FindAsync(order, Ct)).Machine;
        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.DestroyAsync(machine, Ct));
        Assert.Equal(CloudFault.Busy, fault.Fault);
    }

    [Fact]
    public async Task A_protected_machine_is_said_to_be_so()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        _hetzner.Servers.Single().IsProtected = true;
        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.DestroyAsync(made, Ct));
        Assert.Equal(CloudFault.BadOrder, fault.Fault);
        Assert.Contains("delete protection", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_outlives_its_machine_is_taken_away()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        _world.Faults.Next("primary_ip stays", Stumble.Own, times: 2);
        await EndAsync(made);
        Assert.Empty(_hetzner.Addresses);
        Assert.Empty(_world.Bill.Running("hetzner"));
    }

    [Fact]
    public async Task An_address_that_another_machine_has_by_now_is_left_to_it()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        _world.Faults.Next("primary_ip stays", Stumble.Own, times: 2);
        while (await _cloud.GetAsync("fsn1", made.Id, Ct) is { } seen)
        {
            if (seen.State is CloudState.Deleting)
                await Task.Delay(TimeSpan.FromSeconds(1), _time, Ct);
            else
                await StepAsync(made);
        }
        _hetzner.Addresses[0].Assignee = 42;
        await EndAsync(made);
        Assert.Equal(42, Assert.Single(_hetzner.Addresses).Assignee);
    }

    [Fact]
    public async Task A_delete_that_was_accepted_and_not_done_is_asked_for_again()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        _world.Faults.Next("delete_server", Stumble.Own);
        await EndAsync(made);
        Assert.Empty(_hetzner.Servers);
        Assert.True(_world.Count("hetzner", "DELETE /v1/servers") >= 2);
    }

    [Fact]
    public async Task A_machine_of_another_fleet_is_neither_listed_nor_ended()
    {
        var theirs = Order() with { Fleet = CloudOrders.OtherFleet };
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(theirs, Ct)).Machine;
        Assert.Empty((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines);
        await Assert.ThrowsAsync<CloudException>(() =>
            _cloud.DestroyAsync(made with { Fleet = CloudOrders.Fleet }, Ct)
        );
        Assert.Single(_hetzner.Servers);
    }

    [Fact]
    public async Task A_list_is_whole_whatever_its_pages_do()
    {
        _hetzner.AddStrangers(70, new Dictionary<string, string> { ["muster"] = CloudOrders.OtherFleet });
        _hetzner.AddStrangers(120, new Dictionary<string, string> { ["muster"] = CloudOrders.Fleet });
        Assert.Equal(120, (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count);
        _world.Faults.Next("page servers", Stumble.Own);
        Assert.Equal(120, (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count);
        _world.Faults.Often("page servers", Stumble.Own, 1);
        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Equal(CloudFault.Upstream, fault.Fault);
    }

    [Fact]
    public async Task The_key_of_a_fleet_without_machines_is_left_over_and_goes_like_a_part()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        Assert.Empty((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers);
        await EndAsync(made);
        var key = Assert.Single((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers);
        Assert.Equal("ssh_key", key.Kind);
        await EndAsync(made with { Parts = [key] });
        Assert.Empty(_hetzner.Keys);
    }

    [Fact]
    public async Task Too_many_requests_wait_and_the_message_holds_no_token()
    {
        _hetzner.RequestsAnHour = 3;
        using var cloud = Open(Settings());
        for (var i = 0; i < 3; i++)
            await Record.ExceptionAsync(() => cloud.GetAsync("fsn1", "1", Ct));
        using var fresh = Open(Settings()); // it does not know yet how few are left
        var fault = await Assert.ThrowsAsync<CloudException>(() => fresh.GetAsync("fsn1", "1", Ct));
        Assert.Equal(CloudFault.Throttled, fault.Fault);
        Assert.True(fault.Until > _time.GetUtcNow());
        Assert.Contains("(hidden)", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(HetznerProvider.Token[..16], fault.ToString(), StringComparison.Ordinal);
        var asked = _world.Requests.Count;
        var refused = Assert.IsType<CreateAnswer.Refused>(await fresh.CreateAsync(Order(), Ct));
        Assert.Equal(CloudFault.Throttled, refused.Fault.Fault);
        Assert.Equal(asked, _world.Requests.Count);
    }

    [Fact]
    public async Task The_last_requests_of_an_hour_are_kept_for_ending_machines()
    {
        // In real time, in which few requests come back meanwhile.
        var world = new World(TimeProvider.System, seed: 1);
        var hetzner = new HetznerProvider(world) { CreateTakes = TimeSpan.Zero, StartTakes = TimeSpan.Zero };
        await using var server = await StandIn.StartAsync(world, hetzner);
        var settings = Settings() with { Endpoint = new(server.Address, "/v1/") };
        using var cloud = new HetznerCloud(settings, new(settings.Secrets), TimeProvider.System);
        var made = Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order(), Ct)).Machine;
        hetzner.Left = 10;
        await cloud.GetAsync("fsn1", made.Id, Ct);
        var fault = await Assert.ThrowsAsync<CloudException>(() => cloud.GetAsync("fsn1", made.Id, Ct));
        Assert.Equal((CloudFault.Throttled, true), (fault.Fault, fault.NeverSent));
        Assert.False(await cloud.DestroyAsync(made, Ct));
        Assert.Equal("deleting", hetzner.Servers.Single().State);
    }

    [Fact]
    public async Task A_wrong_token_is_said_with_where_it_came_from()
    {
        using var cloud = Open(Settings() with { Token = new("wrong-wrong-wrong-wrong", "HCLOUD_TOKEN") });
        var fault = await Assert.ThrowsAsync<CloudException>(() => cloud.GetAsync("fsn1", "1", Ct));
        Assert.Equal(CloudFault.BadCredentials, fault.Fault);
        Assert.Contains("HCLOUD_TOKEN", fault.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_snapshot_of_a_description_that_fits_the_type_is_taken()
    {
        _hetzner.Images.AddRange([
            new(1, null, "odm", "x86", _world.Now.AddDays(-3)),
            new(2, null, "odm", "x86", _world.Now.AddDays(-2)),
            new(3, null, "odm", "arm", _world.Now.AddDays(-1)),
        ]);
        using var cloud = Open(Settings() with { Snapshot = true, Image = "odm" });
        Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order() with { Image = "odm" }, Ct));
        Assert.Equal("2", _hetzner.Servers.Single().Image);
        var refused = await cloud.CreateAsync(Order() with { Image = "odn" }, Ct);
        Assert.Contains("'odn'", Assert.IsType<CreateAnswer.Refused>(refused).Fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Networks_firewalls_and_your_own_keys_are_found_by_their_names()
    {
        _hetzner.Keys.Add(new(7, "laptop", "", "aa:bb", new Dictionary<string, string>()));
        using var cloud = Open(
            Settings() with
            {
                Networks = ["inside"],
                Firewalls = ["ssh-only"],
                SshKeys = ["laptop", "aa:bb"],
                Options = new Dictionary<string, string> { ["ipv4"] = "false" },
            }
        );
        var made = Assert.IsType<CreateAnswer.Made>(await cloud.CreateAsync(Order(), Ct)).Machine;
        Assert.Equal("10.0.0.2", made.PrivateAddress);
        Assert.StartsWith("2001:db8:", made.PublicAddress, StringComparison.Ordinal);
        Assert.EndsWith("::1", made.PublicAddress, StringComparison.Ordinal);
        Assert.Equal(["laptop", "7"], _hetzner.Servers.Single().Keys.Skip(1));
    }

    [Fact]
    public async Task A_machine_that_switched_itself_off_still_costs()
    {
        var made = Assert.IsType<CreateAnswer.Made>(await _cloud.CreateAsync(Order(), Ct)).Machine;
        _hetzner.ShutDownInside(made.Name);
        Assert.Equal(CloudState.Stopped, (await _cloud.GetAsync("fsn1", made.Id, Ct))?.State);
        Assert.Contains(made.Id, _world.Bill.Running("hetzner"));
        await EndAsync(made);
    }

    [Fact]
    public async Task Prices_are_with_tax_and_with_the_address_in_the_sites_places()
    {
        var prices = await _cloud.PricesAsync(Ct);
        Assert.Equal(["fsn1", "nbg1"], prices.Select(price => price.Place));
        Assert.All(prices, price => Assert.Equal((0.0080m, "EUR"), (price.PerHour, price.Currency)));
        Assert.All(prices, price => Assert.Equal(TimeSpan.FromHours(1), price.Unit.Step));
    }

    [Fact]
    public async Task The_check_tells_all_mistakes_at_once_by_few_requests()
    {
        using var cloud = Open(
            Settings() with
            {
                Places = ["fsn1", "nbg2"],
                Machines = [new(100, "cx23"), new(1000, "cax11"), new(null, "ccx33")],
                Image = "ubuntu-24.05",
                SshKeys = ["laptop"],
                Networks = ["insde"],
                Firewalls = ["9"],
            }
        );
        _hetzner.SoldOut.Add(("ccx33", "fsn1"));
        var found = (await cloud.CheckAsync(Ct)).Select(finding => finding.What).ToList();
        string[] expected =
        [
            "there is no location 'nbg2'; did you mean 'nbg1'?",
            "there is no server type 'cx23'; did you mean 'cx22'?",
            "ccx33 is out of stock in fsn1 now",
            "there is no system image 'ubuntu-24.05'; did you mean 'ubuntu-24.04'?",
            "`ssh-keys` names 'laptop', which the project does not have",
            "`networks` names 'insde', which the project does not have; did you mean 'inside'?",
            "`firewalls` names '9', which the project does not have",
        ];
        Assert.Equal(expected, found);
        Assert.InRange(_world.Requests.Count, 1, 10);
        Assert.Empty(_hetzner.Servers);
    }

    [Fact]
    public async Task A_token_that_may_only_read_is_noticed_and_nothing_is_made()
    {
        using var cloud = Open(Settings() with { Token = new(HetznerProvider.ReadOnlyToken, "HCLOUD_TOKEN") });
        var finding = Assert.Single(await cloud.CheckAsync(Ct));
        Assert.True(finding.IsError);
        Assert.Contains("read and write", finding.Fix, StringComparison.Ordinal);
        Assert.Empty(await _cloud.CheckAsync(Ct));
    }

    private CloudSettings Settings() =>
        new()
        {
            Site = "burst",
            Provider = CloudProvider.Hetzner,
            Folder = "/",
            Machines = [new(null, "cx22")],
            Limit = 5,
            Places = ["fsn1", "nbg1"],
            Image = "ubuntu-24.04",
            Endpoint = new(_server.Address, "/v1/"),
            Token = new(HetznerProvider.Token, "HCLOUD_TOKEN"),
        };

    private HetznerCloud Open(CloudSettings settings) => new(settings, new(settings.Secrets), _time);

    /// <summary>Asks until it is proved gone, as the keeper does.</summary>
    private async Task EndAsync(CloudMachine machine)
    {
        while (!await StepAsync(machine)) { }
    }

    private async Task<bool> StepAsync(CloudMachine machine)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), _time, Ct);
        try
        {
            return await _cloud.DestroyAsync(machine, Ct);
        }
        catch (CloudException fault) when (fault.Fault is CloudFault.Busy)
        {
            return false;
        }
    }
}
