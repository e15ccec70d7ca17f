using System.Text.Json;

namespace Muster;

/// <summary>Where only a scheduler knows the node.</summary>
[Collection(Sharing.Nodes)]
public sealed class EnteringTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose()
    {
        _lab.Muster("cancel", "sweep", "--yes");
        _lab.Dispose();
    }

    [Fact]
    public void A_command_runs_in_the_job_of_its_index_and_ends_with_whoever_asked()
    {
        _lab.Muster(
            "submit",
            "-s",
            "lab-slurm",
            "--detach",
            "--name",
            "sweep",
            "--array",
            "2-3",
            "--gpus",
            "1",
            "--",
            "sh",
            "-c",
            "uname -n >\"$MUSTER_OUT/node\"; exec sleep 300"
        );
        foreach (var index in (int[])[2, 3])
            Lab.Until(
                () =>
                    _lab.Muster(
                        "exec",
                        "sweep",
                        "--rank",
                        $"main.{index}",
                        "--",
                        "test",
                        "-s",
                        $"../out/{index}/node"
                    ).ExitCode == 0,
                "it runs",
                120
            );

        var inside = _lab.Muster(
            "exec",
            "sweep",
            "--rank",
            "main.3",
            "--",
            "sh",
            "-c",
            "uname -n; cat \"$MUSTER_OUT/node\"; echo $MUSTER_RANK $CUDA_VISIBLE_DEVICES $SLURM_ARRAY_TASK_ID; exit 5"
        );
        Assert.Equal(5, inside.ExitCode);
        var lines = inside.Output.Split('\n');
        Assert.Equal(lines[0], lines[1]);
        Assert.StartsWith("3 ", lines[2], StringComparison.Ordinal);

        using var listener = _lab.Start("exec", "sweep", "--", "sleep", "4711");
        bool IsThere() =>
            Lab.On("login", "squeue -s -h -o %i").Split('\n').Any(step => step.Length > 0 && !step.Contains("batch"));
        Lab.Until(IsThere, "its step is there");
        listener.Kill();
        Lab.Until(() => !IsThere(), "its step is over");

        var entries = JsonDocument.Parse(_lab.Muster("ssh-config", "--json", "--write", "sweep").Output).RootElement;
        Assert.Equal(
            ["lab-slurm.muster", "sweep.muster"],
            entries.GetProperty("hosts").EnumerateArray().Select(host => host.GetProperty("host").GetString())
        );
        Assert.Equal(
            _lab.Muster("exec", "sweep", "--", "uname", "-n").Output,
            _lab.Shell("ssh -F ~/.ssh/muster_config sweep.muster uname -n 2>/dev/null")
        );

        Assert.Equal(0, _lab.Muster("cp", "sweep:out/3/node", "third").ExitCode);
        Assert.Equal(lines[1] + "\n", File.ReadAllText(Path.Combine(_lab.Code, "third")));
    }
}
