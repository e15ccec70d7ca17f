using System.Diagnostics;
using Muster.Runs.Submit;

namespace Muster.Runs;

/// <summary>
/// The real scripts under a real sh, with a scheduler that loses replies, and launchers killed at any moment.
/// </summary>
public sealed class LaunchScriptTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-launch-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void However_often_it_is_launched_and_killed_SLURM_executes_it_once(int seed)
    {
        var run = Make(scheduled: true);
        Scheduler(run);
        Storm(run, seed);
        Assert.StartsWith("launched ", Finish(run), StringComparison.Ordinal);
        Ends(run);
        Assert.Equal("once\n", File.ReadAllText(Path.Combine(run, "out", "marks")));
    }

    [Fact]
    public void However_often_it_is_launched_and_killed_a_host_executes_it_once()
    {
        var run = Make(scheduled: false);
        Storm(run, 4);
        Assert.StartsWith("launched ", Finish(run), StringComparison.Ordinal);
        Ends(run);
        Assert.Equal("once\n", File.ReadAllText(Path.Combine(run, "out", "marks")));
    }

    [Fact]
    public void A_request_to_cancel_keeps_every_launcher_from_executing_it()
    {
        var run = Make(scheduled: false);
        Assert.Equal("cancelled", Say(run, "cancel"));
        Storm(run, 5);
        Assert.Equal("cancelled", Finish(run));
        Assert.False(File.Exists(Path.Combine(run, "out", "marks")));
    }

    [Fact]
    public void A_refusal_is_final_and_keeps_its_words()
    {
        var run = Make(scheduled: true);
        Program("squeue", "exit 0");
        Program("sacct", "exit 1");
        Program("sbatch", "echo 'sbatch: error: Batch job submission failed: Invalid partition' >&2; exit 1");
        Assert.Equal("refused", Say(run, "start"));
        Program("sbatch", "echo 77");
        Assert.Equal("refused", Say(run, "start"));
        Assert.Contains(
            "Invalid partition",
            File.ReadAllText(Path.Combine(run, "status", "refused")),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("x-")]
    [InlineData("muster-")]
    public void A_job_whose_answer_was_lost_is_found_by_its_name_and_an_older_version_s(string begins)
    {
        var run = Make(scheduled: true);
        var id = File.ReadAllLines(Path.Combine(run, "plan.sh"))[0].Split('=')[1].Trim('\'');
        var name = begins == "x-" ? begins + id[..13] : begins + id[..8];
        Program("squeue", $"case \",$*,\" in *[=,]{name}[\\ ,]*) echo '41|another'; echo '42|{id}' ;; esac");
        Program("sacct", "exit 1");
        Program("sbatch", "echo 'sbatch: error: Socket timed out' >&2; exit 1");
        Assert.Equal("launched 42", Say(run, "start"));
    }

    [Fact]
    public void A_job_that_fills_its_disk_still_leaves_the_record_of_its_end()
    {
        var run = Make(scheduled: false, "cat /dev/zero >filler; exit 3");
        // A small disk of its own, in a namespace of its own.
        using var process = Process.Start(
            new ProcessStartInfo(
                "unshare",
                [
                    "-rm",
                    "sh",
                    "-c",
                    $"""
                    mkdir {run}.kept && cp -R {run}/. {run}.kept || exit 1
                    mount -t tmpfs -o size=1m tmpfs {run} && cp -R {run}.kept/. {run} || exit 1
                    sh {run}/supervise main 0
                    cat {run}/status/main.0.exit && [ -e {run}/status/ended ]
                    """,
                ]
            )
            {
                RedirectStandardOutput = true,
            }
        )!;
        var record = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("code=3\nreason=exited\n", record, StringComparison.Ordinal);
        Assert.Contains("unwritten=No space left on device", record, StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_folder_that_cannot_be_written_leaves_a_doubt_and_comes_to_an_end()
    {
        var run = Make(scheduled: false);
        Program("ln", "exit 1");
        Assert.Equal("doubt", Say(run, "start"));
    }

    private string Make(bool scheduled, string command = "echo once >>\"$MUSTER_OUT/marks\"")
    {
        var plan = new RunPlan
        {
            Id = RunId.New(TimeProvider.System),
            Name = "x",
            Site = "s",
            Command = ["sh", "-c", command],
            WorkingFolder = "/",
            BatchLines = scheduled ? ["#SBATCH --comment=x"] : [],
        };
        var run = _folder.CreateSubdirectory("run").FullName;
        foreach (var name in (string[])["code", "in", "out", "logs", "status"])
            Directory.CreateDirectory(Path.Combine(run, name));
        foreach (var file in RunFiles.For(plan, new Dictionary<string, string>()))
            File.WriteAllText(Path.Combine(run, file.Name), file.Text);
        File.WriteAllText(Path.Combine(run, "status", "staged"), "");
        return run;
    }

    /// <summary>Takes jobs, forgets to say so now and then, and lists them by comment.</summary>
    private void Scheduler(string run)
    {
        var id = File.ReadAllLines(Path.Combine(run, "plan.sh"))[0].Split('=')[1].Trim('\'');
        var jobs = _folder.CreateSubdirectory("jobs").FullName;
        Program(
            "sbatch",
            $"""
            job=$$
            : >'{jobs}'/$job
            SLURM_JOB_ID=$job setsid sh {run}/batch.sh </dev/null >/dev/null 2>&1 &
            case $((job % 3)) in 0) echo 'sbatch: error: Socket timed out on send/recv operation' >&2; exit 1 ;; 1) kill -9 $job ;; esac
            echo $job
            """
        );
        Program("squeue", $"cd '{jobs}' && for job in *; do [ ! -e \"$job\" ] || echo \"$job|{id}\"; done");
        Program("sacct", "exit 1");
        Program("scancel", "exit 0");
    }

    private void Program(string name, string text)
    {
        var file = Path.Combine(_folder.CreateSubdirectory("bin").FullName, name);
        File.WriteAllText(file, $"#!/bin/sh\ncd {_folder.FullName}/run\n{text}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Storm(string run, int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
        {
            var launchers = Enumerable.Range(0, 4).Select(_ => Start(run, "start")).ToList();
            foreach (var launcher in launchers)
            {
                launcher.WaitForExit(random.Next(1, 25));
                if (!launcher.HasExited)
                    launcher.Kill();
                launcher.WaitForExit();
                launcher.Dispose();
            }
        }
    }

    /// <summary>Asks until the answer is clear.</summary>
    private string Finish(string run)
    {
        for (var began = Stopwatch.GetTimestamp(); ; )
        {
            var answer = Say(run, "start");
            if (answer is not ("busy" or "doubt"))
                return answer;
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 60, $"still in doubt: {answer}");
        }
    }

    private static void Ends(string run)
    {
        for (var began = Stopwatch.GetTimestamp(); !File.Exists(Path.Combine(run, "status", "ended")); )
        {
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 60, "it does not end");
            Thread.Yield();
        }
    }

    private string Say(string run, string what)
    {
        using var process = Start(run, what);
        var said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return said;
    }

    private Process Start(string run, string what)
    {
        var start = new ProcessStartInfo("sh", [Path.Combine(run, "launch"), what])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder.FullName}/bin:{start.Environment["PATH"]}";
        return Process.Start(start)!;
    }
}
