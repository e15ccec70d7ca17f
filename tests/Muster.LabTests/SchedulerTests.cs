namespace Muster;

/// <summary>
/// What becomes of runs when a scheduler takes their nodes or is away, and what they must not cost it.
/// </summary>
[Collection(Sharing.Scheduler)]
public sealed class SchedulerTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_node_that_dies_is_told_as_such()
    {
        var job = SlurmTests.Running(_lab, "orphan", ["--set", "nodelist=c3", "--set", "no-requeue"], "sleep", "300");
        // The node comes back by itself, as its daemon still lives.
        Lab.Until(
            () =>
            {
                Lab.Do("exec", "login", "scontrol", "update", "NodeName=c3", "State=DOWN", "Reason=test");
                return Lab.Do("exec", "login", "squeue", "-h", "-j", job, "-t", "RUNNING").Trim().Length == 0;
            },
            "its node is down"
        );
        SlurmTests.Ends(_lab, "orphan", "node-failed");
    }

    [Fact]
    public void A_job_that_another_takes_the_place_of_is_preempted()
    {
        SlurmTests.Running(
            _lab,
            "humble",
            ["--set", "partition=spare", "--set", "no-requeue", "--cpus", "4"],
            "sleep",
            "300"
        );
        var proud = SlurmTests.Running(_lab, "proud", ["--set", "nodelist=c3", "--cpus", "4"], "sleep", "300");
        SlurmTests.Ends(_lab, "humble", "preempted");
        Lab.Do("exec", "login", "scancel", proud);
    }

    [Fact]
    public void Forty_runs_cost_the_scheduler_no_more_than_one()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(number => $"crowd-{number}")];
        foreach (var chunk in names.Chunk(4))
        {
            var starting = chunk
                .Select(name =>
                    _lab.Start(
                        "submit",
                        "-s",
                        "lab-slurm",
                        "--no-snapshot",
                        "--detach",
                        "--name",
                        name,
                        "--set",
                        "hold=true",
                        "--",
                        "true"
                    )
                )
                .ToList();
            foreach (var process in starting)
            {
                Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), "it is submitted");
                process.Dispose();
            }
        }
        var before = Rpcs();

        Assert.Equal(124, _lab.Muster(["wait", .. names, "--timeout", "15s"]).ExitCode);

        Assert.InRange(Rpcs() - before, 1, 6);
        var handles = names.Select(name => SubmitTests.Show(_lab, name, "--cached").GetProperty("handle").GetString()!);
        Lab.Do(["exec", "login", "scancel", .. handles]);
    }

    [Fact]
    public void A_scheduler_that_is_away_during_submit_gets_the_job_once_it_is_back()
    {
        Lab.On("login", "rm -f away-marks");
        Lab.Do("slurm", "stop");
        using var process = _lab.Start(
            "submit",
            "-s",
            "lab-slurm",
            "--name",
            "patient",
            "--",
            "sh",
            "-c",
            "echo x >> ~/away-marks"
        );
        Lab.Until(
            () => process.StandardError.ReadLine()?.Contains("again", StringComparison.Ordinal) is true,
            "it says that it tries again",
            60
        );
        Lab.Do("slurm", "start");
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(90)), "it ends");
        Assert.Equal("1", Lab.On("login", "wc -l < away-marks; rm -f away-marks").Trim());
    }

    /// <summary>Questions about jobs that the controller has answered.</summary>
    private static int Rpcs() =>
        Lab.Do("exec", "login", "sdiag")
            .Split('\n')
            .Where(line =>
                line.Contains("REQUEST_JOB_INFO", StringComparison.Ordinal)
                && line.Contains("count:", StringComparison.Ordinal)
            )
            .Sum(line => int.Parse(line.Split("count:")[1].Split(' ')[0]));
}
