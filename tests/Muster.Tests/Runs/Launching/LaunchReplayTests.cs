using Xunit.Sdk;

namespace Muster.Runs.Launching;

/// <summary>
/// The model that <see cref="LaunchProtocolTests"/> explores is that of the real scripts: each kind of step in it is
/// replayed by them, and so are walks at random, with any number of switches.
/// </summary>
public sealed class LaunchReplayTests
{
    [Fact]
    public void Each_step_of_the_model_is_what_the_scripts_do()
    {
        var stories = LaunchProtocolTests.Explored.Value.StoryOfEachSiteStep();
        TestContext.Current.TestOutputHelper?.WriteLine($"{stories.Count} kinds of steps");
        Assert.True(stories.Count > 80, $"only {stories.Count} kinds of steps");
        using var replay = new LaunchReplay();
        foreach (var story in stories)
            replay.Play(story);
    }

    [Fact]
    public void Walks_at_random_are_what_the_scripts_do() => Walk(1, 40);

    [Fact]
    [Trait("Takes", "long")]
    public void Many_walks_at_random_are_what_the_scripts_do() => Walk(1000, 3000);

    /// <summary>The order of two steps, a look that is left out, one that is answered otherwise.</summary>
    [Theory]
    [InlineData("launch", "[ ! -e \"$status/.tried\" ] || { again=1; look; }", ":")]
    [InlineData("launch", "wish || exit 1", ":")]
    [InlineData("launch", "rm -f \"$status/.tried\"", ":")]
    [InlineData("scheduler.sh", "[ -L \"$owner\" ] || continue", "continue")]
    [InlineData(
        "supervise",
        "[ -e \"$status/cancel\" ] || [ -e \"$status/refused\" ]; then finish",
        "false; then finish"
    )]
    public void A_script_that_does_otherwise_is_noticed(string script, string line, string other)
    {
        using var replay = new LaunchReplay(
            (file, text) =>
            {
                if (file != script)
                    return text;
                Assert.Contains(line, text, StringComparison.Ordinal);
                return text.Replace(line, other, StringComparison.Ordinal);
            }
        );
        Assert.ThrowsAny<XunitException>(() =>
        {
            foreach (var story in LaunchProtocolTests.Explored.Value.StoryOfEachSiteStep())
                replay.Play(story);
        });
    }

    private static void Walk(int first, int walks)
    {
        using var replay = new LaunchReplay();
        for (var seed = first; seed < first + walks; seed++)
        {
            var random = new Random(seed);
            var story = new List<(Moment, Step)>();
            Moment moment = default;
            while (story.Count < 100)
            {
                var steps = Exploration.Steps(moment).Where(step => step.To != moment).ToList();
                if (steps.Count == 0)
                    break;
                // Faults are seldom enough for some runs to come to their end.
                var usual = steps.Where(step => !step.Fault).ToList();
                var from = usual.Count > 0 && random.Next(8) > 0 ? usual : steps;
                var step = from[random.Next(from.Count)];
                story.Add((moment, step));
                moment = step.To;
            }
            try
            {
                replay.Play(story);
            }
            catch (Exception wrong)
            {
                throw new InvalidOperationException($"seed {seed}: {wrong.Message}", wrong);
            }
        }
    }
}
