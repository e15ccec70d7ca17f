using Muster.Gateway.Tasks;

namespace Muster.Gateway.Limits;

public sealed class FloodLimitTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void More_uploads_begun_than_the_limit_are_refused_until_some_are_finished()
    {
        var flood = new FloodLimit(2, _clock);
        Assert.Equal([true, true, false], [flood.Begin("a"), flood.Begin("a"), flood.Begin("a")]);
        Assert.True(flood.Begin("b"));
        flood.Finished("a");
        flood.Finished("a");
        Assert.True(flood.Begin("a"));
    }

    [Fact]
    public void A_third_is_forgiven_every_fifteen_minutes()
    {
        var flood = new FloodLimit(2, _clock);
        for (var n = 0; n < 3; n++)
            flood.Begin("a");
        _clock.Now += TimeSpan.FromMinutes(14);
        Assert.False(flood.Begin("a")); // 4 begun, a refused one stays counted
        _clock.Now += TimeSpan.FromMinutes(1);
        Assert.False(flood.Begin("a")); // floor(4 × 0.66) = 2, and this one
        _clock.Now += TimeSpan.FromMinutes(15);
        Assert.True(flood.Begin("a")); // floor(3 × 0.66) = 1, and this one
    }

    [Fact]
    public void Zero_is_no_limit() =>
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.True(new FloodLimit(0, _clock).Begin("a")));

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
