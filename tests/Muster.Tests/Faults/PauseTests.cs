namespace Muster.Faults;

public sealed class PauseTests
{
    [Fact]
    public void Pauses_grow_to_their_most_and_differ_a_little()
    {
        var pause = new Pause(new Random(1));
        var seen = new HashSet<TimeSpan>();
        for (var tries = 1; tries <= 40; tries++)
        {
            var time = pause.After(tries, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
            Assert.InRange(time.TotalSeconds, Math.Min(tries, 10) * 0.75, Math.Min(tries, 10) * 1.25);
            Assert.True(seen.Add(time));
        }
    }

    [Fact]
    public void A_seed_gives_the_same_pauses_again()
    {
        TimeSpan Second(int seed)
        {
            var pause = new Pause(new Random(seed));
            pause.Share();
            return pause.About(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(Second(7), Second(7));
        Assert.NotEqual(Second(7), Second(8));
    }
}
