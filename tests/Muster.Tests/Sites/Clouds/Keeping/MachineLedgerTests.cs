namespace Muster.Sites.Clouds.Keeping;

public sealed class MachineLedgerTests
{
    private static readonly DateTimeOffset Start = new(2027, 1, 31, 23, 30, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset February = new(2027, 2, 1, 0, 0, 0, TimeSpan.Zero);

    internal static MachineRecord Line(BillingUnit unit, TimeSpan life, decimal perHour = 0.6m) =>
        new()
        {
            Request = new()
            {
                Id = Guid.Empty,
                Type = "large",
                Image = "",
                Places = ["north"],
                Life = life,
                PublicKey = "",
                Purpose = "a test",
            },
            Site = "burst",
            Fleet = "4be1c02a77d9",
            Created = Start,
            NextAt = Start,
            Until = Start,
            Price = new("large", "north", perHour, "EUR", unit),
            MeterFrom = Start,
            MeterTo = Start + life,
        };

    private static decimal All(MachineRecord line) =>
        MachineLedger.Cost(line, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Start);

    [Fact]
    public void Begun_hours_cost_a_whole_one()
    {
        var hours = new BillingUnit(TimeSpan.FromHours(1), TimeSpan.Zero);
        Assert.Equal(0.6m, All(Line(hours, TimeSpan.FromMinutes(1))));
        Assert.Equal(0.6m, All(Line(hours, TimeSpan.FromMinutes(60))));
        Assert.Equal(1.2m, All(Line(hours, TimeSpan.FromMinutes(61))));
    }

    [Fact]
    public void Seconds_cost_at_least_a_minute_and_at_least_a_cent()
    {
        var seconds = new BillingUnit(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(0.01m, All(Line(seconds, TimeSpan.FromSeconds(20))));
        Assert.Equal(0.02m, All(Line(seconds, TimeSpan.FromSeconds(120))));
        Assert.Equal(0.01m, All(Line(seconds with { LeastCost = 0.01m }, TimeSpan.FromSeconds(20), perHour: 0.1m)));
    }

    [Fact]
    public void Each_month_has_its_own_units_and_its_own_cap()
    {
        var hours = new BillingUnit(TimeSpan.FromHours(1), TimeSpan.Zero, MonthlyCap: 3);
        var line = Line(hours, TimeSpan.FromHours(20));
        Assert.Equal(0.6m, MachineLedger.Cost(line, February.AddMonths(-1), February, Start));
        Assert.Equal(3m, MachineLedger.Cost(line, February, February.AddMonths(1), Start));
        Assert.Equal(3.6m, All(line));
    }

    [Fact]
    public void What_lives_costs_up_to_now_and_what_is_not_made_costs_nothing()
    {
        var seconds = new BillingUnit(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        var line = Line(seconds, TimeSpan.Zero) with { MeterTo = null };
        Assert.Equal(0.3m, MachineLedger.Cost(line, Start, February.AddMonths(1), Start + TimeSpan.FromMinutes(30)));
        Assert.Equal(0m, All(line with { MeterFrom = null }));
    }
}
