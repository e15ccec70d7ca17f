namespace Muster.Sites.Clouds.Keeping;

public sealed class MachineStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-machines-");
    private readonly VirtualTime _time = new();
    private readonly MachineStore _store;

    public MachineStoreTests() => _store = new(File);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_folder.FullName, "machines.db");

    public void Dispose() => _folder.Delete(recursive: true);

    private MachineRecord Record(int number, string site = "burst") =>
        new()
        {
            Request = new()
            {
                Id = new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                Type = "large",
                Image = "ubuntu-24.04",
                Places = ["north", "south"],
                Life = TimeSpan.FromHours(2),
                PublicKey = "ssh-ed25519 AAAA",
                Purpose = "a test",
                Labels = new Dictionary<string, string> { ["team"] = "survey" },
            },
            Site = site,
            Fleet = "4be1c02a77d9",
            Created = _time.Now,
            NextAt = _time.Now,
            Until = _time.Now + TimeSpan.FromHours(2),
            Price = new("large", "north", 0.0119m, "EUR", new(TimeSpan.FromHours(1), TimeSpan.Zero)),
        };

    private Task<MachineRecord?> AddAsync(MachineRecord record) =>
        _store.PlaceAsync(record.Site, DateTimeOffset.MaxValue, _ => record, Ct);

    [Fact]
    public async Task A_fleet_has_one_mark_for_good()
    {
        var fleet = await _store.FleetAsync(Ct);
        Assert.Matches("^[0-9a-f]{12}$", fleet);
        Assert.Equal(fleet, await new MachineStore(File).FleetAsync(Ct));
    }

    [Fact]
    public async Task What_is_written_is_read_as_it_was_and_the_host_key_stands_apart()
    {
        var order = new MachineOrder
        {
            Id = Record(1).Id,
            Attempt = 1,
            Fleet = "4be1c02a77d9",
            Until = _time.Now,
            Place = "north",
            Type = "large",
            Image = "ubuntu-24.04",
            UserData = "PRIVATE",
            PublicKey = "ssh-ed25519 AAAA",
        };
        var asking = (Record(1) with { UserData = "PRIVATE" }).To(
            new MachineState.Asking(order, _time.Now),
            _time.Now,
            "asked for it"
        );
        await AddAsync(asking);

        var known = (await _store.FindAsync(asking.Id, Ct))!;
        Assert.DoesNotContain("PRIVATE", MachineJson.Text(known), StringComparison.Ordinal);
        Assert.Equal(MachineJson.Text(asking), MachineJson.Text(known));
        Assert.Equal(order.Name, known.Order!.Name);
        Assert.Equal("PRIVATE", known.Order.UserData);
        Assert.Equal(known.Name, order.Name);
    }

    [Fact]
    public async Task What_is_gone_is_read_only_by_those_who_ask_for_it()
    {
        await AddAsync(Record(1));
        await AddAsync(Record(2));
        await AddAsync(Record(3, "other"));
        await _store.ChangeAsync(
            Record(1).Id,
            known => known.To(new MachineState.Gone(_time.Now, "not needed", null), _time.Now, "not needed"),
            Ct
        );

        async Task<IEnumerable<Guid>> IdsAsync(DateTimeOffset goneSince) =>
            (await _store.ReadAsync("burst", goneSince, Ct)).Select(record => record.Id);
        Assert.Equal([Record(2).Id], await IdsAsync(DateTimeOffset.MaxValue));
        Assert.Equal([Record(1).Id, Record(2).Id], await IdsAsync(_time.Now));
        Assert.Equal([Record(2).Id], await IdsAsync(_time.Now + TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Many_at_once_do_not_break_a_limit()
    {
        await Parallel.ForAsync(
            1,
            13,
            async (number, ct) =>
                await new MachineStore(File).PlaceAsync(
                    "burst",
                    DateTimeOffset.MaxValue,
                    all => all.Count < 5 ? Record(number) : null,
                    ct
                )
        );

        Assert.Equal(5, (await _store.ReadAsync("burst", DateTimeOffset.MaxValue, Ct)).Count);
    }

    [Fact]
    public async Task A_sites_standing_is_kept()
    {
        await _store.ChangeStandingAsync(
            "burst",
            standing =>
                standing with
                {
                    Places = ["north"],
                    SweptAt = _time.Now,
                    Pauses = [new(CloudFault.Quota, null, null, _time.Now, 2, "server limit exceeded")],
                },
            Ct
        );

        var known = await new MachineStore(File).StandingAsync("burst", Ct);
        Assert.Equal(["north"], known.Places);
        Assert.Equal(
            new(CloudFault.Quota, null, null, _time.Now, 2, "server limit exceeded"),
            Assert.Single(known.Pauses)
        );
        Assert.Empty((await _store.StandingAsync("other", Ct)).Pauses);
    }

    [Fact]
    public void Nobody_else_can_read_the_file()
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    /// <summary>The keeper itself over a file, from the order to the proof.</summary>
    [Fact]
    public async Task A_machine_lives_its_life_in_a_file()
    {
        var cloud = new ScriptedCloud();
        CloudMachine? machine = null;
        cloud.Create = order => new CreateAnswer.Made(machine = ScriptedCloud.Machine(order));
        cloud.Get = _ => machine;
        cloud.List = () => new(machine is null ? [] : [machine], []);
        cloud.Destroy = _ => (machine = null) is null;
        var keeper = new MachineKeeper(
            cloud,
            _store,
            new()
            {
                Site = "burst",
                Limit = 1,
                DayBudget = 10,
                FirstBoot = _ => new("user data", "host key"),
                Redact = text => text,
            },
            _time,
            new Faults.Pause(new Random(1))
        );
        var id = Assert.IsType<OrderAnswer.Placed>(await keeper.OrderAsync(Record(1).Request, Ct)).Machine.Id;
        async Task<string> AfterAsync(int seconds)
        {
            for (var end = _time.Now + TimeSpan.FromSeconds(seconds); _time.Now < end; )
                _time.To(await keeper.StepAsync(Ct) is var next && next < end ? next : end);
            return (await _store.FindAsync(id, Ct))!.State.Word;
        }
        Assert.Equal("booting", await AfterAsync(10));
        await keeper.PreparingAsync(id, "logged in", Ct);
        Assert.Equal("preparing", await AfterAsync(10));
        await keeper.ReadyAsync(id, "set up", Ct);
        Assert.Equal("ready", await AfterAsync(3600));
        await keeper.ReleaseAsync(id, "idle", Ct);
        Assert.Equal("gone", await AfterAsync(60));
        Assert.Equal(
            0.60m,
            MachineLedger.Cost(
                (await _store.FindAsync(id, Ct))!,
                DateTimeOffset.MinValue,
                DateTimeOffset.MaxValue,
                _time.Now
            )
        );
    }
}
