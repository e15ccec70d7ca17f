using Muster.Transfers;

namespace Muster.Runs;

public sealed class ResultFolderTests : IDisposable
{
    private readonly DirectoryInfo _place = Directory.CreateTempSubdirectory("muster-results-");

    private string Above => _place.FullName;

    public void Dispose() => _place.Delete(recursive: true);

    [Fact]
    public void Each_run_has_a_folder_and_the_name_leads_to_the_newest()
    {
        var first = Fetched(Run("train", null));
        var second = Fetched(Run("train-2", "train"));

        Assert.Equal(("train-1", "train-2"), (Path.GetFileName(first.FetchedTo), Path.GetFileName(second.FetchedTo)));
        Assert.Null(ResultFolder.Link([first], Above));
        Assert.Equal("train-1", Link("train"));
        Assert.Null(ResultFolder.Link([second, first], Above));
        Assert.Equal("train-2", Link("train"));
        Assert.Equal(first.FetchedTo, ResultFolder.For(first, Above));
        Assert.Null(ResultFolder.Link([Run("train-3", "train"), second, first], Above));
        Assert.Equal("train-2", Link("train")); // of the newest nothing is here yet
    }

    [Fact]
    public void A_fetch_that_was_broken_off_goes_on_in_its_folder()
    {
        var run = Run("train", null);
        Write("train-1", run);

        Assert.Equal(Path.Combine(Above, "train-1"), ResultFolder.For(run, Above));
    }

    [Fact]
    public void A_folder_of_somebody_else_stays_as_it_is()
    {
        Directory.CreateDirectory(Path.Combine(Above, "train-1"));
        Directory.CreateDirectory(Path.Combine(Above, "train"));
        File.WriteAllText(Path.Combine(Above, "train", "metrics.json"), "old");
        var run = Fetched(Run("train", null));

        Assert.Equal($"train-1-{run.Id.ToString()[^6..]}", Path.GetFileName(run.FetchedTo));
        Assert.Contains("is left alone", ResultFolder.Link([run], Above), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Path.Combine(Above, "train", "metrics.json")));
    }

    [Fact]
    public void What_an_earlier_version_fetched_goes_where_it_went()
    {
        var run = Run("train", null);
        Write("train", run);
        run = run with { FetchedTo = Path.Combine(Above, "train") };

        Assert.Equal(run.FetchedTo, ResultFolder.For(run, Above));
        Assert.Null(ResultFolder.Link([run], Above));
        Assert.Equal(
            Path.Combine(Above, "train-1"),
            ResultFolder.For(Run("train", null) with { FetchedTo = run.FetchedTo }, Above)
        ); // they were mixed there
    }

    [Fact]
    public void A_link_to_somewhere_else_is_not_ours()
    {
        File.CreateSymbolicLink(Path.Combine(Above, "train"), "../elsewhere");

        Assert.Contains(
            "is left alone",
            ResultFolder.Link([Fetched(Run("train", null))], Above),
            StringComparison.Ordinal
        );
        Assert.Equal("../elsewhere", Link("train"));
    }

    private string? Link(string name) => new FileInfo(Path.Combine(Above, name)).LinkTarget;

    private Run Fetched(Run run)
    {
        var folder = ResultFolder.For(run, Above);
        Write(Path.GetFileName(folder), run);
        return run with { FetchedTo = folder };
    }

    private void Write(string folder, Run run) =>
        new FetchRecord(run.Id.ToString(), []).Write(Directory.CreateDirectory(Path.Combine(Above, folder)).FullName);

    private static Run Run(string name, string? series) =>
        new()
        {
            Plan = new()
            {
                Id = RunId.New(TimeProvider.System),
                Name = name,
                Series = series,
                Site = "s",
                Command = ["true"],
                WorkingFolder = "/",
            },
            Created = DateTimeOffset.UtcNow,
        };
}
