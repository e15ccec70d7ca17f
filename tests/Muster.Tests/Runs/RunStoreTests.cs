namespace Muster.Runs;

public sealed class RunStoreTests : IDisposable
{
    private long _added;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-store-");
    private readonly RunStore _store;

    public RunStoreTests() => _store = new(Path.Combine(_folder.FullName, "runs.db"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_scheduler_is_told_the_name_that_a_run_gets()
    {
        string[] Lines(Run run) => [.. run.Plan.BatchLines];
        Run Submitted() =>
            _store.Add(
                new()
                {
                    Plan = new()
                    {
                        Id = RunId.New(TimeProvider.System),
                        Name = "named",
                        Site = "s",
                        Command = ["true"],
                        WorkingFolder = "/",
                        BatchLines = ["#SBATCH --job-name=named-0", "#SBATCH --mem=1G"],
                    },
                    Created = DateTimeOffset.UtcNow,
                }
            );
        Submitted();
        var second = Submitted();
        Assert.Equal([$"#SBATCH --job-name=named-2-{second.Id.Short}", "#SBATCH --mem=1G"], Lines(second));
    }

    [Fact]
    public void Runs_of_one_name_are_a_series_of_which_the_name_means_the_newest()
    {
        Assert.Equal(["train", "train-2", "train-3"], Enumerable.Range(0, 3).Select(_ => Add("train").Plan.Name));
        Assert.Equal("train-big", Add("train-big").Plan.Name);
        Assert.Equal("trainer", Add("trainer").Plan.Name);

        Assert.Equal("train-3", RunSelector.Get(_store, "train").Plan.Name);
        Assert.Equal("train-2", RunSelector.Get(_store, "train-2").Plan.Name);
        Assert.Equal("train", RunSelector.Get(_store, "train-1").Plan.Name);
        Assert.Equal("train-big", RunSelector.Get(_store, "train-big").Plan.Name);
        Assert.Equal(["train-3", "train-2", "train"], _store.Named("train").Select(run => run.Plan.Name));
    }

    [Fact]
    public void A_run_is_found_by_what_lists_show_of_its_id()
    {
        var run = Add("train");
        Add("train");

        Assert.Equal(run.Id, RunSelector.Get(_store, _store.ShortIds().Of(run.Id)).Id);
        Assert.Empty(_store.WithEnding(run.Id.ToString()[^3..]));
    }

    [Fact]
    public void A_number_that_somebody_chose_is_not_given_again()
    {
        Add("train");
        Add("train-7");

        Assert.Equal("train-8", Add("train").Plan.Name);
        Assert.Equal("train-7-2", Add("train-7").Plan.Name);
        Assert.Equal("train-8", RunSelector.Get(_store, "train").Plan.Name);
    }

    [Fact]
    public void A_run_that_is_submitted_again_is_the_next_of_its_series()
    {
        Add("train");
        var second = Add("train");

        Assert.Equal(
            ("train-3", "train"),
            _store
                .Add(
                    new()
                    {
                        Plan = second.Plan with { Id = RunId.New(TimeProvider.System) },
                        Created = DateTimeOffset.UtcNow,
                    }
                )
                .Plan
                is var plan
                ? (plan.Name, plan.Series)
                : default
        );
    }

    [Fact]
    public void Many_at_once_get_a_name_each()
    {
        Parallel.For(0, 16, _ => Add("train"));

        Assert.Equal(16, _store.Live().Select(run => run.Plan.Name).Distinct().Count());
    }

    [Fact]
    public void Runs_that_an_earlier_version_gave_one_name_keep_it()
    {
        Add("train");
        foreach (var number in new[] { "train-2", "train-3" })
            _store.Change(
                _store.Called(Add("train").Plan.Name)!.Id,
                known => known with { Plan = known.Plan with { Name = "train", Series = null } }
            );

        Assert.Equal(3, _store.Named("train").Count(run => run.Plan.Name == "train"));
        Assert.Equal("train-2", Add("train").Plan.Name);
    }

    /// <summary>Each a millisecond after the one before, as ids of one millisecond have no order.</summary>
    private Run Add(string name) =>
        _store.Add(
            new()
            {
                Plan = new()
                {
                    Id = new(
                        Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddMilliseconds(Interlocked.Increment(ref _added)))
                    ),
                    Name = name,
                    Site = "s",
                    Command = ["true"],
                    WorkingFolder = "/",
                },
                Created = DateTimeOffset.UtcNow,
            }
        );
}
