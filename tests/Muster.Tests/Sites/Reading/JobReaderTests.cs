using Muster.Configuration;

namespace Muster.Sites.Reading;

public sealed class JobReaderTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_job_holds_its_options_as_they_would_be_typed()
    {
        var job = Assert.Single(
            _folder
                .Read(
                    """
                    jobs:
                      train:
                        command: python train.py --lr 0.1
                        gpus: 2
                        time: 10h
                        env: { LEVEL: 3, TOKEN: }
                        input: { photos: ~/data/photos }
                        output: results/*.csv
                        tag: [paper, try]
                        port: { web: 8080, ui: }
                        notify: true
                    """
                )
                .Jobs
        );
        Assert.Equal(("train", _folder.Path, "muster.yaml:3"), (job.Name, job.Folder, job.Origin.ToString()));
        Assert.Equal(["python", "train.py", "--lr", "0.1"], job.Command);
        Assert.Equal(
            [
                "tag=paper",
                "tag=try",
                "gpus=2",
                "time=10h",
                "env=LEVEL=3",
                "env=TOKEN",
                "input=" + Path.Combine(_folder.Home, "data/photos") + ":photos",
                "output=results/*.csv",
                "port=web=8080",
                "port=ui",
                "notify=true",
            ],
            Typed(job)
        );
    }

    [Theory]
    [InlineData("make all", false)]
    [InlineData("python train.py --lr {lr}", false)]
    [InlineData("cd src && make", true)]
    [InlineData("cd src", true)]
    [InlineData("A=1 python x.py", true)]
    [InlineData("echo $HOME", true)]
    [InlineData("printf '%s' x", true)]
    public void A_line_of_plain_words_is_words_and_any_other_is_for_the_shell(string line, bool isText)
    {
        var command = JobCommand.Of(line);
        Assert.Equal(isText, command.IsShellText);
        Assert.Equal(isText ? [line] : line.Split(' '), command.Words);
    }

    [Fact]
    public void Every_mistake_is_told_with_its_line_and_what_is_meant()
    {
        Assert.Equal(
            [
                "muster.yaml:2: '-x' is not a job's name: use letters, digits, '.', '_' and '-', starting with a "
                    + "letter or digit",
                "muster.yaml:4: unknown key 'gpu' in a job; did you mean 'gpus'?",
                "muster.yaml:5: expected a whole number, not 'many'",
                "muster.yaml:6: expected a time such as 90m, 10h or 2d, not '5x'",
                "muster.yaml:7: expected a size such as 500M or 12G, not 'lots'",
                "muster.yaml:8: expected indices such as 0-9, 1,3,5 or 0-99%4, not 'a-b'",
                "muster.yaml:9: expected true or false, not 'perhaps'",
            ],
            _folder.MistakesIn(
                """
                jobs:
                  -x: { command: a }
                  train:
                    gpu: 1
                    cpus: many
                    time: 5x
                    memory: lots
                    array: a-b
                    notify: perhaps
                    command: [python, train.py]
                """
            )
        );
        Assert.Equal(["muster.yaml:2: a job needs a `command`"], _folder.MistakesIn("jobs:\n  train: { gpus: 1 }\n"));
        Assert.Equal(
            ["muster.yaml:2: job train names site 'loca', which is not among the sites; did you mean 'local'?"],
            _folder.MistakesIn("jobs:\n  train: { command: a, site: loca }\n")
        );
    }

    [Fact]
    public void The_nearest_job_of_a_name_counts_and_one_of_the_user_starts_where_it_is_asked_for()
    {
        _folder.Write("home/.config/muster/config.yaml", "jobs: { a: { command: mine }, b: { command: mine } }");
        var jobs = _folder.Read("jobs: { a: { command: project } }").Jobs;
        Assert.Equal(
            [("a", "project", _folder.Path), ("b", "mine", null)],
            jobs.Select(job => (job.Name, job.Command[0], job.Folder))
        );
    }

    [Fact]
    public void A_job_beside_the_code_is_found_from_below_and_named_by_itself_or_its_folder()
    {
        Assert.Null(JobReader.FindBeside(_folder.Sources));
        _folder.Write("exp/muster.job.yaml", "command: make");
        var deep = Directory.CreateDirectory(Path.Combine(_folder.Path, "exp", "src")).FullName;
        var job = JobReader.FindBeside(_folder.SourcesIn(deep))!;
        Assert.Equal(("exp", Path.Combine(_folder.Path, "exp")), (job.Name, job.Folder));
        _folder.Write("exp/muster.job.yaml", "command: make\nname: other");
        Assert.Equal("other", JobReader.FindBeside(_folder.SourcesIn(deep))!.Name);
        var path = _folder.Write("exp/eval.job.yaml", "command: make");
        Assert.Equal("eval", JobReader.ReadFile(path, _folder.Sources).Name);
        _folder.Write("exp/eval.job.yaml", "");
        Assert.Throws<ConfigException>(() => JobReader.ReadFile(path, _folder.Sources));
    }

    private static IEnumerable<string> Typed(JobDraft job) =>
        job.Options.SelectMany(option => option.Values.Select(value => $"{option.Name}={value}"));
}
