using Muster.Runs.Explain;

namespace Muster.Runs.Measures;

/// <summary>What a supervisor's samples say.</summary>
public sealed class UsageTests
{
    [Fact]
    public void Samples_tell_processors_memory_and_how_idle_the_gpu_was()
    {
        var usage = Summary(
            "1000\t0.00\t-\t-\t-\t-\n1010\t11.00\t512\t0\t100\t-\n"
                + "1020\t22.00\t2048\t1\t200\t30\n1030\t33.00\t1024\t90\t300\t-\n"
        )!;

        Assert.Equal((30, 1.1, 2048), (usage.Seconds, Math.Round(usage.Cores, 9), usage.Memory));
        Assert.Equal(
            (67, 30, 300, 30),
            (Math.Round(usage.GpuIdle!.Value), Math.Round(usage.Gpu!.Value), usage.GpuMemory, usage.Disk)
        );
    }

    [Fact]
    public void An_attempt_begins_at_nothing_and_what_is_missing_later_counts_once() =>
        Assert.Equal(
            2,
            Summary(
                "0\t0.00\t-\t-\t-\t-\n10\t20.00\t1\t-\t-\t-\n20\t5.00\t-\t-\t-\t-\n"
                    + "100\t0.00\t-\t-\t-\t-\n110\t40.00\t-\t-\t-\t-\n"
            )!.Cores
        );

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\n1\t2\n")]
    [InlineData("1\t0\t-\t-\t-\t-\n2\t1\t-\t-\t-\t-\n")]
    [InlineData("9\t-1\t-\t-\t-\t-\n99\tNaN\t1e9\t-\t-\t-\n99999999999999\t1\t-\t-\t-\t-\n")]
    public void What_is_no_sample_or_too_short_says_nothing(string text) => Assert.Null(Summary(text));

    [Fact]
    public void Why_tells_what_was_asked_for_and_what_was_used()
    {
        var run = new Run
        {
            Plan = new()
            {
                Id = RunId.New(TimeProvider.System),
                Name = "x",
                Site = "s",
                Command = ["x"],
                WorkingFolder = "/",
                Cpus = 16,
                BatchLines = [],
            },
            Created = DateTimeOffset.UnixEpoch,
        };
        var usage = new UsageSummary(100, 1.1, 900, 15, 80, 4000, null);

        Assert.Equal(
            [
                "asked for 16 cores and used 1.1 on average: --cpus 2 would do",
                "900 MB of memory at most",
                "the GPU was idle for 80 % of the time, as far as it was looked at",
            ],
            Use.Of(run, usage)
        );
        Assert.Equal(
            "asked for 8 cores and used 1.1 on average: --cpus 2 would do; "
                + "asked for 1.0 GB of memory and used 900 MB at most",
            string.Join(
                "; ",
                Use.Of(
                        run with
                        {
                            Plan = run.Plan with { BatchLines = ["#SBATCH --cpus-per-task=8", "#SBATCH --mem=1G"] },
                        },
                        usage
                    )
                    .Take(2)
            )
        );
    }

    private static UsageSummary? Summary(string text) => UsageSummary.Of([RankUsage.Read(text)], together: true);
}
