using Xunit.Sdk;

namespace Muster.Runs.Launching;

/// <summary>
/// The line of a plain host, kept by the real scripts in a real sh: killed before each step that others can see, and
/// woven into each other.
/// </summary>
public sealed class QueueTests
{
    private static readonly (int, int)[] Two = [(1, 2), (1, 2)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whoever_is_cut_at_a_step_leaves_the_line_right(bool killed)
    {
        for (var at = 0; Cut(null, at, killed, Two); at++) { }
    }

    [Fact]
    [Trait("Takes", "long")]
    public void Steps_in_any_order_with_kills_and_cancels_give_nothing_out_twice()
    {
        for (var seed = 1; seed <= 12; seed++)
            Storm(seed);
    }

    /// <summary>Without its guard some order of steps gives a GPU to two.</summary>
    [Theory]
    [InlineData("if queue_enter; then", "if :; then")]
    [InlineData("queue_look \"$queue_name\"\n          if [ -n \"$queue_turn\" ]", "if [ -n \"$queue_turn\" ]")]
    public void A_line_without_its_guard_is_noticed(string guard, string other)
    {
        string Change(string name, string text)
        {
            if (name != "queue.sh")
                return text;
            Assert.Contains(guard, text, StringComparison.Ordinal);
            return text.Replace(guard, other, StringComparison.Ordinal);
        }
        Assert.ThrowsAny<XunitException>(() =>
        {
            for (var at = 0; Cut(Change, at, killed: false, Two); at++) { }
        });
    }

    /// <summary>
    /// One has its number, and no place yet. Another comes behind it and stands still, or is killed, before a step; the
    /// first goes as far as it can; then all go on.
    /// </summary>
    private static bool Cut(Func<string, string, string>? change, int at, bool killed, (int, int)[] wants)
    {
        using var site = new QueueSite(change, wants);
        do Assert.True(site.Step(0), "it does not stand in line");
        while (!site.Stands(0, "touch"));
        for (var step = 0; step < at; step++)
        {
            if (!site.Step(1))
                return false;
        }
        if (killed)
            site.Kill(1);
        for (var step = 0; step < 60 && site.Step(0); step++) { }
        site.Finish();
        Assert.True(site.AllBegan, $"somebody never began\n{site.Story}");
        Assert.DoesNotContain(
            Directory.GetFiles(site.Line).Select(Path.GetFileName),
            name => name!.StartsWith("wait.", StringComparison.Ordinal) && !killed
        );
        return true;
    }

    private static void Storm(int seed)
    {
        var random = new Random(seed);
        using var site = new QueueSite(null, (1, 1), (1, 1), (1, 2), (2, 0), (0, 1));
        for (var step = 0; step < 120; step++)
        {
            var who = random.Next(5);
            switch (random.Next(40))
            {
                case 0 when who != 4:
                    site.Kill(who);
                    break;
                case 1 when who == 3:
                    site.Cancel(who);
                    break;
                case < 4:
                    site.End(who);
                    break;
                default:
                    site.Step(who);
                    break;
            }
        }
        site.Finish();
    }
}
