using Muster.Faults;

namespace Muster.Sites.Clouds.Keeping;

public sealed class MachineKeeperTests : IDisposable
{
    private readonly VirtualTime _time = new();
    private readonly ScriptedCloud _cloud = new();
    private readonly MemoryStore _store = new();

    public void Dispose() => _cloud.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private MachineKeeper Keeper(decimal? hourBudget = null, decimal? monthBudget = null, int limit = 5) =>
        new(
            _cloud,
            _store,
            new()
            {
                Site = "burst",
                Limit = limit,
                HourBudget = hourBudget,
                MonthBudget = monthBudget,
                FirstBoot = _ => new("user data", "host key"),
                Redact = text => text.Replace("token-1234", "(hidden)"),
            },
            _time,
            new Pause(new Random(1))
        );

    private static MachineRequest Request(int number = 1, int? attempts = null) =>
        new()
        {
            Id = new(number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
            Type = "large",
            Image = "ubuntu-24.04",
            Places = ["north", "south"],
            Life = TimeSpan.FromHours(2),
            PublicKey = "ssh-ed25519 AAAA",
            Purpose = "a test",
            Attempts = attempts,
        };

    private static async Task<MachineRecord> PlacedAsync(MachineKeeper keeper, MachineRequest request) =>
        Assert.IsType<OrderAnswer.Placed>(await keeper.OrderAsync(request, Ct)).Machine;

    private MachineRecord Known => _store.All.Single();

    private async Task StepAsync(MachineKeeper keeper, TimeSpan length)
    {
        for (var end = _time.Now + length; _time.Now < end; )
            _time.To(await keeper.StepAsync(Ct) is var next && next < end ? next : end);
    }

    [Fact]
    public async Task The_attempt_is_stored_before_the_provider_is_asked()
    {
        var keeper = Keeper();
        MachineRecord? then = null;
        _cloud.Create = order =>
        {
            then = Known;
            return new CreateAnswer.Made(ScriptedCloud.Machine(order));
        };
        await PlacedAsync(keeper, Request());
        await keeper.StepAsync(Ct);

        Assert.IsType<MachineState.Asking>(then!.State);
        Assert.Equal("user data", then.Order!.UserData);
        Assert.Null(Known.UserData); // and forgotten once it is known
        Assert.Equal("host key", Known.HostKey);
    }

    [Fact]
    public async Task The_same_order_again_is_one_machine()
    {
        var keeper = Keeper();
        await PlacedAsync(keeper, Request());
        await PlacedAsync(keeper, Request());
        await keeper.StepAsync(Ct);

        Assert.Single(_cloud.Calls, call => call.StartsWith("create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Out_of_stock_means_the_next_place_at_once_and_then_a_pause()
    {
        var keeper = Keeper();
        _cloud.Create = _ => new CreateAnswer.Refused(ScriptedCloud.Fault(CloudFault.OutOfStock, "none left"));
        await PlacedAsync(keeper, Request());
        await StepAsync(keeper, TimeSpan.FromSeconds(30));

        Assert.Equal(["create north 1", "create south 2"], _cloud.Calls.Where(call => call != "list"));
        Assert.Contains(Known.Events, news => news.Text == "large in north: none left");

        _cloud.Create = order => new CreateAnswer.Made(ScriptedCloud.Machine(order));
        await StepAsync(keeper, TimeSpan.FromMinutes(2));
        Assert.Contains(_cloud.Calls, call => call is "create north 3" or "create south 3");
    }

    [Fact]
    public async Task A_place_that_runs_out_again_and_again_is_asked_less_and_less()
    {
        var keeper = Keeper();
        _cloud.Create = _ => new CreateAnswer.Refused(ScriptedCloud.Fault(CloudFault.OutOfStock, "none left"));
        await PlacedAsync(keeper, Request());
        await PlacedAsync(keeper, Request(2));
        await StepAsync(keeper, TimeSpan.FromHours(2));

        // 1, 2, 4, 8 and then every 15 minutes, in two places, for whatever waits.
        Assert.InRange(_cloud.Calls.Count(call => call.StartsWith("create", StringComparison.Ordinal)), 18, 30);
    }

    [Theory]
    [InlineData(CloudFault.BadOrder)]
    [InlineData(CloudFault.NotHere)]
    public async Task What_can_never_be_made_ends_with_the_providers_words(CloudFault fault)
    {
        var keeper = Keeper();
        _cloud.Create = _ => new CreateAnswer.Refused(ScriptedCloud.Fault(fault, "no such type"));
        await PlacedAsync(keeper, Request());
        await StepAsync(keeper, TimeSpan.FromMinutes(1));

        var gone = Assert.IsType<MachineState.Gone>(Known.State);
        Assert.Equal(fault, gone.Fault);
        Assert.Contains("no such type", gone.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_credentials_are_tried_once_an_hour_and_at_once_when_somebody_asks_for_it()
    {
        var keeper = Keeper();
        _cloud.Create = _ => new CreateAnswer.Refused(ScriptedCloud.Fault(CloudFault.BadCredentials, "who are you"));
        _cloud.List = () => throw ScriptedCloud.Fault(CloudFault.BadCredentials, "who are you");
        await PlacedAsync(keeper, Request());
        await StepAsync(keeper, TimeSpan.FromHours(5));
        Assert.InRange(_cloud.Calls.Count, 3, 7);

        var before = _cloud.Calls.Count;
        await keeper.TryAgainAsync(Ct);
        await keeper.StepAsync(Ct);
        Assert.True(_cloud.Calls.Count > before);
    }

    [Fact]
    public async Task Too_many_requests_stop_every_call_until_the_time_that_the_provider_names()
    {
        var keeper = Keeper();
        await PlacedAsync(keeper, Request());
        var until = _time.Now + TimeSpan.FromMinutes(7);
        _cloud.Create = _ => new CreateAnswer.Refused(
            new(CloudFault.Throttled, "rate limit of token-1234", "Wait.") { Until = until }
        );
        await PlacedAsync(keeper, Request(2));
        Assert.Equal(until, await keeper.StepAsync(Ct));
        Assert.DoesNotContain(
            "token-1234",
            string.Concat(_store.All.SelectMany(one => one.Events)),
            StringComparison.Ordinal
        );
        Assert.Equal(["list", "create north 1"], _cloud.Calls);

        _time.To(until - TimeSpan.FromSeconds(1));
        await keeper.StepAsync(Ct);
        Assert.Equal(2, _cloud.Calls.Count);
    }

    [Fact]
    public async Task An_order_beyond_limit_or_budget_is_refused_in_words()
    {
        var keeper = Keeper(hourBudget: 0.75m);
        await PlacedAsync(keeper, Request());
        var over = Assert.IsType<OrderAnswer.Refused>(await keeper.OrderAsync(Request(2), Ct));
        Assert.Equal(
            "the budget of 0.75 EUR an hour does not allow it: 0.4 is spent or reserved from 2027-01-01 00:00, "
                + "and it may cost 0.4 more",
            over.Why
        );

        await PlacedAsync(Keeper(), Request(3));
        var full = Assert.IsType<OrderAnswer.Refused>(await Keeper(limit: 2).OrderAsync(Request(4), Ct));
        Assert.Equal("the limit of 2 machines is reached: 2 run or are on their way", full.Why);
    }

    [Fact]
    public async Task A_budget_counts_the_whole_life_of_what_runs()
    {
        // Two hours of life and one of overrun at up to 0.40.
        var keeper = Keeper(monthBudget: 2);
        await PlacedAsync(keeper, Request());
        Assert.IsType<OrderAnswer.Refused>(await keeper.OrderAsync(Request(2), Ct));

        await keeper.ReleaseAsync(Known.Id, "not needed", Ct);
        await PlacedAsync(keeper, Request(3));
    }

    [Fact]
    public async Task A_machine_that_is_released_while_nobody_knows_whether_it_exists_goes_once_it_is_found()
    {
        var keeper = Keeper();
        _cloud.Create = _ => new CreateAnswer.Doubtful("nobody answered");
        var placed = await PlacedAsync(keeper, Request());
        await keeper.StepAsync(Ct);
        await keeper.ReleaseAsync(placed.Id, "the run was cancelled", Ct);
        Assert.IsType<MachineState.Doubtful>(Known.State);

        _cloud.Find = order => new FindAnswer.Made(ScriptedCloud.Machine(order));
        await StepAsync(keeper, TimeSpan.FromMinutes(5));
        Assert.IsType<MachineState.Gone>(Known.State);
        Assert.Contains("destroy i-1", _cloud.Calls);
    }

    [Fact]
    public async Task A_sweep_shows_what_it_would_destroy_and_leaves_others_alone()
    {
        var keeper = Keeper();
        var fleet = await _store.FleetAsync(Ct);
        MachineOrder Of(string whose) =>
            new()
            {
                Id = Guid.NewGuid(),
                Attempt = 1,
                Fleet = whose,
                Until = _time.Now + TimeSpan.FromHours(1),
                Place = "north",
                Type = "large",
                Image = "ubuntu-24.04",
                UserData = "",
                PublicKey = "",
            };
        var old = ScriptedCloud.Machine(Of(fleet)) with { Id = "old", Created = _time.Now - TimeSpan.FromHours(1) };
        var young = ScriptedCloud.Machine(Of(fleet)) with { Id = "young", Created = _time.Now };
        var foreign = ScriptedCloud.Machine(Of("0123456789ab")) with { Id = "foreign", Created = old.Created };
        _cloud.List = () => new([old, young, foreign], [new("volume", "vol-1", "north")]);

        var lines = await keeper.SweepAsync(destroy: false, Ct);
        Assert.Equal(
            [SweepVerdict.Stray, SweepVerdict.Unknown, SweepVerdict.Foreign, SweepVerdict.Unknown],
            lines.Select(line => line.Verdict)
        );
        Assert.Empty(_store.All);

        await keeper.SweepAsync(destroy: true, Ct);
        await keeper.StepAsync(Ct);
        Assert.Equal(["destroy old"], _cloud.Calls.Where(call => call.StartsWith("destroy", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_machine_that_somebody_deleted_is_believed_gone_after_three_looks_and_not_before()
    {
        var keeper = Keeper();
        CloudMachine? made = null;
        _cloud.Create = order => new CreateAnswer.Made(made = ScriptedCloud.Machine(order));
        _cloud.Get = _ => made;
        _cloud.List = () => new(made is null ? [] : [made], []);
        await PlacedAsync(keeper, Request());
        await StepAsync(keeper, TimeSpan.FromSeconds(30));
        await keeper.ReadyAsync(Known.Id, "set up", Ct);
        Assert.IsType<MachineState.Ready>(Known.State);

        made = null;
        await keeper.LookAsync(Known.Id, Ct);
        await StepAsync(keeper, TimeSpan.FromMinutes(4));
        Assert.IsType<MachineState.Ready>(Known.State);
        await StepAsync(keeper, TimeSpan.FromMinutes(4));
        Assert.IsType<MachineState.Gone>(Known.State);
    }
}
