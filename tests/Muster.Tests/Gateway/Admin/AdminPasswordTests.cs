using System.Net;

namespace Muster.Gateway.Admin;

public sealed class AdminPasswordTests
{
    private static readonly IPAddress Here = IPAddress.Parse("10.0.0.1"),
        There = IPAddress.Parse("10.0.0.2");
    private readonly Clock _clock = new();

    [Fact]
    public void Guesses_are_slowed_down_and_the_right_password_is_never_out_for_long()
    {
        var keeper = new AdminPassword("right", _clock);
        for (var n = 0; n < AdminPassword.MostGuesses; n++)
            Assert.Equal(Verdict.Wrong, keeper.Check(Here, $"{n}"));
        Assert.Equal(Verdict.TooMany, keeper.Check(Here, "right"));
        Assert.Equal(Verdict.Right, keeper.Check(There, "right"));

        // Who goes on failing, twice a second, is heard half of the time.
        var heard = 0;
        for (var n = 0; n < 60; n++)
        {
            _clock.Now += AdminPassword.Pause / 2;
            if (keeper.Check(Here, "wrong") == Verdict.Wrong)
                heard++;
        }
        Assert.InRange(heard, 28, 31);
        _clock.Now += AdminPassword.Pause;
        Assert.Equal(Verdict.Right, keeper.Check(Here, "right"));
        Assert.Equal(Verdict.Right, keeper.Check(Here, "right"));
    }

    [Fact]
    public void A_job_somewhere_with_an_old_password_keeps_nobody_out()
    {
        var keeper = new AdminPassword("right", _clock);
        for (var n = 0; n < 1_000; n++)
        {
            _clock.Now += AdminPassword.Pause * 2;
            Assert.Equal(Verdict.Wrong, keeper.Check(Here, "old"));
            Assert.Equal(Verdict.Right, keeper.Check(Here, "right"));
        }
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
