using Muster.Clouds;
using Muster.Clouds.DigitalOcean;
using Muster.Sites.Clouds.DigitalOcean;

namespace Muster.Sites.Clouds;

/// <summary>Real HTTP against a stand-in that has DigitalOcean's quirks; time runs faster there.</summary>
public sealed class OceanCloudTests : IAsyncLifetime
{
    private const string Region = "fra1";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly FastTime _clock = new(10);
    private readonly World _world;
    private readonly OceanProvider _ocean;
    private StandIn _server = null!;
    private OceanCloud _cloud = null!;

    public OceanCloudTests()
    {
        _world = new(_clock, seed: 3);
        _ocean = new(_world)
        {
            PerMinute = 10_000,
            Boot = TimeSpan.FromSeconds(2),
            TagLag = TimeSpan.FromSeconds(10),
        };
    }

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.StartAsync(_world, _ocean);
        _cloud = Cloud();
    }

    public async ValueTask DisposeAsync()
    {
        _cloud.Dispose();
        await _server.DisposeAsync();
    }

    private OceanCloud Cloud(Func<CloudSettings, CloudSettings>? change = null)
    {
        var settings = new CloudSettings
        {
            Site = "burst",
            Provider = CloudProvider.DigitalOcean,
            Folder = "/",
            Machines = [new(null, "s-4vcpu-8gb")],
            Limit = 5,
            Places = [Region],
            Image = "ubuntu-24-04-x64",
            Endpoint = _server.Address,
            Token = new(OceanProvider.Token, "DIGITALOCEAN_TOKEN"),
        };
        settings = change?.Invoke(settings) ?? settings;
        return new(settings, new Redactor(settings.Secrets), _clock);
    }

    private static MachineOrder Order(string type = "s-4vcpu-8gb") => CloudOrders.New(Region, type, "ubuntu-24-04-x64");

    private async Task<CloudMachine> MadeAsync(MachineOrder order, OceanCloud? cloud = null) =>
        Assert.IsType<CreateAnswer.Made>(await (cloud ?? _cloud).CreateAsync(order, Ct)).Machine;

    private async Task<CloudException> RefusedAsync(MachineOrder order, OceanCloud? cloud = null) =>
        Assert.IsType<CreateAnswer.Refused>(await (cloud ?? _cloud).CreateAsync(order, Ct)).Fault;

    private async Task GoneAsync(CloudMachine machine)
    {
        while (!await _cloud.DestroyAsync(machine, Ct))
            await Task.Delay(10, Ct);
    }

    [Fact]
    public async Task A_droplet_is_made_seen_and_destroyed()
    {
        var order = Order();
        var made = await MadeAsync(order);

        // Its action has ended; its tags are not there yet, and we know what they will be.
        Assert.Equal((CloudState.Running, order.Fleet, order.Id), (made.State, made.Fleet, made.Order));
        Assert.NotNull(made.PublicAddress);
        Assert.NotNull(made.PrivateAddress);
        Assert.Equal(order.UserData, _ocean.Droplets.Single().UserData);

        await GoneAsync(made);
        Assert.Null(await _cloud.GetAsync(Region, made.Id, Ct));
        Assert.Empty(_world.Bill.Running("digitalocean"));
    }

    [Fact]
    public async Task Droplets_with_a_GPU_are_listed_too_and_tags_are_waited_for()
    {
        var plain = await MadeAsync(Order());
        var gpu = await MadeAsync(Order("gpu-h100x1-80gb"));
        while ((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count < 2)
            await Task.Delay(20, Ct);

        var ids = (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Select(machine => machine.Id);
        Assert.Equal([plain.Id, gpu.Id], ids);
        Assert.Empty((await _cloud.ListAsync(CloudOrders.OtherFleet, [], Ct)).Machines);
    }

    [Theory]
    [InlineData(Stumble.CutBefore, 0)]
    [InlineData(Stumble.CutAfter, 1)]
    [InlineData(Stumble.CutWithin, 1)]
    [InlineData(Stumble.Status500, 0)]
    public async Task A_create_that_stumbles_is_sent_once_and_found_by_its_name(Stumble stumble, int made)
    {
        foreach (var type in (string[])["s-4vcpu-8gb", "gpu-h100x1-80gb"])
        {
            var before = _world.Count("digitalocean", "POST /v2/droplets");
            _world.Faults.Next("POST /v2/droplets", stumble);
            var order = Order(type);

            Assert.IsType<CreateAnswer.Doubtful>(await _cloud.CreateAsync(order, Ct));

            Assert.Equal(before + 1, _world.Count("digitalocean", "POST /v2/droplets"));
            var found = await _cloud.FindAsync(order, Ct);
            Assert.Equal(made == 1, found is FindAnswer.Made { Machine: { } machine } && machine.Order == order.Id);
            Assert.Equal(made == 0, found is FindAnswer.Absent);
        }
    }

    [Fact]
    public async Task Of_two_droplets_with_one_name_the_older_is_kept()
    {
        var order = Order();
        var first = await MadeAsync(order);
        var second = await MadeAsync(order);

        Assert.Equal(first.Id, Assert.IsType<FindAnswer.Made>(await _cloud.FindAsync(order, Ct)).Machine.Id);
        Assert.NotNull(_ocean.Droplets.Single(droplet => droplet.Id == second.Id).Gone);
        Assert.Null(_ocean.Droplets.Single(droplet => droplet.Id == first.Id).Gone);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_creation_that_fails_later_is_a_lack_of_stock_and_leaves_no_corpse(bool corpse)
    {
        _world.Faults.Next("creation", Stumble.Own);
        if (!corpse)
            _world.Faults.Next("no corpse", Stumble.Own);

        Assert.Equal(CloudFault.OutOfStock, (await RefusedAsync(Order())).Fault);

        Assert.All(_ocean.Droplets, droplet => Assert.NotNull(droplet.Gone));
        Assert.Empty(_world.Bill.Running("digitalocean"));
    }

    [Fact]
    public async Task A_droplet_that_is_still_being_made_cannot_be_deleted_yet()
    {
        _ocean.Boot = TimeSpan.FromSeconds(100);
        var order = Order();
        var making = _cloud.CreateAsync(order, Ct);
        FindAnswer found;
        while ((found = await _cloud.FindAsync(order, Ct)) is not FindAnswer.Made)
            await Task.Delay(10, Ct);

        var machine = Assert.IsType<FindAnswer.Made>(found).Machine;
        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.DestroyAsync(machine, Ct));
        Assert.Equal(CloudFault.Busy, fault.Fault);
        _ocean.Boot = TimeSpan.Zero;
        Assert.IsType<CreateAnswer.Made>(await making);
    }

    [Fact]
    public async Task Our_key_is_put_there_once_and_looked_for_once()
    {
        await MadeAsync(Order());
        await MadeAsync(Order());

        Assert.Equal(1, _world.Count("digitalocean", "GET /v2/account/keys"));
        Assert.Equal(1, _world.Count("digitalocean", "POST /v2/account/keys"));
        using var next = Cloud(site => site with { SshKeys = ["123", "aa:bb"] });
        await MadeAsync(Order(), next);
        Assert.Equal(1, _world.Count("digitalocean", "POST /v2/account/keys"));
        var sent = _world.Requests.Last(request => request.What == "POST /v2/droplets").Body;
        Assert.Matches("\"ssh_keys\":\\[[0-9]+,123,\"aa:bb\"\\]", sent);
    }

    [Fact]
    public async Task A_snapshot_is_found_by_its_name_where_it_is()
    {
        using var own = Cloud(site =>
            site with
            {
                Snapshot = true,
                Image = "nodeodm-image",
                Places = ["nyc3", Region],
            }
        );
        var order = Order() with { Image = "nodeodm-image" };

        var elsewhere = await RefusedAsync(order, own);
        Assert.Equal(CloudFault.NotHere, elsewhere.Fault);
        Assert.Contains("nyc3", elsewhere.Message);
        await MadeAsync(order with { Place = "nyc3" }, own);
        Assert.Contains("\"image\":4711", _world.Requests.Last(request => request.What == "POST /v2/droplets").Body);
        Assert.Equal(
            CloudFault.BadOrder,
            (await RefusedAsync(order with { Image = "other", Place = "nyc3" }, own)).Fault
        );
    }

    [Fact]
    public async Task One_status_means_many_things_and_its_words_tell_them_apart()
    {
        _ocean.SoldOut.Add(("s-4vcpu-8gb", Region));
        Assert.Equal(CloudFault.OutOfStock, (await RefusedAsync(Order())).Fault);
        Assert.Equal(CloudFault.NotHere, (await RefusedAsync(Order() with { Place = "sfo9" })).Fault);
        Assert.Equal(CloudFault.BadOrder, (await RefusedAsync(Order("s-99vcpu"))).Fault);
        _ocean.SoldOut.Clear();
        _ocean.Limit = 0;
        Assert.Equal(CloudFault.Quota, (await RefusedAsync(Order())).Fault);
        _ocean.ReadOnly = true;
        var right = await RefusedAsync(Order());
        Assert.Equal(CloudFault.NoPermission, right.Fault);
        Assert.Contains("droplet:create", right.Fix);
        using var wrong = Cloud(site => site with { Token = new("dop_v1_wrong_wrong_wrong_wrong", "burst.token") });
        var key = await RefusedAsync(Order(), wrong);
        Assert.Equal(CloudFault.BadCredentials, key.Fault);
        Assert.DoesNotContain("dop_v1_wrong", key.Message + key.Fix);
        Assert.Contains("burst.token", key.Fix);
    }

    [Fact]
    public async Task The_limit_of_a_minute_stops_all_requests_until_it_said()
    {
        _ocean.PerMinute = 0;
        var fault = await RefusedAsync(Order());

        Assert.Equal(CloudFault.Throttled, fault.Fault);
        Assert.InRange((Assert.IsType<DateTimeOffset>(fault.Until) - _world.Requests[^1].At).TotalSeconds, 36, 60);
        var sent = _world.Requests.Count;
        await RefusedAsync(Order());
        Assert.Equal(sent, _world.Requests.Count);
    }

    [Fact]
    public async Task All_pages_are_read_and_a_list_that_breaks_off_is_a_fault()
    {
        for (var n = 0; n < 201; n++)
            _world.Machines.Add(
                new Droplet
                {
                    Provider = "digitalocean",
                    Id = (n + 1).ToString(),
                    Name = $"d{n}",
                    Type = "s-4vcpu-8gb",
                    Place = Region,
                    Created = _world.Now.AddHours(-1),
                    State = "active",
                    Tags = [$"muster:{CloudOrders.Fleet}"],
                }
            );

        Assert.Equal(201, (await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Machines.Count);
        _world.Faults.Next("GET /v2/droplets?type=gpus", Stumble.Status503);
        var fault = await Assert.ThrowsAsync<CloudException>(() => _cloud.ListAsync(CloudOrders.Fleet, [], Ct));
        Assert.Equal(CloudFault.Upstream, fault.Fault);
    }

    [Fact]
    public async Task The_key_is_a_leftover_when_no_droplet_is_there_and_can_be_removed()
    {
        var made = await MadeAsync(Order());
        await GoneAsync(made);

        var key = Assert.Single((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers);
        Assert.Equal("ssh_key", key.Kind);
        Assert.True(await _cloud.DestroyAsync(made with { Parts = [key] }, Ct));
        Assert.Empty((await _cloud.ListAsync(CloudOrders.Fleet, [], Ct)).Leftovers);
    }

    [Fact]
    public async Task Prices_are_by_the_second_with_a_cent_at_least()
    {
        var price = Assert.Single(await _cloud.PricesAsync(Ct));

        Assert.Equal((0.07143m, "USD"), (price.PerHour, price.Currency));
        Assert.Equal(new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), 0.01m), price.Unit);
    }

    [Fact]
    public async Task A_check_finds_nothing_wrong_and_makes_nothing_or_says_all()
    {
        Assert.Empty(await _cloud.CheckAsync(Ct));
        Assert.InRange(_world.Requests.Count, 1, 10);
        Assert.Empty(_ocean.Droplets);

        _ocean.ReadOnly = true;
        _ocean.Limit = 2;
        using var wrong = Cloud(site =>
            site with
            {
                Places = ["frankfurt", "nyc3"],
                Machines = [new(5, "s-4vcpu-8gb"), new(null, "s-4vcpu-9gb")],
                Image = "ubuntu-16-04-x64",
            }
        );
        var findings = await wrong.CheckAsync(Ct);
        foreach (
            var part in (string[])
                [
                    "may not make droplets",
                    "no region 'frankfurt'",
                    "did you mean 's-4vcpu-8gb'",
                    "may have 2 droplets",
                    "no image 'ubuntu-16-04-x64'",
                ]
        )
            Assert.Contains(findings, finding => finding.What.Contains(part, StringComparison.Ordinal));
    }
}
