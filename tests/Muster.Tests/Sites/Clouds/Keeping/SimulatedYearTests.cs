namespace Muster.Sites.Clouds.Keeping;

/// <summary>
/// Machines are kept through years of virtual time at a provider that lies, forgets and fails, by a process that is
/// killed at every write and every request. What must hold is checked by <see cref="Year"/> and
/// <see cref="HostileCloud"/> while it runs and at its end.
/// </summary>
public sealed class SimulatedYearTests
{
    private static readonly HostileCloud.Kind Hours = new(
        "hours",
        new(TimeSpan.FromHours(1), TimeSpan.Zero),
        "EUR",
        OffIsGone: false
    );
    private static readonly HostileCloud.Kind Cents = new(
        "cents",
        new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), 0.01m),
        "USD",
        OffIsGone: false
    );
    private static readonly HostileCloud.Kind Minutes = new(
        "minutes",
        new(TimeSpan.FromMinutes(1), TimeSpan.Zero),
        "EUR",
        OffIsGone: false
    );
    private static readonly HostileCloud.Kind Seconds = new(
        "seconds",
        new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        "USD",
        OffIsGone: true
    );

    private static readonly HostileCloud.Kind[] Kinds = [Hours, Cents, Minutes, Seconds];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task After_a_quarter_with_a_hostile_provider_nothing_is_left_and_nothing_was_overspent(int kind)
    {
        using var year = new Year(100 + kind, Kinds[kind]) { DiesOften = 0.002 };

        await year.RunAsync(TimeSpan.FromDays(91), burstsPerDay: 3);

        Assert.True(year.Deaths > 20, $"it died only {year.Deaths} times");
    }

    [Fact]
    public async Task After_a_year_with_two_keepers_of_one_store_nothing_is_left_and_nothing_was_overspent()
    {
        using var year = new Year(7, Cents) { DiesOften = 0.001, Keepers = 2 };

        await year.RunAsync(TimeSpan.FromDays(365), burstsPerDay: 2);

        string[] all =
        [
            "no stock",
            "not offered",
            "upstream",
            "throttled",
            "revoked",
            "quota",
            "create busy",
            "create never sent",
            "create cut before",
            "create cut after",
            "create comes late",
            "no login",
            "made broken",
            "get fails",
            "page misses an entry",
            "page repeats an entry",
            "somebody else's machine in the list",
            "delete busy",
            "delete forgotten",
            "machine comes back",
            "delete answered with 500",
            "lease over",
            "machine dies",
            "machine deleted by hand",
            "mark taken off by hand",
        ];
        Assert.Empty(all.Except(year.Cloud.Happened.Keys));
    }

    [Theory]
    [Trait("Takes", "long")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Five_years_each_with_another_seed_leave_nothing(int kind)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            using var year = new Year(1000 + seed, Kinds[kind]) { DiesOften = 0.002, Keepers = 1 + (seed % 2) };
            await year.RunAsync(TimeSpan.FromDays(365), burstsPerDay: 3);
        }
    }

    /// <summary>Every write and every request is a point before and after which the process dies, in turn.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Killed_at_any_point_it_leaves_nothing(int kind)
    {
        async Task<int> RunAsync(int? at)
        {
            using var day = new Year(21, Kinds[kind]) { DiesAt = at };
            await day.RunAsync(TimeSpan.FromHours(2), burstsPerDay: 16);
            Assert.Equal(at is null ? 0 : 1, day.Deaths);
            return day.Points;
        }

        var points = await RunAsync(null);
        Assert.True(points > 200, $"only {points} points");
        for (var at = 1; at <= points; at++)
            await RunAsync(at);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_events()
    {
        async Task<string> RunAsync()
        {
            using var month = new Year(3, Cents) { DiesOften = 0.002 };
            await month.RunAsync(TimeSpan.FromDays(20), burstsPerDay: 3);
            return month.Log;
        }

        var first = await RunAsync();
        Assert.NotEmpty(first);
        Assert.Equal(first, await RunAsync());
    }

    /// <summary>With each provider's own rounding, to the last digit.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Where_nothing_lags_the_ledger_is_the_bill(int kind)
    {
        using var year = new Year(50 + kind, Kinds[kind] with { Calm = true });

        await year.RunAsync(TimeSpan.FromDays(45), burstsPerDay: 3);

        Assert.True(year.Cloud.Vms.Count > 100, $"only {year.Cloud.Vms.Count} machines");
    }
}
