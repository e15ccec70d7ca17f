using System.Buffers.Binary;
using System.Text.Json;
using Muster.Recipes.DroidSlam;

namespace Muster;

/// <summary>
/// The recipes of DROID-SLAM, whole, against stand-ins (<c>tests/lab/apptainer</c>, <c>tests/lab/droid</c>) which take
/// the same words and write the same files: there is no GPU here.
/// </summary>
[Collection(Sharing.Droid)]
public sealed class DroidSlamTests : IDisposable
{
    private static readonly string Parts = Path.Combine(Lab.Repository, "tests", "lab");
    private readonly Lab _lab = new();

    public DroidSlamTests()
    {
        Lab.Do("install", "bubblewrap", "gcc", "libc6-dev", "python3-dev", "python3-setuptools");
        DroidStandIn.Lay(_lab, "packages", "droid.sif");
        _lab.Shell("mkdir images");
        Images(24);
        File.WriteAllText(Path.Combine(_lab.Code, "calib.txt"), "# a camera\n320\t320  320 240\r\n");
        File.WriteAllBytes(Path.Combine(_lab.Code, "droid.pth"), DroidWeights.Of(DroidWeights.Heads));
    }

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("node", "node7")]
    [InlineData("cluster", "login")]
    public void Images_become_a_reconstruction_and_a_trajectory(string site, string host)
    {
        File.WriteAllText(Path.Combine(_lab.Code, "images", "notes.txt"), "stays here");
        Images(60);
        Images(1, "1000");
        var answer = Infer(
            site,
            "--image",
            DroidStandIn.Home(host, "droid.sif"),
            "--stride",
            "2",
            "--t0",
            "1",
            "--warmup",
            "4",
            "--beta",
            "0.5"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("W103 notes.txt", answer.Said, StringComparison.Ordinal);
        Assert.Equal(["preflight", "image", "source", "build", "slam", "finish"], DroidStandIn.Phases(answer.Output));
        var results = Path.Combine(_lab.Code, "muster-out", "droid-slam-infer");
        var arguments = Json("arguments.json");
        Assert.Equal(
            (2, 1, 0.5, 512, true, true),
            (
                arguments.GetProperty("stride").GetInt32(),
                arguments.GetProperty("t0").GetInt32(),
                arguments.GetProperty("beta").GetDouble(),
                arguments.GetProperty("buffer").GetInt32(),
                arguments.GetProperty("disable_vis").GetBoolean(),
                arguments.GetProperty("upsample").GetBoolean()
            )
        );
        Assert.Equal(
            [384, 512],
            arguments.GetProperty("image_size").EnumerateArray().Select(number => number.GetInt32())
        );
        Assert.Equal(
            (31, false),
            (Json("run.json").GetProperty("frames").GetInt32(), Json("run.json").GetProperty("partial").GetBoolean())
        );
        Assert.Equal(
            (0, "finish"),
            (
                Json("state/finished.json").GetProperty("exit_code").GetInt32(),
                Json("state/finished.json").GetProperty("phase").GetString()
            )
        );
        Assert.Equal(
            ["000.png", "001.png", "059.png", "1000.png"],
            new[] { 0, 1, 59, 60 }.Select(File.ReadAllLines(Path.Combine(results, "images.txt")).ElementAt)
        );
        Assert.Equal(128 + (30 * 7 * 4), new FileInfo(Path.Combine(results, "traj_est.npy")).Length);
        Assert.Equal("PK", File.ReadAllText(Path.Combine(results, "reconstruction.pth"))[..2]);
        _lab.Shell("cd muster-out/droid-slam-infer && sha256sum --quiet -c SHA256SUMS");
        // Here it was exported: the frame that tracking began with is the second of every second image.
        Assert.True(File.Exists(Path.Combine(results, "points.ply")), answer.Said);
        Assert.Equal(
            ["002", "1000"],
            new[] { 0, 29 }.Select(at =>
                File.ReadAllLines(Path.Combine(results, "trajectory.tum"))
                    .Where(line => line[0] is not '#')
                    .ElementAt(at)
                    .Split(' ')[0]
            )
        );

        JsonElement Json(string name)
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(results, name)));
            return document.RootElement.Clone();
        }
    }

    [Fact]
    public void Image_and_program_are_staged_once_and_kept()
    {
        var source = Lab.On(
                "node7",
                $"rm -rf ~/.muster/shared/droid-slam source && cp -R {Parts}/droid/program source && cd source && git "
                    + "init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm first && git branch "
                    + "-q -f "
                    + "headless && git rev-parse HEAD && pwd"
            )
            .Split('\n');
        string[] given = ["--image", "docker://stand-in/droid:1", "--repository", source[1], "--ref", "headless"];

        Assert.Equal(0, _lab.Muster(["recipes", "stage", "droid-slam/infer", "-s", "node", .. given]).ExitCode);
        var answer = _lab.Muster(["run", "droid-slam/infer", "-s", "node", .. Inputs, .. given]);

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal("pull docker://stand-in/droid:1\n", Lab.On("node7", "cat pulled"));
        Assert.Equal($"source@{source[0][..12]}", Lab.On("node7", "ls ~/.muster/shared/droid-slam/src").Trim());

        var kept = Lab.On("node7", "cd ~/.muster/shared/droid-slam/sif && ls && sha256sum *.sif")
            .Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"droid_1@{kept[1][..12]}.sif", kept[0]);
        // A tag that means another image by now: the older one stays for those who use it.
        Lab.On("node7", "echo '# newer' >>pulled-adds");
        Assert.Equal(
            0,
            _lab.Muster(["recipes", "stage", "droid-slam/infer", "-s", "node", .. given, "--refresh"]).ExitCode
        );
        Assert.Equal("2\n", Lab.On("node7", "rm pulled-adds; ls ~/.muster/shared/droid-slam/sif | wc -l"));

        Lab.On("node7", "touch no-network; rm -rf ~/.muster/shared/droid-slam");
        _lab.Muster(["run", "droid-slam/infer", "-s", "node", .. Inputs, .. given])
            .IsFault(1, "docker://stand-in/droid:1 could not be pulled on node7");
        Lab.On("node7", "rm -rf ~/.muster/shared/droid-slam source");
    }

    [Theory]
    [InlineData("memory", 21, "lower --buffer")]
    [InlineData("empty", 22, "fewer than 2 keyframes")]
    [InlineData("bounds", 23, "raise --buffer")]
    [InlineData("checkpoint", 25, "no checkpoint")]
    [InlineData("kernel", 26, "another kind of GPU")]
    [InlineData("symbol", 27, "do not fit")]
    [InlineData("scatter", 27, "pip install torch-scatter")]
    [InlineData("display", 28, "no display")]
    [InlineData("forked", 30, "leave out --asynchronous")]
    [InlineData("still", 29, "never initialised")]
    [InlineData("other", 20, "last words")]
    public void A_failure_is_told_by_its_code_and_what_to_do(string fault, int code, string advice)
    {
        File.WriteAllText(Path.Combine(_lab.Code, "program", "droid_slam", "FAULT"), fault);
        var answer = Infer("node", "--image", DroidStandIn.Home("node7", "droid.sif"));

        Assert.True(code == answer.ExitCode, $"{answer.ExitCode}: {answer.Output}{answer.Said}");
        Assert.Contains($"note        ", answer.Said, StringComparison.Ordinal);
        Assert.Contains(advice, answer.Said, StringComparison.Ordinal);
        using var finished = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "droid-slam-infer", "state", "finished.json"))
        );
        Assert.Equal(
            ("slam", code),
            (
                finished.RootElement.GetProperty("phase").GetString(),
                finished.RootElement.GetProperty("exit_code").GetInt32()
            )
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("program-2022/setup.py")]
    // laid out as in 2025, and as in 2022 and in the fork
    public void Extensions_that_the_image_lacks_are_compiled_once(string setup)
    {
        if (setup.Length > 0)
            _lab.Shell($"cp {Parts}/droid/{setup} program/ && rm -f program/thirdparty/lietorch/setup.py");
        Lab.On("node7", "rm -rf ~/.muster/shared/droid-slam/build");
        var image = DroidStandIn.Home("node7", "bare.sif");
        var first = Infer("node", "--image", image);

        Assert.True(first.ExitCode == 0, first.Output + first.Said);
        Assert.Contains("No module named 'droid_backends'", first.Output, StringComparison.Ordinal);
        Assert.Contains("compiling the extensions", first.Output, StringComparison.Ordinal);
        Assert.Equal(
            "droid_backends lietorch_backends\n",
            Lab.On("node7", "cd ~/.muster/shared/droid-slam/build/given@*-bare-any && ls *.so | cut -d. -f1 | xargs")
        );

        var second = Infer("node", "--image", image);
        Assert.True(second.ExitCode == 0, second.Output + second.Said);
        Assert.DoesNotContain("compiling the extensions", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Extensions_that_cannot_be_compiled_end_it_with_the_compilers_word()
    {
        File.WriteAllText(
            Path.Combine(_lab.Code, "program", "setup.py"),
            "raise OSError('CUDA_HOME environment variable is not set')\n"
        );
        var answer = Infer("node", "--image", DroidStandIn.Home("node7", "bare.sif"));

        Assert.True(answer.ExitCode == 13, answer.Output + answer.Said);
        Assert.Contains(
            "OSError: CUDA_HOME environment variable is not set. Use an image",
            answer.Said,
            StringComparison.Ordinal
        );
        Assert.Equal("", Lab.On("node7", "find ~/.muster/shared/droid-slam/build -name .lock"));
    }

    [Fact]
    public void In_asynchronous_mode_the_back_end_is_a_process_of_its_own()
    {
        Images(30);
        var answer = Infer(
            "node",
            "--image",
            DroidStandIn.Home("node7", "droid.sif"),
            "--asynchronous",
            "true",
            "--t0",
            "2"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        var results = Path.Combine(_lab.Code, "muster-out", "droid-slam-infer");
        Assert.Contains(
            "\"keyframes\": 9",
            File.ReadAllText(Path.Combine(results, "run.json")),
            StringComparison.Ordinal
        );
        Assert.Equal(128 + (28 * 7 * 4), new FileInfo(Path.Combine(results, "traj_est.npy")).Length);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("backend")]
    public void In_asynchronous_mode_an_error_on_either_side_ends_both(string fault)
    {
        File.WriteAllText(Path.Combine(_lab.Code, "program", "droid_slam", "FAULT"), fault);
        Images(200);
        var answer = Infer(
            "node",
            "--image",
            DroidStandIn.Home("node7", "droid.sif"),
            "--asynchronous",
            "true",
            "--time",
            "10m"
        );

        Assert.True(answer.ExitCode == 21, $"{answer.ExitCode}: {answer.Output}{answer.Said}");
        Assert.DoesNotContain("timelimit", DroidStandIn.Phases(answer.Output));
    }

    [Fact]
    public void An_unreadable_image_over_there_is_told()
    {
        Lab.On(
            "node7",
            "mkdir -p frames && rm -f frames/* && for n in $(seq 100 130); do echo none >frames/$n.png; done"
        );
        var answer = _lab.Muster(
            "run",
            "droid-slam/infer",
            "-s",
            "node",
            "--images",
            $"there:{DroidStandIn.Home("node7", "frames")}",
            "--calibration",
            "calib.txt",
            "--weights",
            "droid.pth",
            "--source",
            "program",
            "--stage-on",
            "local",
            "--need-gpu",
            "false",
            "--gpus",
            "0",
            "--min-free",
            "1000",
            "--image",
            DroidStandIn.Home("node7", "droid.sif")
        );

        Assert.Equal(24, answer.ExitCode);
    }

    [Fact]
    public void Before_the_time_limit_what_there_is_is_saved()
    {
        File.WriteAllText(Path.Combine(_lab.Code, "program", "droid_slam", "FAULT"), "slow");
        Images(200);
        var answer = Infer(
            "node",
            "--image",
            DroidStandIn.Home("node7", "droid.sif"),
            "--time",
            "90s",
            "--warn",
            "65",
            "--stride",
            "1"
        );

        Assert.True(answer.ExitCode == 9, answer.Output + answer.Said);
        Assert.Contains("timelimit", DroidStandIn.Phases(answer.Output));
        using var run = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "droid-slam-infer", "run.json"))
        );
        Assert.True(run.RootElement.GetProperty("partial").GetBoolean());
        Assert.True(File.Exists(Path.Combine(_lab.Code, "muster-out", "droid-slam-infer", "reconstruction.pth")));
    }

    [Fact]
    public void Without_a_GPU_it_ends_before_it_begins()
    {
        var answer = _lab.Muster([
            "run",
            "droid-slam/infer",
            "-s",
            "node",
            .. Inputs[..6],
            "--source",
            "program",
            "--stage-on",
            "local",
            "--gpus",
            "0",
            "--image",
            DroidStandIn.Home("node7", "droid.sif"),
        ]);

        Assert.Equal(10, answer.ExitCode);
        Assert.True(answer.Said.Contains("no GPU is visible on node7", StringComparison.Ordinal), answer.Said);
    }

    [Fact]
    public void The_older_command_line_submits_lists_follows_and_copies()
    {
        _lab.Set("MUSTER_SSH_CONFIG", $"{Lab.Folders}/ssh_config");
        File.WriteAllText(
            Path.Combine(_lab.Code, "droidslam.yaml"),
            $$"""
            connection: { host: login, user: muster-lab }
            remote: { base: ~/droidslam, stageOn: local }
            slurm: { timeLimit: "00:10:00", gpuCount: 0, cpusPerTask: 1, mem: 100M }
            container: { image: {{DroidStandIn.Home("login", "droid.sif")}}, setup: "PATH=$HOME/bin:$PATH" }
            infer: { imageDir: ./images, calibration: calib.txt, weights: droid.pth, stride: 1, timestamps: index, parameters: { need-gpu: false, min-free: 1000, source: {{_lab.Code}}/program } }
            """
        );

        File.WriteAllText(Path.Combine(_lab.Code, "program", "droid_slam", "FAULT"), "slow");
        // Another run of this machine that is newer by its id, as one that is submitted at the same time may be.
        var other = _lab.Muster("submit", "-s", "local", "--detach", "-q", "--", "true").Output.Trim();
        _lab.Shell(
            $"""python3 -c 'import sqlite3; db = sqlite3.connect("{_lab.Folder}/state/muster/runs.db"); db.execute("update runs set id = ? where id = ?", ("f" * 36, "{other}")); db.commit()'"""
        );
        var submitted = _lab.Muster("as", "droidslamcli", "infer", "--config", "droidslam.yaml");
        Assert.True(submitted.ExitCode == 0, submitted.Said);
        var id = submitted.Output.Trim();
        Assert.NotEqual(other, id);
        var number = SubmitTests.Show(_lab, id).GetProperty("handle").GetString()!.Split(';')[0];
        var followed = _lab.Muster("as", "droidslamcli", "status", $"--jobID={number}");
        Assert.Equal(["preflight", "image", "source", "build", "slam", "finish"], DroidStandIn.Phases(followed.Output));
        Assert.Contains("23it [00:00]", followed.Said, StringComparison.Ordinal);
        Assert.Contains("succeeded ", followed.Said.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.Contains(
            "droid-slam-infer",
            _lab.Muster("as", "droidslamcli", "status").Output,
            StringComparison.Ordinal
        );
        foreach (var name in (string[])[$"--jobId={id[..13]}", $"--jobID={id}", "-a"])
        {
            var copied = _lab.Muster(
                "as",
                "droidslamcli",
                "extract",
                "infer",
                name,
                "--location=results",
                "--config",
                "droidslam.yaml"
            );
            Assert.True(copied.ExitCode == 0, copied.Said);
        }
        foreach (
            var file in (string[])
                [
                    "reconstruction.pth",
                    "points.ply",
                    "keyframes.tum",
                    "job.json",
                    "logs/main.0.out",
                    "state/finished.json",
                ]
        )
            Assert.True(File.Exists(Path.Combine(_lab.Code, "results", id, file)), file);
        Assert.Equal(
            "index",
            File.ReadLines(Path.Combine(_lab.Code, "results", id, "export.json"))
                .Single(line => line.Contains("timestamps", StringComparison.Ordinal))
                .Split('"')[3]
        );
        Assert.Equal(
            0,
            _lab.Muster("as", "droidslamcli", "extract", "infer", "-a", "--location=plain", "--no-export").ExitCode
        );
        Assert.False(File.Exists(Path.Combine(_lab.Code, "plain", id, "points.ply")));

        _lab.Muster("as", "droidslamcli", "status", "--jobId", "99999999").IsFault(7, "no job has the id '99999999'");
        _lab.Muster("as", "droidslamcli", "extract", "infer", "--location=results").IsFault(2, "either --jobId or -a");
        File.WriteAllText(Path.Combine(_lab.Code, "calib.txt"), "1 2 3");
        _lab.Muster("as", "droidslamcli", "infer").IsFault(2, "E202");
    }

    private static readonly string[] Inputs =
    [
        "--images",
        "images",
        "--calibration",
        "calib.txt",
        "--weights",
        "droid.pth",
        "--need-gpu",
        "false",
        "--gpus",
        "0",
        "--min-free",
        "1000",
        "--cpus",
        "1",
        "--memory",
        "100M",
        "--stride",
        "1",
    ];

    private Answer Infer(string site, params string[] more) =>
        _lab.Muster([
            "run",
            "droid-slam/infer",
            "-s",
            site,
            .. more.Contains("--stride") ? Inputs[..^2] : Inputs,
            "--source",
            "program",
            "--stage-on",
            "local",
            .. more,
        ]);

    private void Images(int count, string? name = null)
    {
        var bytes = new byte[33];
        byte[] start = [0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n', 0, 0, 0, 13, .. "IHDR"u8];
        start.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), 640);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), 480);
        (bytes[24], bytes[25]) = (8, 2);
        for (var at = 0; at < count; at++)
            File.WriteAllBytes(Path.Combine(_lab.Code, "images", $"{name ?? $"{at:000}"}.png"), bytes);
    }
}
