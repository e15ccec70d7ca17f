namespace Muster.Cli.Terminal;

public sealed class TransferLineTests
{
    [Fact]
    public void The_rate_and_the_time_left_are_those_of_the_last_ten_seconds()
    {
        var clock = new Hand();
        var line = new TransferLine(new Screen(quiet: true), "sending", clock);
        Assert.Equal("sending     0/2 files, 0 B of 1 GB", After(0, 0));
        Assert.Equal("sending     0/2 files, 5 MB of 1 GB", After(0.5, 5));
        Assert.Equal("sending     0/2 files, 10 MB of 1 GB, 10 MB/s, 99 s left", After(0.5, 10));
        for (var second = 2; second <= 20; second++)
            After(1, 10 + (20 * (second - 1)));
        Assert.Equal("sending     0/2 files, 410 MB of 1 GB, 20 MB/s, 30 s left", After(1, 410));
        Assert.Equal("sending     0/2 files, 1 GB of 1 GB, 77 MB/s", After(1, 1000));
        Assert.Equal("sending     0/2 files, 3 MB of 1 GB", After(1, 3));

        string After(double seconds, long megabytes)
        {
            clock.Ticks += TimeSpan.FromSeconds(seconds).Ticks;
            return line.TextFor(new(0, 2, megabytes * 1_000_000, 1_000_000_000));
        }
    }

    /// <summary>A clock that is set by hand.</summary>
    private sealed class Hand : TimeProvider
    {
        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
