using Muster.Gateway.Fleet;

namespace Muster.Gateway.Model;

public sealed class NodeHealthTests
{
    private readonly NodeHealth _well = NodeHealth.Well(TimeSpan.FromMilliseconds(3), Nodes.Now);

    [Fact]
    public void One_missed_answer_leaves_it_online_but_brings_it_no_work()
    {
        var once = _well.MissedAnswer("timed out", Nodes.Now.AddSeconds(5));
        Assert.True(once.IsOnline(Nodes.Now.AddHours(1)));
        Assert.False(once.Answers);
    }

    [Fact]
    public void Several_missed_answers_over_some_time_make_it_offline()
    {
        var health = _well;
        for (var miss = 0; miss < 3; miss++)
            health = health.MissedAnswer("refused", Nodes.Now.AddSeconds(miss));
        Assert.True(health.IsOnline(Nodes.Now.AddSeconds(14)));
        Assert.False(health.IsOnline(Nodes.Now.AddSeconds(15)));
        Assert.Equal(TimeSpan.FromSeconds(15), health.Away(Nodes.Now.AddSeconds(15)));
    }

    [Fact]
    public void A_node_that_answers_is_well()
    {
        var health = NodeHealth.Well(TimeSpan.Zero, Nodes.Now.AddMinutes(9));
        Assert.True(health.Answers);
        Assert.Equal(TimeSpan.Zero, health.Away(Nodes.Now.AddMinutes(10)));
    }

    [Fact]
    public void A_node_that_never_answered_is_offline() => Assert.False(NodeHealth.Unknown.IsOnline(Nodes.Now));

    [Fact]
    public void Patience_and_pauses_grow_with_each_miss()
    {
        var health = _well;
        var patience = new List<double> { health.Patience.TotalSeconds };
        var pauses = new List<double>();
        for (var miss = 0; miss < 30; miss++)
        {
            health = health.MissedAnswer("timed out", Nodes.Now);
            patience.Add(health.Patience.TotalSeconds);
            pauses.Add(health.Pause(TimeSpan.FromSeconds(2)).TotalSeconds);
        }
        Assert.Equal(patience.Order(), patience);
        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal((2, 30), (pauses[0], pauses[^1]));
    }
}
