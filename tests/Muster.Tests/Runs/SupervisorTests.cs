using System.Diagnostics;
using Muster.Runs.Submit;
using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Runs of one command and arrays, launched by the real scripts.</summary>
public sealed class SupervisorTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("muster-supervise-");

    public void Dispose()
    {
        // A supervisor has still to leave when its last record is there.
        while (Sh($"pgrep -f [/]{_root.FullName[1..]}/runs || :").Length > 0)
            Thread.Yield();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task A_failing_setup_line_ends_the_run_and_is_its_evidence()
    {
        var plan = Plan("touch $MUSTER_OUT/began") with { Setup = ["export A=1", ". /no/such/venv/bin/activate"] };

        var (run, end) = await RunAsync(plan);

        Assert.Equal((Outcome.Failed, 78), (end.Outcome, end.Code));
        Assert.Contains(
            "setup line 2: . /no/such/venv/bin/activate (ended with ",
            end.Evidence.Text,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(Path.Combine(Folder(plan), "out", "began")));
        Assert.Contains(
            Explain.Explanation.For(run with { State = end }, new(), false, DateTimeOffset.UtcNow).Lines,
            line => line.Text.Contains("setup-errors: ignore", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Where_setup_errors_are_ignored_the_command_runs()
    {
        var plan = Plan("touch $MUSTER_OUT/began") with { Setup = ["false"], IgnoreSetupErrors = true };

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).End.Outcome);
        Assert.True(File.Exists(Path.Combine(Folder(plan), "out", "began")));
    }

    [Fact]
    public async Task A_command_that_ends_with_the_same_code_is_not_taken_for_its_setup()
    {
        var (_, end) = await RunAsync(Plan("exit 78") with { Setup = ["true"] });

        Assert.Equal(
            (Outcome.Failed, 78, true),
            (end.Outcome, end.Code, end.Evidence.Text.Contains("exited with 78", StringComparison.Ordinal))
        );
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task Each_index_of_an_array_has_results_of_its_own(int? atOnce)
    {
        var plan = Plan("echo $MUSTER_RANK >$MUSTER_OUT/metrics.json") with
        {
            Array = new("0-3", [0, 1, 2, 3], atOnce),
        };

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).End.Outcome);
        Assert.Equal(
            ["0\n", "1\n", "2\n", "3\n"],
            Enumerable
                .Range(0, 4)
                .Select(index => File.ReadAllText(Path.Combine(Folder(plan), "out", $"{index}", "metrics.json")))
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Outputs_of_an_array_are_those_of_each_index(bool linked)
    {
        // Each waits until all have written, so that one folder for all would show.
        var plan = Plan(
            "cat config >result.txt; echo $MUSTER_RANK >>result.txt; mkdir -p deep; cp result.txt deep/r.csv; touch "
                + "\"$MUSTER_RUN_DIR\"/at.$MUSTER_RANK; until [ -e \"$MUSTER_RUN_DIR\"/at.0 ] && [ -e "
                + "\"$MUSTER_RUN_DIR\"/at.1 ]; do sleep 0.1; done; echo done >>result.txt"
        ) with
        {
            Array = new("0-1", [0, 1], null),
            Outputs = ["*.txt", "**/*.csv"],
        };
        Lay(plan);
        File.WriteAllText(Path.Combine(Folder(plan), "code", "config"), "c\n");
        if (linked)
            Sh($"ln {Folder(plan)}/code/config {_root.FullName}/stored");

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).End.Outcome);

        foreach (var index in (int[])[0, 1])
        {
            Assert.Equal(
                $"c\n{index}\ndone\n",
                File.ReadAllText(Path.Combine(Folder(plan), "out", $"{index}", "result.txt"))
            );
            Assert.Equal(
                $"c\n{index}\n",
                File.ReadAllText(Path.Combine(Folder(plan), "out", $"{index}", "deep", "r.csv"))
            );
        }
        Assert.Equal(
            ["config"],
            Directory.EnumerateFileSystemEntries(Path.Combine(Folder(plan), "code")).Select(Path.GetFileName)
        );
    }

    [Fact]
    public void A_shell_in_a_run_finds_what_its_rank_was_told()
    {
        var plan = Plan("true") with { Array = new("0,3", [0, 3], null), Folder = "sub" };
        Lay(plan);
        File.WriteAllText(Path.Combine(Folder(plan), "env.sh"), "export LEVEL=3\n");
        File.WriteAllText(Path.Combine(Folder(plan), "status", "main.3.port.web-ui"), "host=x\nport=8080\n");
        var bin = _root.CreateSubdirectory("bin").FullName;
        File.WriteAllText(Path.Combine(bin, "srun"), "#!/bin/sh\necho \"srun $1 $2 $3\"; exec \"$4\"\n");
        File.WriteAllText(
            Path.Combine(bin, "shell"),
            "#!/bin/sh\nenv | grep -E '^(MUSTER_|LEVEL=)' | grep -v '^MUSTER_LAB_' | sort; pwd\n"
        );
        Sh($"chmod +x {bin}/*; mkdir -p {Folder(plan)}/code/sub");
        var run = new Run
        {
            Plan = plan,
            Created = DateTimeOffset.UtcNow,
            State = new RunState.Running(new("4711"), "node7", DateTimeOffset.UtcNow),
        };

        var inside = Cli.Runs.ShellCommand.PlaceOf(run, "main.3", hasScheduler: true, _root.FullName);
        var said = Sh($"PATH={bin}:$PATH SHELL={bin}/shell; export PATH SHELL\n{inside.Text}")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("inside job 4711_3 of x, which runs on node7", inside.Where);
        Assert.Equal("srun --jobid=4711_3 --overlap --pty", said[0]);
        Assert.Equal(
            [
                "LEVEL=3",
                $"MUSTER_CODE={Folder(plan)}/code",
                $"MUSTER_IN={Folder(plan)}/in",
                $"MUSTER_OUT={Folder(plan)}/out/3",
                "MUSTER_PORT_WEB_UI=8080",
                "MUSTER_RANK=3",
                "MUSTER_ROLE=main",
                $"MUSTER_RUN_DIR={Folder(plan)}",
                $"MUSTER_RUN_ID={plan.Id}",
                "MUSTER_SIZE=2",
                $"MUSTER_STATUS={Folder(plan)}/status",
                $"{Folder(plan)}/code/sub",
            ],
            said[1..]
        );

        var over = Cli.Runs.ShellCommand.PlaceOf(
            run with
            {
                State = new RunState.Ended(Outcome.Failed, 1, DateTimeOffset.UtcNow, new("x", "y")),
            },
            null,
            hasScheduler: true,
            _root.FullName
        );
        Assert.Equal("x has ended (failed): in the folder that it left, on the login node (this machine)", over.Where);
        Assert.DoesNotContain(
            "srun --jobid",
            Sh($"PATH={bin}:$PATH SHELL={bin}/shell; export PATH SHELL\n{over.Text}"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_a_command_uses_and_measures_is_brought_home_and_asked_for_until_it_has_ended()
    {
        var plan = Plan(
            """
            echo 'muster: metric loss=0.5 step=1'
            mkdir $MUSTER_OUT/eval
            printf 'step,acc\n1,0.7\n2,0.9\n' >$MUSTER_OUT/eval/metrics.csv
            ln -s /etc/passwd $MUSTER_OUT/metrics.json
            end=$(($(date +%s) + 6)); while [ $(date +%s) -lt $end ]; do :; done
            echo 'muster: metric loss=0.25 step=2'
            """
        );
        var (run, end) = await RunAsync(plan);
        var store = new Measures.MeasureStore(Path.Combine(_root.FullName, "measures.db"));
        var site = new Sites.OpenSite(
            new Sites.LocalSite
            {
                Name = "s",
                Origin = new("test"),
                Root = _root.FullName,
            },
            new(_root.FullName, _root.FullName, _root.FullName, false),
            TimeProvider.System
        );
        var keeper = new Measures.MeasureKeeper(store, _ => site, TimeProvider.System);
        run = run with { State = end };

        Assert.Empty(await keeper.RefreshAsync([run], TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

        var known = store.Find(run.Id);
        Assert.True(known.IsFinal);
        Assert.Equal(
            ["acc 0.9", "loss 0.25"],
            known
                .Metrics(plan)
                .Single()
                .Series.Select(series => FormattableString.Invariant($"{series.Name} {series.Last.Value}"))
        );
        var usage = known.Usage(plan)!;
        Assert.InRange(usage.Cores, 0.01, 8);
        Assert.InRange(usage.Seconds, 5, 600);
        Assert.True(usage.Memory > 0);
        Directory.Delete(Folder(plan), recursive: true);
        Assert.Empty(await keeper.RefreshAsync([run], TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.Equal(2, store.Summaries([run.Id])[run.Id].Metrics.Count);
    }

    private static RunPlan Plan(string script) =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "s",
            Command = ["sh", "-c", script],
            WorkingFolder = "/",
        };

    private string Folder(RunPlan plan) => Path.Combine(_root.FullName, "runs", plan.Id.ToString());

    private void Lay(RunPlan plan)
    {
        foreach (var name in (string[])["code", "in", "out", "logs", "status"])
            Directory.CreateDirectory(Path.Combine(Folder(plan), name));
        foreach (var file in RunFiles.For(plan, new Dictionary<string, string>()))
            File.WriteAllText(Path.Combine(Folder(plan), file.Name), file.Text);
        File.WriteAllText(Path.Combine(Folder(plan), "status", "staged"), "");
    }

    private async Task<(Run Run, RunState.Ended End)> RunAsync(RunPlan plan)
    {
        Lay(plan);
        Assert.StartsWith("launched ", Sh($"sh {Folder(plan)}/launch start"), StringComparison.Ordinal);
        for (var began = Stopwatch.GetTimestamp(); !File.Exists(Path.Combine(Folder(plan), "status", "ended")); )
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > 60)
                Assert.Fail("not within a minute");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        var facts = LookReader.Read(
            Sh($"sh {Repository.Folder}/src/Muster/Runs/Remote/look.sh {_root.FullName} {plan.Id}")
        )[plan.Id.ToString()];
        var run = new Run { Plan = plan, Created = DateTimeOffset.UtcNow };
        return (
            run,
            Assert.IsType<RunState.Ended>(
                RunJudge.After(run, facts, null, schedulerKnowsMore: false, DateTimeOffset.UtcNow).State
            )
        );
    }

    private static string Sh(string script)
    {
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true }
        )!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
