using Muster.Sites.Schedulers;

namespace Muster.Runs;

/// <summary>Runs of one command and arrays, launched by the real scripts.</summary>
public sealed class SupervisorTests : IDisposable
{
    private readonly ScriptRoot _root = new();

    public void Dispose() => _root.Dispose();

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
        Assert.False(File.Exists(Path.Combine(_root.Folder(plan), "out", "began")));
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
        Assert.True(File.Exists(Path.Combine(_root.Folder(plan), "out", "began")));
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

    [Fact]
    public async Task When_what_was_written_is_noted_to_the_second()
    {
        var plan = Plan("echo a; sleep 2.1; echo b >&2; sleep 2.1; echo c");
        await RunAsync(plan);
        var times = new LogTimes();
        times.Add(
            ScriptRoot.Sh(
                $"sh -c 'set -- {_root.FullName} {plan.Id}; . {Repository.Folder}/src/Muster/Runs/Remote/times.sh'"
            )
        );

        var seen = new[] { times.Of("main.0.out", 0), times.Of("main.0.err", 0), times.Of("main.0.out", 2) };
        Assert.True(seen[0] < seen[1] && seen[1] < seen[2], string.Join(", ", seen));
        Assert.Null(times.Of("main.0.out", 4));
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
                .Select(index => File.ReadAllText(Path.Combine(_root.Folder(plan), "out", $"{index}", "metrics.json")))
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
        _root.Lay(plan);
        File.WriteAllText(Path.Combine(_root.Folder(plan), "code", "config"), "c\n");
        if (linked)
            ScriptRoot.Sh($"ln {_root.Folder(plan)}/code/config {_root.FullName}/stored");

        Assert.Equal(Outcome.Succeeded, (await RunAsync(plan)).End.Outcome);

        foreach (var index in (int[])[0, 1])
        {
            Assert.Equal(
                $"c\n{index}\ndone\n",
                File.ReadAllText(Path.Combine(_root.Folder(plan), "out", $"{index}", "result.txt"))
            );
            Assert.Equal(
                $"c\n{index}\n",
                File.ReadAllText(Path.Combine(_root.Folder(plan), "out", $"{index}", "deep", "r.csv"))
            );
        }
        Assert.Equal(
            ["config"],
            Directory.EnumerateFileSystemEntries(Path.Combine(_root.Folder(plan), "code")).Select(Path.GetFileName)
        );
    }

    [Fact]
    public async Task A_port_it_chooses_is_its_own_for_as_long_as_it_runs()
    {
        // The system gives the others to outgoing connections.
        const int First = 20000,
            Count = 12000;
        var free = Enumerable.Range(First, Count).Where(number => number % 100 == 7).ToHashSet();
        var claims = Directory.CreateDirectory(Path.Combine(_root.FullName, "ports", ScriptRoot.Sh("uname -n").Trim()));
        foreach (var number in Enumerable.Range(First, Count).Where(number => !free.Contains(number)))
            File.CreateSymbolicLink(Path.Combine(claims.FullName, $"{number}"), "another/main.0");

        var plan = Plan($"echo $MUSTER_PORT_WEB; readlink {claims.FullName}/$MUSTER_PORT_WEB") with
        {
            Ports = [new("web", null)],
        };
        await RunAsync(plan);

        var said = await File.ReadAllLinesAsync(
            Path.Combine(_root.Folder(plan), "logs", "main.0.out"),
            TestContext.Current.CancellationToken
        );
        Assert.Contains(int.Parse(said[0], System.Globalization.CultureInfo.InvariantCulture), free);
        Assert.Equal($"{plan.Id}/main.0", said[1]);
        Assert.Null(new FileInfo(Path.Combine(claims.FullName, said[0])).LinkTarget);
    }

    [Fact]
    public void A_shell_in_a_run_finds_what_its_rank_was_told()
    {
        var plan = Plan("true") with { Array = new("0,3", [0, 3], null), Folder = "sub" };
        _root.Lay(plan);
        File.WriteAllText(Path.Combine(_root.Folder(plan), "env.sh"), "export LEVEL=3\n");
        File.WriteAllText(Path.Combine(_root.Folder(plan), "status", "main.3.port.web-ui"), "host=x\nport=8080\n");
        var bin = Directory.CreateDirectory(Path.Combine(_root.FullName, "bin")).FullName;
        File.WriteAllText(
            Path.Combine(bin, "srun"),
            "#!/bin/sh\nuntil [ \"$1\" = sh ]; do printf '%s ' \"$1\"; shift; done; echo; exec \"$@\"\n"
        );
        File.WriteAllText(
            Path.Combine(bin, "shell"),
            "#!/bin/sh\nenv | grep -E '^(MUSTER_|LEVEL=)' | grep -vE '^MUSTER_(LAB_|PROGRAM=|TESTS=)' | sort; pwd\n"
        );
        ScriptRoot.Sh($"chmod +x {bin}/*; mkdir -p {_root.Folder(plan)}/code/sub");
        var run = new Run
        {
            Plan = plan,
            Created = DateTimeOffset.UtcNow,
            State = new RunState.Running(new("4711"), "node7", DateTimeOffset.UtcNow),
        };

        Cli.Runs.Entrance Way(Run run, string? rank) =>
            Cli.Runs.Entrance.Of(run, rank, hasScheduler: true, _root.FullName, Cli.Runs.EntranceKind.Terminal, []);
        var inside = Way(run, "main.3");
        var said = ScriptRoot
            .Sh($"PATH={bin}:$PATH SHELL={bin}/shell; export PATH SHELL\n{inside.Text}")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("inside job 4711_3 of x, which runs on node7", inside.Where);
        Assert.StartsWith("--jobid=4711_3 --overlap ", said[0], StringComparison.Ordinal);
        Assert.EndsWith(" --pty ", said[0], StringComparison.Ordinal);
        Assert.Equal(
            [
                "LEVEL=3",
                $"MUSTER_CODE={_root.Folder(plan)}/code",
                $"MUSTER_IN={_root.Folder(plan)}/in",
                $"MUSTER_OUT={_root.Folder(plan)}/out/3",
                "MUSTER_PORT_WEB_UI=8080",
                "MUSTER_RANK=3",
                "MUSTER_ROLE=main",
                $"MUSTER_RUN_DIR={_root.Folder(plan)}",
                $"MUSTER_RUN_ID={plan.Id}",
                "MUSTER_SIZE=2",
                $"MUSTER_STATUS={_root.Folder(plan)}/status",
                $"{_root.Folder(plan)}/code/sub",
            ],
            said[1..]
        );

        var over = Way(
            run with
            {
                State = new RunState.Ended(Outcome.Failed, 1, DateTimeOffset.UtcNow, new("x", "y")),
            },
            null
        );
        Assert.Equal("x has ended (failed): in the folder that it left, on the login node (this machine)", over.Where);
        Assert.DoesNotContain(
            "--jobid",
            ScriptRoot.Sh($"PATH={bin}:$PATH SHELL={bin}/shell; export PATH SHELL\n{over.Text}"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void One_that_was_killed_before_its_first_record_is_missed()
    {
        var plan = Plan("true");
        _root.Lay(plan);
        var scripts = $"{Repository.Folder}/src/Muster/Runs/Remote";
        ScriptRoot.Sh(
            $"cd {_root.Folder(plan)}/status; sh -c : & wait; ln -s $(uname -n):$!:1 .owner.main.0; : >.tried; "
                + "echo handle=here:1 >launched"
        );

        var look = $"set -- {_root.FullName} {plan.Id}; . {scripts}/full.sh; . {scripts}/look.sh";
        var facts = LookReader.Read(ScriptRoot.Sh($"sh -c '{look}'"))[plan.Id.ToString()];
        RunState After(Run run, int seconds) =>
            RunJudge.After(run, facts, null, false, DateTimeOffset.UnixEpoch.AddSeconds(seconds)).State;
        var run = new Run { Plan = plan, Created = DateTimeOffset.UnixEpoch };

        Assert.IsType<RunState.Launched>(After(run, 0));
        var seen = run with { VanishedSince = DateTimeOffset.UnixEpoch };
        Assert.Equal(Outcome.Lost, Assert.IsType<RunState.Ended>(After(seen, 20)).Outcome);
        Assert.Contains(
            "X main.0 gone\n",
            ScriptRoot.Sh($"timeout 3 sh {scripts}/follow.sh {_root.FullName} {plan.Id}"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(null, "c2")]
    [InlineData("c1", "c1")]
    public void Of_a_job_on_several_nodes_one_may_be_chosen(string? node, string expected)
    {
        var plan = Plan("true");
        _root.Lay(plan);
        File.WriteAllText(
            Path.Combine(_root.Folder(plan), "status", "main.0.started"),
            "nodes=c[1-3]\nhost=c2.cluster\n"
        );
        var bin = Directory.CreateDirectory(Path.Combine(_root.FullName, "bin")).FullName;
        File.WriteAllText(Path.Combine(bin, "srun"), "#!/bin/sh\necho \"$@\"\n");
        ScriptRoot.Sh($"chmod +x {bin}/srun");
        var run = new Run
        {
            Plan = plan,
            Created = DateTimeOffset.UtcNow,
            State = new RunState.Running(new("4711"), "c[1-3]", DateTimeOffset.UtcNow),
        };

        var way = Cli.Runs.Entrance.Of(
            run,
            null,
            hasScheduler: true,
            _root.FullName,
            Cli.Runs.EntranceKind.Closed,
            ["nvidia-smi"],
            node
        );

        Assert.Contains(
            $" --nodelist={expected} sh -c ",
            ScriptRoot.Sh($"PATH={bin}:$PATH; export PATH\n{way.Text}"),
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
        Directory.Delete(_root.Folder(plan), recursive: true);
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

    private async Task<(Run Run, RunState.Ended End)> RunAsync(RunPlan plan)
    {
        _root.Lay(plan);
        Assert.StartsWith(
            "launched ",
            ScriptRoot.Sh($"sh {_root.Folder(plan)}/launch start"),
            StringComparison.Ordinal
        );
        await ScriptRoot.UntilAsync(() => Task.FromResult(_root.HasEnded(plan)));
        var facts = LookReader.Read(
            ScriptRoot.Sh($"sh {Repository.Folder}/src/Muster/Runs/Remote/look.sh {_root.FullName} {plan.Id}")
        )[plan.Id.ToString()];
        var run = new Run { Plan = plan, Created = DateTimeOffset.UtcNow };
        return (
            run,
            Assert.IsType<RunState.Ended>(
                RunJudge.After(run, facts, null, schedulerKnowsMore: false, DateTimeOffset.UtcNow).State
            )
        );
    }
}
