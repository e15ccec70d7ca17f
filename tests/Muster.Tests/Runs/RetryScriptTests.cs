using System.Diagnostics;

namespace Muster.Runs;

/// <summary>Attempts of a run, begun by the real scripts.</summary>
public sealed class RetryScriptTests : IDisposable
{
    private readonly ScriptRoot _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task However_many_begin_an_attempt_and_are_killed_it_is_executed_once()
    {
        var plan = Plan("echo $MUSTER_RETRY >>$MUSTER_OUT/marks; exit 3", times: 2);
        _root.Lay(plan);
        Say(plan, "start");
        await EndsAsync(plan, "0\n");

        var random = new Random(7);
        for (var number = 1; number <= 2; number++)
        {
            for (var round = 0; round < 4; round++)
            {
                var launchers = Enumerable.Range(0, 4).Select(_ => Start(plan, Again(number))).ToList();
                foreach (var launcher in launchers)
                {
                    launcher.WaitForExit(random.Next(1, 60));
                    if (!launcher.HasExited)
                        launcher.Kill();
                    launcher.WaitForExit();
                    launcher.Dispose();
                }
            }
            await ScriptRoot.UntilAsync(() =>
                Task.FromResult(Say(plan, Again(number)).StartsWith("launched ", StringComparison.Ordinal))
            );
            await EndsAsync(plan, number == 1 ? "0\n1\n" : "0\n1\n2\n");
        }
        Assert.Equal("doubt", Say(plan, Again(3)));
        var errors = File.ReadAllText(Path.Combine(_root.Folder(plan), "logs", "main.0.err"));
        Assert.Equal("muster: retry 1 of 2, after failed\nmuster: retry 2 of 2, after failed\n", errors);
    }

    [Fact]
    public async Task A_cancelled_run_has_no_further_attempt_and_one_that_goes_on_no_other_beside_it()
    {
        var plan = Plan("echo $MUSTER_RETRY >>$MUSTER_OUT/marks; until [ -e $MUSTER_OUT/go ]; do sleep 0.1; done", 1);
        _root.Lay(plan);
        Say(plan, "start");
        await ScriptRoot.UntilAsync(() => Task.FromResult(File.Exists(Marks(plan))));

        Assert.Equal("busy", Say(plan, Again(1)));
        File.WriteAllText(Path.Combine(_root.Folder(plan), "out", "go"), "");
        await EndsAsync(plan, "0\n");
        Say(plan, "cancel");
        Assert.Equal("cancelled", Say(plan, Again(1)));
        Assert.False(File.Exists(Path.Combine(_root.Folder(plan), "status", "retry.1")));
    }

    [Fact]
    public async Task What_a_lost_attempt_has_left_running_ends_before_the_next_begins()
    {
        var plan = Plan("echo $MUSTER_RETRY >>$MUSTER_OUT/marks; [ $MUSTER_RETRY = 1 ] || sleep 600", times: 1);
        _root.Lay(plan);
        Say(plan, "start");
        var started = Path.Combine(_root.Folder(plan), "status", "main.0.started");
        await ScriptRoot.UntilAsync(() => Task.FromResult(File.Exists(started) && File.Exists(Marks(plan))));
        var lines = File.ReadAllLines(started)
            .Select(line => line.Split('=', 2))
            .ToDictionary(one => one[0], one => one[1]);
        ScriptRoot.Sh($"kill -9 {lines["pid"]}");

        await ScriptRoot.UntilAsync(() =>
            Task.FromResult(Say(plan, Again(1)).StartsWith("launched ", StringComparison.Ordinal))
        );

        Assert.Equal("", ScriptRoot.Sh($"cat /proc/{lines["command"]}/cmdline 2>/dev/null")); // or nobody has buried it
        await EndsAsync(plan, "0\n1\n");
    }

    [Fact]
    public async Task Values_of_variables_stay_for_another_attempt_and_go_with_the_last()
    {
        var plan = Plan("echo $LEVEL >>$MUSTER_OUT/marks; exit 3", times: 1);
        _root.Lay(plan);
        var file = Path.Combine(_root.Folder(plan), "env.sh");
        File.WriteAllText(file, "export LEVEL=5\n");
        Say(plan, "start");
        await EndsAsync(plan, "5\n");
        Assert.True(File.Exists(file));

        await ScriptRoot.UntilAsync(() =>
            Task.FromResult(Say(plan, Again(1)).StartsWith("launched ", StringComparison.Ordinal))
        );
        await EndsAsync(plan, "5\n5\n");
        await ScriptRoot.UntilAsync(() => Task.FromResult(!File.Exists(file)));
    }

    [Fact]
    public void SLURM_is_given_the_next_attempt_with_more_memory_once_the_last_job_has_left()
    {
        var plan = Plan("true", times: 1) with
        {
            BatchLines = ["#SBATCH --comment=x", "#SBATCH --dependency=afterok:1", "#SBATCH --mem=1G"],
        };
        _root.Lay(plan);
        var bin = Directory.CreateDirectory(Path.Combine(_root.FullName, "bin")).FullName;
        File.WriteAllText(
            Path.Combine(bin, "sbatch"),
            $"#!/bin/sh\necho \"$@\" >>{bin}/said\nfor last; do :; done\ncat $last >>{bin}/said\necho 7$(wc -l <{bin}/said)\n"
        );
        File.WriteAllText(Path.Combine(bin, "squeue"), $"#!/bin/sh\ncat {bin}/queue\n");
        File.WriteAllText(Path.Combine(bin, "sacct"), "#!/bin/sh\nexit 1\n");
        ScriptRoot.Sh($"chmod +x {bin}/sbatch {bin}/squeue {bin}/sacct; : >{bin}/queue");
        string On(string words) => ScriptRoot.Sh($"PATH={bin}:$PATH sh {_root.Folder(plan)}/launch {words}").Trim();
        var first = On("start");

        File.WriteAllText(Path.Combine(bin, "queue"), "7\n");
        Assert.Equal("busy", On("again 1 out-of-memory 1 1536 'it was killed'"));
        File.WriteAllText(Path.Combine(bin, "queue"), "");
        var second = On("again 1 out-of-memory 1 1536 'it was killed'");

        Assert.StartsWith("launched 7", second, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
        Assert.Equal(second, On("again 1 out-of-memory 1 1536 'it was killed'"));
        var said = File.ReadAllText(Path.Combine(bin, "said"));
        Assert.Equal(1, said.Split($"--comment={plan.Id}.1 --mem=1536M ").Length - 1);
        Assert.Equal(1, said.Split("--dependency=").Length - 1);
        Assert.Contains("\nexec env MUSTER_AGAIN=1 sh ./supervise main ", said, StringComparison.Ordinal);
    }

    private static RunPlan Plan(string script, int times) =>
        Plans.Nothing() with
        {
            Command = ["sh", "-c", script],
            Retry = new(times, PlannedRetry.Possible),
        };

    private static string Again(int number) => $"again {number} failed {number} 0 text";

    private string Marks(RunPlan plan) => Path.Combine(_root.Folder(plan), "out", "marks");

    private async Task EndsAsync(RunPlan plan, string marks)
    {
        await ScriptRoot.UntilAsync(() => Task.FromResult(_root.HasEnded(plan)));
        Assert.Equal(marks, await File.ReadAllTextAsync(Marks(plan), TestContext.Current.CancellationToken));
    }

    private string Say(RunPlan plan, string words)
    {
        using var process = Start(plan, words);
        var said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return said;
    }

    private Process Start(RunPlan plan, string words) =>
        Process.Start(
            new ProcessStartInfo("sh", [Path.Combine(_root.Folder(plan), "launch"), .. words.Split(' ')])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
}
