using Muster.Cli.Personas;
using Muster.Configuration;
using Muster.Recipes.Reading;
using Muster.Sites.Reading;

namespace Muster.Sites.Import;

public sealed class DroidSlamFileTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Example = """
        connection: { host: hpc.example.org, user: jdoe, identityFile: ~/.ssh/id_ed25519 }
        remote:     { base: /scratch/jdoe/droidslam, stageOn: login }
        slurm:      { account: mygroup, partition: a100, timeLimit: "04:00:00", gpuType: ampere, extra: ["--nice=5"] }
        container:  { runtime: auto, image: "docker://example/droid-slam:torch2.7-cu126" }
        source:     { repository: "https://github.com/princeton-vl/DROID-SLAM.git", ref: 2dfd39f0dcad44012ca7bbb8aa70b55edbfa9c99 }
        infer:
          imageDir: ./fr1_desk/rgb
          calibration: ./fr1_desk/calib.txt
          weights: ./droid.pth
          stride: 2
          parameters: { filter_thresh: 2.0 }
        """;

    private DroidSlamFile Read(string yaml)
    {
        _folder.Write("conf/droid.yaml", yaml);
        return DroidSlamFile.Read("conf/droid.yaml", _folder.Sources);
    }

    private List<string?> Codes(string yaml) =>
        [.. new DroidSlamWork(Read(yaml), "infer", _folder.Sources).Findings().Select(finding => finding.Code)];

    [Fact]
    public void The_example_is_a_site_and_what_its_jobs_are_given()
    {
        var file = Read(Example);
        Assert.Equal(
            ("droid", "jdoe@hpc.example.org", "/scratch/jdoe/droidslam"),
            (file.Site.Name, file.Site.Host, file.Site.Root)
        );
        Assert.Equal(Path.Combine(_folder.Home, ".ssh/id_ed25519"), file.Site.Identity);
        Assert.Equal(
            ["account=mygroup", "partition=a100", "time=04:00:00", "nice=5"],
            file.Site.Sbatch.Entries.Select(entry => $"{entry.Key}={entry.Value}")
        );
        Assert.Equal(
            Path.Combine(_folder.Path, "conf/fr1_desk/rgb"),
            file.Local(file.Find("infer.imageDir")!, _folder.Sources)
        );
        Assert.Equal(
            ("2", "2.0", "ampere"),
            (file.Find("infer.stride"), file.ParametersOf("infer")["filter_thresh"], file.Find("slurm.gpuType"))
        );
        Assert.Empty(file.Warnings);
        Assert.Equal("jdoe@hpc.example.org", ((SlurmSite)SiteFile.Read("conf/droid.yaml", _folder.Sources).Site).Host);
    }

    [Fact]
    public void Infer_is_given_what_its_keys_say()
    {
        var given = Work(Example + "\n  timestamps: fps:30\nexport: { voxel: 0.01, timestamps: index }\n", "infer");
        Assert.Equal(Path.Combine(_folder.Path, "conf/fr1_desk/rgb"), given["images"]);
        Assert.Equal(
            ("2", "2.0", "docker://example/droid-slam:torch2.7-cu126", "login"),
            (given["stride"], given["filter-thresh"], given["image"], given["stage-on"])
        );
        Assert.Equal(
            ["--timestamps", "index", "--voxel", "0.01"],
            new DroidSlamWork(
                DroidSlamFile.Read("conf/droid.yaml", _folder.Sources),
                "infer",
                _folder.Sources
            ).ExportOptions()
        );
    }

    [Fact]
    public void Train_is_given_what_its_keys_say()
    {
        _folder.Write("conf/image.sif", "");
        var given = Work(
            """
            connection: { host: a, user: b }
            slurm: { gpuType: ampere80, gpuCount: 2, requeue: true }
            container: { image: ./image.sif }
            train: { dataset: /scratch/b/tartan, layout: tartanair, name: fine, gpus: 3, steps: 20000, lr: 1e-5, resume: ./state.pth, parameters: { ckpt: ./droid.pth, n_frames: 6 } }
            """,
            "train"
        );
        Assert.Equal(
            [
                "checkpoint-name=fine",
                "dataset=there:/scratch/b/tartan",
                $"image-file={_folder.Path}/conf/image.sif",
                "layout=tartanair",
                "lr=1e-5",
                "n-frames=6",
                "requeue=true",
                $"resume={_folder.Path}/conf/state.pth",
                "steps=20000",
                $"weights={_folder.Path}/conf/droid.pth",
            ],
            given.Select(entry => $"{entry.Key}={entry.Value}").Order(StringComparer.Ordinal)
        );
        var wished = new DroidSlamWork(
            DroidSlamFile.Read("conf/droid.yaml", _folder.Sources),
            "train",
            _folder.Sources
        ).Request();
        Assert.Equal((3, "gres=gpu:ampere80:3"), (wished.Gpus, wished.Set.Single()));
    }

    private Dictionary<string, string> Work(string yaml, string kind) =>
        new DroidSlamWork(Read(yaml), kind, _folder.Sources).Given(
            new RecipeBook(_folder.Sources).Get($"droid-slam/{kind}")
        );

    [Fact]
    public void A_variable_comes_before_the_file()
    {
        _folder.Environment["DROIDSLAM_CONNECTION_USER"] = "other";
        _folder.Environment["DROIDSLAM_INFER_STRIDE"] = "7";
        _folder.Environment["DROIDSLAM_SLURM_ACCOUNT"] = "theirs";
        var file = Read(Example);

        Assert.Equal(
            ("other@hpc.example.org", "7", "theirs"),
            (file.Site.Host, file.Find("infer.stride"), file.Site.Sbatch.Find("account"))
        );
    }

    [Fact]
    public void Every_mistake_is_named_with_its_line() =>
        Assert.Equal(
            [
                "conf/droid.yaml:1: unknown key 'usr' in connection; did you mean 'user'?",
                "conf/droid.yaml:2: unknown key 'slrum'; did you mean 'slurm'?",
                "conf/droid.yaml:3: expected keys with values",
            ],
            Assert
                .Throws<ConfigException>(() => Read("connection: { host: a, usr: b }\nslrum: {}\ninfer: 3\n"))
                .Mistakes.Select(mistake => mistake.ToString())
        );

    [Fact]
    public void What_ssh_must_be_told_is_said()
    {
        var warnings = Read(
            "connection: { host: a, user: b, port: 2222, jumpHost: gate }\nslurm: { extra: [--export=NONE] "
                + "}\ncontainer: { setup: module load apptainer }\n"
        ).Warnings;
        Assert.Equal(3, warnings.Count);
        Assert.EndsWith("write it into ~/.ssh/config under `Host a` (Port 2222)", warnings[0]);
        Assert.EndsWith("write it into ~/.ssh/config under `Host a` (ProxyJump gate)", warnings[1]);
        Assert.Contains("'export' is left out", warnings[2], StringComparison.Ordinal);
        Assert.Equal(["module load apptainer"], SiteFile.Read("conf/droid.yaml", _folder.Sources).Site.Setup);
    }

    [Theory]
    [InlineData("30", true)]
    [InlineData("30:00", true)]
    [InlineData("4:00:00", true)]
    [InlineData("1-12", true)]
    [InlineData("1-12:30", true)]
    [InlineData("1-12:30:00", true)]
    [InlineData("4h", false)]
    [InlineData("soon", false)]
    public void E401_a_time_limit_in_no_form_of_SLURM(string time, bool fits) =>
        Assert.Equal(
            fits ? [] : ["E401"],
            Codes($"connection: {{ host: a, user: b }}\nslurm: {{ timeLimit: \"{time}\" }}\n")
        );

    [Fact]
    public void E402_what_the_cluster_asks_of_every_job() =>
        Assert.Equal(
            ["E402", "E402"],
            Codes("connection: { host: a, user: b }\nslurm: { compulsory: [account, partition, qos], qos: high }\n")
        );
}
