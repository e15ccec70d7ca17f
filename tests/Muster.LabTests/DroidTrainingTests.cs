using System.Text.Json;
using Muster.Scenes;

namespace Muster;

/// <summary>
/// Training, whole: our reader and driver with a real PyTorch (on the processor), in a stand-in container, around a
/// network and losses that stand
/// in for DROID-SLAM's. There is no GPU here.
/// </summary>
public sealed class DroidTrainingTests : IDisposable
{
    private readonly Lab _lab = new();

    public DroidTrainingTests()
    {
        Lab.Do("install", "bubblewrap", "python3-torch", "python3-numpy");
        DroidStandIn.Lay(_lab, "training", "training.sif");
        _lab.Shell("mkdir data");
        new SyntheticScene(9, 384, 512).WriteSequence(Path.Combine(_lab.Code, "data", "room"));
    }

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("node", "node7")]
    [InlineData("cluster", "login")]
    public void Sequences_become_checkpoints(string site, string host)
    {
        var answer = Train(
            site,
            host,
            "--steps",
            "6",
            "--checkpoint-every",
            "4",
            "--print-every",
            "2",
            "--processes",
            "2"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal(["preflight", "image", "source", "build", "train", "finish"], DroidStandIn.Phases(answer.Output));
        Assert.Contains(
            "rot_error, tr_error, bad_rot, bad_tr, residual, f_error, 1px",
            answer.Output,
            StringComparison.Ordinal
        );
        Assert.Equal(3, answer.Output.Split('\n').Count(line => line.StartsWith("[ ", StringComparison.Ordinal)));
        Assert.Equal(["droid_000004.pth", "droid_000006.pth", "state.pth"], Checkpoints());
        var run = Json("run.json");
        Assert.Equal(
            (6, 6, false, 2, 1),
            (
                run.GetProperty("step").GetInt32(),
                run.GetProperty("steps").GetInt32(),
                run.GetProperty("partial").GetBoolean(),
                run.GetProperty("processes").GetInt32(),
                run.GetProperty("sequences").GetInt32()
            )
        );
        Assert.Equal(
            "6 module.size,module.update.delta.2.bias,module.update.delta.2.weight,module.update.weight.2.bias,module.update.weight.2.weight",
            Torch("""s = load("state.pth"); print(s["step"], ",".join(sorted(load("droid_000006.pth"))))""")
        );
        _lab.Shell("cd muster-out/droid-slam-train && sha256sum --quiet -c SHA256SUMS");
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    public void Before_the_time_limit_all_is_saved_and_the_next_run_goes_on()
    {
        var first = Train(
            "node",
            "node7",
            "--steps",
            "1000000",
            "--print-every",
            "1",
            "--time",
            "60s",
            "--warn",
            "50",
            "--name",
            "first"
        );
        Assert.True(first.ExitCode == 9, first.Output + first.Said);
        Assert.Contains("timelimit", DroidStandIn.Phases(first.Output));
        Assert.Contains("Go on with: --resume there:/", first.Said, StringComparison.Ordinal);
        var step = Json("run.json", "first").GetProperty("step").GetInt32();
        Assert.InRange(step, 1, 999_999);
        Assert.Equal([$"droid_{step:000000}.pth", "state.pth"], Checkpoints("first"));

        // What it had learned is there, and the rate goes on: it is not warmed up again.
        Torch($"""s = load("state.pth"); s["steps"] = {step} + 2; torch.save(s, "{_lab.Code}/state.pth")""", "first");
        var second = Train("node", "node7", "--resume", "state.pth", "--print-every", "1", "--name", "second");
        Assert.True(second.ExitCode == 0, second.Output + second.Said);
        Assert.Contains("resumed from /in/resume", second.Output, StringComparison.Ordinal);
        Assert.Equal(
            [step + 1, step + 2],
            second
                .Output.Split('\n')
                .Where(line => line.StartsWith("[ ", StringComparison.Ordinal))
                .Select(line => int.Parse(line[1..].Split(',')[0]))
        );
        Assert.Equal(
            (step + 2, false),
            (
                Json("run.json", "second").GetProperty("step").GetInt32(),
                Json("run.json", "second").GetProperty("partial").GetBoolean()
            )
        );
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    public void Released_weights_are_what_it_begins_with()
    {
        _lab.Shell(
            """/usr/bin/python3 -c 'import torch; torch.save({"module.size": torch.tensor(1.5), "module.pad": torch.zeros(300000), **{"module.update.%s.2.%s" % (a, b): torch.zeros(3, 4, 1, 1) if b == "weight" else torch.zeros(3) for a in ("weight", "delta") for b in ("weight", "bias")}}, "droid.pth")'"""
        );
        File.AppendAllText(
            Path.Combine(_lab.Code, "program", "droid_slam", "droid_net.py"),
            "\n\nclass DroidNet(DroidNet):\n    def __init__(self):\n        super().__init__()\n        "
                + "self.register_buffer(\"pad\", torch.zeros(300000))\n"
        );
        var answer = Train("node", "node7", "--weights", "droid.pth", "--steps", "1", "--lr", "0");

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal("1.5", Torch("""print(load("droid_000001.pth")["module.size"].item())"""));
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    // each attempt is told to stop at once, and takes one step
    public void Put_back_into_the_queue_it_goes_on_by_itself()
    {
        var answer = Train(
            "cluster",
            "login",
            "--steps",
            "2",
            "--time",
            "5m",
            "--warn",
            "300",
            "--requeue",
            "true",
            "--set",
            "requeue=true",
            "--print-every",
            "1"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("put back into the queue", answer.Output, StringComparison.Ordinal);
        Assert.Contains("resumed from /out/checkpoints/state.pth", answer.Output, StringComparison.Ordinal);
        Assert.Equal(
            (2, false),
            (Json("run.json").GetProperty("step").GetInt32(), Json("run.json").GetProperty("partial").GetBoolean())
        );
    }

    [Fact]
    public void The_older_command_line_trains_and_copies_the_newest_checkpoint()
    {
        _lab.Set("MUSTER_SSH_CONFIG", $"{Lab.Folders}/ssh_config");
        File.WriteAllText(
            Path.Combine(_lab.Code, "config.yaml"),
            $$"""
            connection: { host: login, user: muster-lab }
            remote: { base: ~/droidslam, stageOn: local }
            slurm: { timeLimit: "00:10:00", cpusPerTask: 2, mem: 3G }
            container: { image: {{DroidStandIn.Home("login", "training.sif")}}, setup: "PATH=$HOME/bin:$PATH" }
            train: { dataset: ./data, layout: custom, name: mine, gpus: 0, steps: 3, lr: 0.001, parameters: { need_gpu: false, min-free: 1000, source: ./program, checkpoint_every: 2 } }
            """
        );
        var submitted = _lab.Muster("as", "droidslamcli", "train", "-s", "config.yaml");
        Assert.True(submitted.ExitCode == 0, submitted.Said);
        var id = submitted.Output.Trim();
        Assert.Contains(
            "muster: 9 clips",
            _lab.Muster("as", "droidslamcli", "status", $"--jobId={id[..13]}").Output,
            StringComparison.Ordinal
        );
        var copied = _lab.Muster("as", "droidslamcli", "extract", "train", $"--jobID={id}", "--location=results");
        Assert.True(copied.ExitCode == 0, copied.Said);
        Assert.Equal(
            ["mine_000003.pth"],
            Directory
                .GetFiles(Path.Combine(_lab.Code, "results", id, "checkpoints"))
                .Select(file => Path.GetFileName(file))
        );
        foreach (var file in (string[])["run.json", "job.json", "logs/main.0.out", "state/finished.json"])
            Assert.True(File.Exists(Path.Combine(_lab.Code, "results", id, file)), file);
        Assert.Equal(
            0,
            _lab.Muster(
                "as",
                "droidslamcli",
                "extract",
                "train",
                "-a",
                "--location=results",
                "--all-checkpoints"
            ).ExitCode
        );
        Assert.Equal(
            ["mine_000002.pth", "mine_000003.pth", "state.pth"],
            Directory
                .GetFiles(Path.Combine(_lab.Code, "results", id, "checkpoints"))
                .Select(file => Path.GetFileName(file))
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_it_with_advice()
    {
        File.WriteAllText(Path.Combine(_lab.Code, "program", "droid_slam", "geom", "NAN"), "");
        var answer = Train("node", "node7", "--processes", "2");

        Assert.True(answer.ExitCode == 32, answer.Output + answer.Said);
        Assert.Contains("lower --lr", answer.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_over_there_that_no_clip_can_be_cut_from_is_told()
    {
        _lab.Shell($"tar -C data -cf data.tar room");
        Lab.On(
            "node7",
            $"rm -rf few && mkdir few && tar -C few -xf {_lab.Code}/data.tar && cd few/room && rm images/*[3-8].png "
                + "depth/*[3-8].npy && head -n 3 poses.txt >p && mv p poses.txt"
        );
        var answer = Train("node", "node7", "--dataset", $"there:{DroidStandIn.Home("node7", "few")}");

        Assert.True(answer.ExitCode == 31, answer.Output + answer.Said);
    }

    [Fact]
    public void What_is_wrong_is_told_before_anything_is_sent()
    {
        File.WriteAllText(Path.Combine(_lab.Code, "data", "room", "intrinsics.txt"), "320\n");
        File.WriteAllText(Path.Combine(_lab.Code, "weights.pth"), "none");

        var answer = Train("node", "node7", "--weights", "weights.pth");
        Assert.Equal(2, answer.ExitCode);
        Assert.Equal(
            ["error: E601", "E301"],
            answer
                .Said.Split('\n')
                .Where(line =>
                    line.Contains("E601", StringComparison.Ordinal) || line.Contains("E301", StringComparison.Ordinal)
                )
                .Select(line => line[..line.IndexOf(" /", StringComparison.Ordinal)])
        );
        Assert.Contains("fix: Nothing was sent.", answer.Said, StringComparison.Ordinal);
    }

    private Answer Train(string site, string host, params string[] more) =>
        _lab.Muster([
            "run",
            "droid-slam/train",
            "-s",
            site,
            .. more.Contains("--dataset") ? [] : (string[])["--dataset", "data"],
            "--source",
            "program",
            "--stage-on",
            "local",
            "--image",
            DroidStandIn.Home(host, "training.sif"),
            "--need-gpu",
            "false",
            "--gpus",
            "0",
            "--min-free",
            "1000",
            "--cpus",
            "2",
            "--memory",
            "3G",
            .. more.Contains("--time") ? [] : (string[])["--time", "10m"],
            .. more,
        ]);

    private string Results(string name = "droid-slam-train") => Path.Combine(_lab.Code, "muster-out", name);

    private List<string> Checkpoints(string name = "droid-slam-train") =>
        [
            .. Directory
                .GetFiles(Path.Combine(Results(name), "checkpoints"))
                .Select(file => Path.GetFileName(file))
                .Order(StringComparer.Ordinal),
        ];

    private JsonElement Json(string file, string name = "droid-slam-train")
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Results(name), file)));
        return document.RootElement.Clone();
    }

    private string Torch(string words, string name = "droid-slam-train")
    {
        File.WriteAllText(
            Path.Combine(_lab.Folder, "look.py"),
            $"import torch\n\n\ndef load(file):\n    return torch.load(\"{Results(name)}/checkpoints/\" + "
                + $"file)\n\n\n{words}\n"
        );
        return _lab.Shell($"/usr/bin/python3 {_lab.Folder}/look.py").Trim();
    }
}
