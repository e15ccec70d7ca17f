namespace Muster.Runs.Submit;

public sealed class SiteStartTests
{
    [Fact]
    public void The_soonest_comes_first_and_those_that_cannot_take_it_are_left_out()
    {
        SiteStart[] starts =
        [
            new("unknown", null, ""),
            new("hour", TimeSpan.FromHours(1), ""),
            new("cannot", null, "", Takes: false),
            new("now", TimeSpan.Zero, ""),
            new("minutes", TimeSpan.FromMinutes(5), ""),
        ];

        Assert.Equal(["now", "minutes", "hour", "unknown"], SiteStart.InOrder(starts).Select(start => start.Site));
    }

    [Fact]
    public void Of_two_that_begin_within_the_same_minute_the_first_named_is_taken() =>
        Assert.Equal(
            ["first", "second"],
            SiteStart
                .InOrder([new("first", TimeSpan.FromSeconds(40), ""), new("second", TimeSpan.Zero, "")])
                .Select(start => start.Site)
        );

    [Theory]
    [InlineData("in=90\n", 90, true)]
    [InlineData("in=-3\n", 0, true)] // a clock that is a little late
    [InlineData("code=0\nsaid=submitted something\n", null, true)]
    [InlineData("code=1\nsaid=allocation failure: Requested node configuration is not available\n", null, false)]
    [InlineData(
        "code=1\nsaid=sbatch: error: invalid partition specified: gpux allocation failure: Invalid partition name specified\n",
        null,
        false
    )]
    [InlineData(
        "code=1\nsaid=sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n",
        null,
        true
    )]
    public void What_a_scheduler_answers_is_understood(string output, int? seconds, bool takes)
    {
        var start = SiteStart.Read("cedar", output);

        Assert.Equal((seconds, takes), ((int?)start.In?.TotalSeconds, start.Takes));
    }
}
