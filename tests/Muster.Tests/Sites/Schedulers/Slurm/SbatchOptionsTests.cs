using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Muster.Faults;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class SbatchOptionsTests
{
    private static SbatchOptions Of(params (string Key, string? Value)[] entries) =>
        entries.Aggregate(SbatchOptions.None, (options, entry) => options.With(entry.Key, entry.Value));

    [Theory]
    [InlineData("-c", "cpus-per-task", "4")]
    [InlineData("--cpus_per_task", "cpus-per-task", "4")]
    [InlineData("c", "cpus-per-task", "4")]
    [InlineData("gres", "gres", "gpu:titanxp")]
    [InlineData("-t", "time", "1-12")]
    [InlineData("-p", "partition", "gpu,long")]
    [InlineData("-A", "account", "def-prof")]
    [InlineData("-N", "nodes", "2-4")]
    [InlineData("-n", "ntasks", "8")]
    [InlineData("-d", "dependency", "afterok:12:13_4+5,singleton")]
    [InlineData("-d", "dependency", "afterany:12_*?afternotok:13")]
    [InlineData("-a", "array", "0-9:2%3,12")]
    [InlineData("-w", "nodelist", "c[1-3],d")]
    [InlineData("-x", "exclude", "c7")]
    [InlineData("-G", "gpus", "a100:2")]
    [InlineData("-C", "constraint", "[rack1|rack2]&gpu*2")]
    [InlineData("-L", "licenses", "matlab:1")]
    [InlineData("-M", "clusters", "cedar")]
    [InlineData("-q", "qos", "high")]
    [InlineData("-b", "begin", "now+1hour")]
    [InlineData("-m", "distribution", "block:cyclic")]
    [InlineData("-S", "core-spec", "1")]
    [InlineData("-B", "extra-node-info", "2:4:1")]
    [InlineData("mem", "mem", "12G")]
    [InlineData("signal", "signal", "B:USR1@120")]
    [InlineData("some-new-option", "some-new-option", "x/y=1")]
    public void Every_spelling_becomes_the_long_name(string key, string name, string value) =>
        Assert.Equal([$"#SBATCH --{name}={value}"], Of((key, value)).ToLines());

    [Theory]
    [InlineData("-H", "hold")]
    [InlineData("-k", "no-kill")]
    [InlineData("-s", "oversubscribe")]
    [InlineData("-O", "overcommit")]
    [InlineData("exclusive", "exclusive")]
    [InlineData("nice", "nice")]
    [InlineData("some-new-switch", "some-new-switch")]
    public void Nothing_an_empty_text_and_true_make_a_switch(string key, string name)
    {
        foreach (var value in (string?[])[null, "", "true"])
            Assert.Equal([$"#SBATCH --{name}"], Of((key, value)).ToLines());
    }

    [Fact]
    public void Later_sources_win_key_by_key_and_the_order_stays()
    {
        var site = Of(("--gres", "gpu:1"), ("--mem", "12G"), ("-c", "4"), ("-t", "10:00:00"));
        var line = Of(("time", "1:00:00"), ("qos", "high"), ("cpus_per_task", "8"));
        Assert.Equal(
            ["gres gpu:1", "mem 12G", "cpus-per-task 8", "time 1:00:00", "qos high"],
            site.With(line).Entries.Select(entry => $"{entry.Key} {entry.Value}")
        );
        Assert.Equal("4", site.Find("cpus-per-task"));
    }

    [Fact]
    public void Of_alternatives_only_the_later_one_stays()
    {
        Assert.Equal(["#SBATCH --mem-per-cpu=2G"], Of(("mem", "12G")).With(Of(("mem-per-cpu", "2G"))).ToLines());
        Assert.Equal(["#SBATCH --no-requeue"], Of(("requeue", null), ("no-requeue", null)).ToLines());
    }

    [Fact]
    public void False_takes_away_the_switch_of_an_earlier_source()
    {
        var options = Of(("hold", "true"), ("mem", "1G")).With(Of(("hold", "false")));
        Assert.Equal(["#SBATCH --mem=1G"], options.ToLines());
        Assert.False(options.Has("hold"));
        Assert.Equal(["#SBATCH --no-requeue"], Of(("no-requeue", "")).With(Of(("requeue", "false"))).ToLines());
    }

    [Theory]
    [InlineData("time", "soon")]
    [InlineData("time", "")]
    [InlineData("mem", "12 G")]
    [InlineData("cpus-per-task", "four")]
    [InlineData("gres", "gpu:1:2:3:4")]
    [InlineData("gres", ":1")]
    [InlineData("gpus", "many")]
    [InlineData("array", "1-")]
    [InlineData("dependency", "123")]
    [InlineData("hold", "yes")]
    [InlineData("signal", "@")]
    [InlineData("partition", "a\n#SBATCH --wrap=x")]
    [InlineData("partition", "$(id)")]
    [InlineData("partition", "a b")]
    [InlineData("partition", "a;b")]
    [InlineData("partition", "a\u0085b")]
    [InlineData("constraint", "a;b")]
    [InlineData("anything", "`id`")]
    [InlineData("time=5", "x")]
    [InlineData("-z", "1")]
    [InlineData("", "1")]
    [InlineData("a\nb", "1")]
    public void An_unfit_option_is_refused_with_its_name_and_a_mend(string key, string value)
    {
        var fault = Assert.Throws<UserException>(() => Of((key, value)));
        Assert.Contains(key.TrimStart('-').Replace("\n", "?"), fault.Message);
        Assert.NotEmpty(fault.Fix);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("wrap")]
    [InlineData("test-only")]
    [InlineData("-W")]
    [InlineData("-h")]
    [InlineData("-V")]
    public void Options_that_would_change_what_submitting_means_are_refused(string key) =>
        Assert.Contains("cannot be used here", Assert.Throws<UserException>(() => Of((key, "x"))).Message);

    [Fact]
    public void Options_that_muster_sets_are_left_out_with_a_warning()
    {
        var options = Of(
            ("-o", "slurm.out"),
            ("-e", "slurm.err"),
            ("-J", "mine"),
            ("comment", "x"),
            ("export", "ALL"),
            ("mem", "1G")
        );
        Assert.Equal(["#SBATCH --mem=1G"], options.ToLines());
        Assert.Equal(5, options.Warnings.Length);
        Assert.Contains(options.Warnings, warning => warning.Contains("'job-name'") && warning.Contains("--name"));
        Assert.Equal(5, options.With(options).Warnings.Length);
    }

    [Fact]
    public void The_time_limit_is_known_as_a_length()
    {
        Assert.Equal(TimeSpan.FromHours(36), Of(("-t", "1-12")).TimeLimit?.Length);
        Assert.Equal(TimeLimit.Unlimited, Of(("-t", "UNLIMITED")).TimeLimit);
        Assert.Null(SbatchOptions.None.TimeLimit);
    }

    private static readonly Regex SafeLine = new(@"\A#SBATCH --[a-z][a-z0-9-]*(=[A-Za-z0-9_.,:=+@%/*&|!?()\[\]-]+)?\z");

    [Fact]
    public void A_line_is_safe_whatever_is_given_or_there_is_none()
    {
        var keys = Gen.OneOf(
            Gen.Elements(SbatchOption.Known.Select(option => option.Name).ToArray()),
            ArbMap.Default.GeneratorFor<string>()
        );
        var scraps = Gen.ListOf(
                Gen.Elements(
                    "1",
                    "gpu",
                    ":",
                    "\n",
                    "\r",
                    "$",
                    "`",
                    "'",
                    "\"",
                    "\\",
                    ";",
                    "&",
                    "|",
                    "<",
                    ">",
                    " ",
                    "\u2028",
                    "a",
                    "-",
                    ",",
                    "[",
                    "]",
                    "G",
                    "#",
                    "\0"
                )
            )
            .Select(string.Concat);
        var values = Gen.OneOf(scraps, ArbMap.Default.GeneratorFor<string>());
        Prop.ForAll(
                keys.Zip(values).ToArbitrary(),
                entry =>
                {
                    try
                    {
                        return Of((entry.Item1 ?? "", entry.Item2)).ToLines().All(line => SafeLine.IsMatch(line));
                    }
                    catch (UserException)
                    {
                        return true;
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    [Fact]
    public void Joining_is_associative()
    {
        string[] keys = ["mem", "mem-per-cpu", "requeue", "no-requeue", "hold", "time"];
        var one = Gen.ListOf(Gen.Elements(keys))
            .Select(list =>
                list.Aggregate(
                    SbatchOptions.None,
                    (options, key) => options.With(key, key is "time" or "mem" or "mem-per-cpu" ? "5" : "")
                )
            );
        Prop.ForAll(
                one.Three().ToArbitrary(),
                abc =>
                    abc.Item1.With(abc.Item2)
                        .With(abc.Item3)
                        .ToLines()
                        .Order()
                        .SequenceEqual(abc.Item1.With(abc.Item2.With(abc.Item3)).ToLines().Order())
            )
            .QuickCheckThrowOnFailure();
    }
}
