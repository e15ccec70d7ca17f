using Xunit.Sdk;

namespace Muster.Runs.Launching;

/// <summary>
/// The real scripts, cut at every step and woven into each other: launchers, somebody who cancels, jobs that begin.
/// </summary>
/// <remarks>
/// Each schedule may begin with an attempt that was killed. Then one is cut: before each of its steps in turn it stands
/// still or is killed, while others come and go, one after the other; then it goes on. At the end all faults stop.
/// That is one switch in the midst of a script; <see cref="LaunchProtocolTests"/> takes any number, of a model.
/// </remarks>
public sealed class LaunchScheduleTests : IDisposable
{
    private LaunchSite _site = new();
    private int _schedules;

    public enum Fate
    {
        Waits,
        IsKilled,
        IsKilledAlone,
    }

    public void Dispose()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{_schedules} schedules");
        _site.Dispose();
    }

    [Theory]
    [InlineData(Reply.Taken, "B1", Fate.Waits)]
    [InlineData(Reply.Taken, "C", Fate.Waits)]
    [InlineData(Reply.TakenUnheard, "1B", Fate.IsKilled)]
    [InlineData(Reply.Refused, "", Fate.IsKilled)]
    public void A_launcher_may_be_cut_at_every_step(Reply reply, string others, Fate fate) =>
        Cut('A', fate, others, () => _site.Replies.Enqueue(reply));

    [Theory]
    [InlineData(Reply.TakenLate, "1C", Fate.Waits)]
    public void A_launcher_behind_a_dead_one_may_be_cut_at_every_step(Reply reply, string others, Fate fate) =>
        Cut('B', fate, others, () => Killed(reply));

    [Theory]
    [InlineData(Reply.TakenLate, "1B", Fate.Waits)]
    public void Who_cancels_may_be_cut_at_every_step(Reply reply, string others, Fate fate) =>
        Cut('C', fate, others, () => Killed(reply));

    [Theory]
    [InlineData(Reply.TakenUnheard, "BC")]
    public void A_job_may_begin_slowly(Reply reply, string others) => Cut('1', Fate.Waits, others, () => Killed(reply));

    [Theory]
    [InlineData(Reply.Taken, "B1", Fate.Waits)]
    [InlineData(Reply.TakenUnheard, "1B", Fate.IsKilled)]
    [InlineData(Reply.Taken, "C", Fate.Waits)]
    public void Who_begins_another_attempt_may_be_cut_at_every_step(Reply reply, string others, Fate fate)
    {
        _site.Dispose();
        _site = new(again: true);
        Cut('A', fate, others, () => _site.Replies.Enqueue(reply));
    }

    [Fact]
    [Trait("Takes", "long")]
    public void Whoever_is_cut_and_whoever_comes_meanwhile()
    {
        foreach (var reply in Enum.GetValues<Reply>())
        foreach (var fate in Enum.GetValues<Fate>())
        {
            foreach (var others in (string[])["", "B", "1B", "B1", "C", "C1", "1C", "BC", "CB", "B1C", "C1B"])
                Cut('A', fate, others, () => _site.Replies.Enqueue(reply));
            foreach (var others in (string[])["1", "C", "1C", "C1", "2C1", "A1C"])
                Cut('B', fate, others, () => Killed(reply));
            foreach (var others in (string[])["", "B", "1B", "B1", "B21"])
                Cut('C', fate, others, () => Killed(reply));
        }
        foreach (var reply in (Reply[])[Reply.Taken, Reply.TakenUnheard, Reply.TakenLate])
        foreach (var others in (string[])["", "B", "C", "BC", "CB", "B2", "B2C"])
            Cut('1', Fate.Waits, others, () => Killed(reply));
    }

    /// <summary>Each of these was a guard; without it some schedule goes wrong.</summary>
    [Theory]
    [Trait("Takes", "long")]
    [InlineData("supervise", "if ! ln -s \"$self\" \"$status/.owner.$claim\"", "if false", Reply.TakenLate, "1")]
    [InlineData("supervise", "if [ -e \"$status/cancel\" ] ||", "if false &&", Reply.TakenLate, "C")]
    [InlineData("launch", "date +%s >", "echo handle=1 | record launched\ndate +%s >", Reply.NotTakenUnheard, "")]
    [InlineData("launch", "{ again=1; look; }", ":", Reply.TakenLate, "1C")]
    public void A_script_without_its_guard_is_noticed(
        string script,
        string guard,
        string other,
        Reply reply,
        string others
    )
    {
        _site.Dispose();
        _site = new(
            (file, text) =>
            {
                if (file != script)
                    return text;
                Assert.Contains(guard, text, StringComparison.Ordinal);
                return text.Replace(guard, other, StringComparison.Ordinal);
            }
        );
        Assert.ThrowsAny<XunitException>(() =>
        {
            foreach (var fate in Enum.GetValues<Fate>())
                Cut('B', fate, others, () => Killed(reply));
        });
    }

    /// <summary>
    /// A launcher has asked the scheduler, and is killed before it has done anything with the answer.
    /// </summary>
    private void Killed(Reply reply)
    {
        _site.Replies.Enqueue(reply);
        while (_site.Replies.Count > 0)
            Assert.True(_site.Move('A', 1), "it does not ask the scheduler");
        _site.Kill('A', alone: false);
    }

    private void Cut(char who, Fate fate, string others, Action before)
    {
        for (var at = 0; ; at++)
        {
            _site.Clear();
            before();
            if (!_site.Move(who, at))
                break;
            if (fate is not Fate.Waits)
                _site.Kill(who, alone: fate is Fate.IsKilledAlone);
            foreach (var other in others)
                _site.Move(other);
            _site.Finish();
            _site.Check();
            _schedules++;
        }
    }
}
