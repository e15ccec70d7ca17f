using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Scaling;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Reading;

public sealed class ConfigReaderTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Example = """
        default-site: cedar
        on-interrupt: detach
        snapshot-warn-size: 500M
        snapshot-warn-files: 200
        sites:
          cedar:
            kind: slurm
            host: me@cedar
            root: /scratch/me/muster
            setup: source ~/venv/bin/activate
            env: { OMP_NUM_THREADS: 4 }
            container: docker://ubuntu:24.04
            runtime: apptainer
            code: copy
            sbatch: { account: def-prof, time: 10:00:00, mem: 12G, gres: "gpu:1", exclusive: , requeue: true }
          lab:
            kind: ssh
            hosts: [gpu1, gpu2, gpu3]
            roles: { server: [gpu3] }
            ssh-config: ./lab/ssh_config
            identity: ~/.ssh/lab
            check-pairs: true
        """;

    [Fact]
    public void Every_key_of_scaling_arrives_in_its_record()
    {
        var scaling = _folder
            .Read(
                """
                sites: { cedar: { kind: slurm }, lab: { kind: ssh, hosts: [a, b] } }
                scaling:
                  order: price
                  max: 12
                  budget: { hour: 2.5, day: 20, month: 300 }
                  pools:
                    - site: cedar
                      max: 10
                      min: 1
                      idle: 3m
                      boot: 20m
                      starts-per-minute: 4
                      hours: 20:00-06:00
                      sizes:
                        - { images: 1000, cpus: 16, memory: 64G, time: 12h, price: 0.8, gpus: 1 }
                        - { images: 100, cpus: 4 }
                      node: { engine: odm, slots: 2, program: ./muster }
                    - { site: lab, max: 2 }
                """
            )
            .Scaling!;

        Assert.Equal(
            (ScaleOrder.Price, 12, new ScaleBudget(2.5m, 20, 300)),
            (scaling.Order, scaling.Most, scaling.Budget)
        );
        var cedar = scaling.Pools[0];
        Assert.Equal(("cedar", 10, 1, 4), (cedar.Site, cedar.Most, cedar.Least, cedar.StartsPerMinute));
        Assert.Equal((TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(20)), (cedar.Idle, cedar.Boot));
        Assert.Equal("20:00-06:00", $"{cedar.Hours}");
        Assert.Equal([100, 1000], cedar.Sizes.Select(size => size.Images));
        Assert.Equal("16 cores, 1 GPUs, 64 GB, for 12 h, tasks up to 1000 images, 0.8 an hour", $"{cedar.Sizes[1]}");
        Assert.Equal(("odm", 2), (cedar.Node.Engine, cedar.Node.Slots));
        Assert.EndsWith("/muster", cedar.Node.Program, StringComparison.Ordinal);
        Assert.Equal(("lab", 2), (scaling.Pools[1].Site, scaling.Pools[1].Most));
    }

    [Theory]
    [InlineData("pools: []", "scaling needs `pools`")]
    [InlineData("pools: [{ site: cedar }]", "a pool needs `site`, and `max`")]
    [InlineData(
        "pools: [{ site: ceder, max: 1 }]",
        "scaling names site 'ceder', which is not among the sites; did you mean 'cedar'?"
    )]
    [InlineData("pools: [{ site: cedar, max: 1 }, { site: cedar, max: 2 }]", "site cedar has two pools")]
    [InlineData("pools: [{ site: cedar, max: 1, min: 2 }]", "min is 2, and max is 1")]
    [InlineData("pools: [{ site: cedar, max: 1, hours: 8-25 }]", "expected hours of the day such as 20:00-06:00")]
    [InlineData("pools: [{ site: cedar, max: 1, idel: 5m }]", "unknown key 'idel' in a pool")]
    [InlineData("pools: [{ site: cedar, max: 1, sizes: [{ memroy: 1G }] }]", "unknown key 'memroy' in a size")]
    [InlineData(
        "pools: [{ site: cedar, max: 1, node: { engine: omd } }]",
        "expected auto, odm, colmap, survey or test"
    )]
    public void What_is_wrong_with_scaling_is_said_with_its_line(string scaling, string said)
    {
        var fault = Assert.Throws<ConfigException>(() =>
            _folder.Read($"sites: {{ cedar: {{ kind: slurm }} }}\nscaling: {{ {scaling} }}\n")
        );
        Assert.Contains(
            fault.Mistakes,
            mistake => mistake.Text.Contains(said, StringComparison.Ordinal) && mistake.Origin.Line > 1
        );
    }

    [Fact]
    public void Every_key_of_the_example_arrives_in_its_record()
    {
        var config = _folder.Read(Example);

        Assert.Equal("cedar", config.DefaultSite);
        Assert.Equal(OnInterrupt.Detach, config.OnInterrupt);
        Assert.Equal(500L << 20, config.SnapshotWarnBytes);
        Assert.Equal(200, config.SnapshotWarnFiles);
        Assert.Equal(["cedar", "lab", "local"], config.Sites.Select(site => site.Name));

        var cedar = Assert.IsType<SlurmSite>(config.Get("cedar"));
        Assert.Equal("me@cedar", cedar.Host);
        Assert.Equal("/scratch/me/muster", cedar.Root);
        Assert.Equal(["source ~/venv/bin/activate"], cedar.Setup);
        Assert.Equal("4", cedar.Env["OMP_NUM_THREADS"]);
        Assert.Equal(
            ("docker://ubuntu:24.04", ContainerRuntime.Apptainer, CodeMode.Copy),
            (cedar.Container, cedar.Runtime, cedar.Code)
        );
        Assert.Equal(
            [
                "#SBATCH --account=def-prof",
                "#SBATCH --time=10:00:00",
                "#SBATCH --mem=12G",
                "#SBATCH --gres=gpu:1",
                "#SBATCH --exclusive",
                "#SBATCH --requeue",
            ],
            cedar.Sbatch.ToLines()
        );

        var lab = Assert.IsType<SshSite>(config.Get("lab"));
        Assert.Equal(["gpu1", "gpu2", "gpu3"], lab.Hosts);
        Assert.Equal(["gpu3"], lab.Roles["server"]);
        Assert.Equal(Path.Combine(_folder.Path, "lab", "ssh_config"), lab.SshConfig);
        Assert.Equal(Path.Combine(_folder.Home, ".ssh", "lab"), lab.Identity);
        Assert.True(lab.CheckPairs);
        Assert.Equal("~/.muster", lab.Root);
    }

    [Fact]
    public void Without_any_file_there_is_the_local_site_and_it_is_the_default()
    {
        var config = ConfigReader.Read(_folder.Sources);
        Assert.Equal("local", config.DefaultSite);
        Assert.IsType<LocalSite>(Assert.Single(config.Sites));
        Assert.Empty(config.Files);
    }

    [Fact]
    public void A_site_named_local_replaces_the_built_in_one()
    {
        var config = _folder.Read("sites: { local: { kind: local, root: /data/muster } }");
        Assert.Equal("/data/muster", Assert.Single(config.Sites).Root);
    }

    [Fact]
    public void The_file_is_found_upward_from_the_working_folder()
    {
        _folder.Write("muster.yaml", "sites: { a: { kind: local } }");
        var deep = Directory.CreateDirectory(Path.Combine(_folder.Path, "x", "y")).FullName;
        Assert.NotNull(ConfigReader.Read(_folder.SourcesIn(deep)).Find("a"));
    }

    [Fact]
    public void A_named_file_stands_in_for_the_search_upward()
    {
        _folder.Write("muster.yaml", "sites: { a: { kind: local } }");
        _folder.Write("other.yaml", "sites: { b: { kind: local } }");
        _folder.Environment["MUSTER_CONFIG"] = "other.yaml";
        var config = ConfigReader.Read(_folder.Sources);
        Assert.NotNull(config.Find("b"));
        Assert.Null(config.Find("a"));
    }

    [Fact]
    public void A_named_file_that_is_missing_is_a_mistake()
    {
        _folder.Environment["MUSTER_CONFIG"] = "other.yaml";
        var fault = Assert.Throws<ConfigException>(() => ConfigReader.Read(_folder.Sources));
        Assert.StartsWith("other.yaml: cannot be read", fault.Message);
    }

    [Fact]
    public void Nearer_files_win_by_whole_site_and_by_single_key()
    {
        _folder.Write("muster.yaml", "default-site: a\nsites:\n  a: { kind: slurm, host: near }");
        _folder.Write(
            "home/.config/muster/config.yaml",
            "on-interrupt: cancel\nsnapshot-warn-files: 5\ndefault-site: b\nsites:\n  a: { kind: slurm, host: far, "
                + "root: /far }\n  b: { kind: local }"
        );
        _folder.Write("etc.yaml", "snapshot-warn-files: 7\nsnapshot-warn-size: 1K\nsites:\n  c: { kind: local }");
        var config = ConfigReader.Read(_folder.Sources);

        Assert.Equal("a", config.DefaultSite);
        Assert.Equal(OnInterrupt.Cancel, config.OnInterrupt);
        Assert.Equal((5, 1024), (config.SnapshotWarnFiles, config.SnapshotWarnBytes));
        var a = Assert.IsType<SlurmSite>(config.Get("a"));
        Assert.Equal(("near", "~/.muster"), (a.Host, a.Root));
        Assert.Equal(["a", "b", "c", "local"], config.Sites.Select(site => site.Name));
        Assert.Equal(3, config.Files.Count);
    }

    [Fact]
    public void Every_value_knows_its_file_and_line()
    {
        _folder.Write("etc.yaml", "on-interrupt: cancel\ndefault-site: lab\n");
        var settings = _folder
            .Read(Example)
            .Settings.ToDictionary(setting => setting.Key, setting => $"{setting.Value} ({setting.Origin})");

        Assert.Equal("cedar (muster.yaml:1)", settings["default-site"]);
        Assert.Equal("detach (muster.yaml:2)", settings["on-interrupt"]);
        Assert.Equal("10:00:00 (muster.yaml:15)", settings["sites.cedar.sbatch.time"]);
        Assert.Equal("[gpu1, gpu2, gpu3] (muster.yaml:18)", settings["sites.lab.hosts"]);
        Assert.Equal("muster.yaml:6", _folder.Read(Example).Get("cedar").Origin.ToString());
    }

    [Fact]
    public void The_environment_chooses_the_default_site()
    {
        _folder.Environment["MUSTER_SITE"] = "b";
        var config = _folder.Read("default-site: a\nsites: { a: { kind: local }, b: { kind: local } }");
        Assert.Equal("b", config.DefaultSite);
        Assert.Contains(
            config.Settings,
            setting => setting is { Key: "default-site", Value: "b", Origin.Place: "environment MUSTER_SITE" }
        );
    }

    [Fact]
    public void The_environment_names_the_ssh_config_of_sites_that_name_none()
    {
        _folder.Environment["MUSTER_SSH_CONFIG"] = "lab.conf";
        var config = _folder.Read(
            "sites: { a: { kind: slurm, host: a }, b: { kind: ssh, hosts: [b], ssh-config: /x } }"
        );
        Assert.Equal(Path.Combine(_folder.Path, "lab.conf"), ((SlurmSite)config.Get("a")).SshConfig);
        Assert.Equal("/x", ((SshSite)config.Get("b")).SshConfig);
    }

    [Fact]
    public void Variables_are_filled_in_except_in_shell_lines()
    {
        _folder.Environment["WHO"] = "me";
        var site = _folder
            .Read(
                """
                sites:
                  a:
                    kind: local
                    root: /scratch/${WHO}/muster
                    env: { A: "${WHO}-x", B: "$${WHO}", C: $WHO }
                    setup: |
                      module load cuda
                      export PATH=${HOME}/bin:$PATH
                """
            )
            .Get("a");
        Assert.Equal("/scratch/me/muster", site.Root);
        Assert.Equal(["me-x", "${WHO}", "$WHO"], [site.Env["A"], site.Env["B"], site.Env["C"]]);
        Assert.Equal(["module load cuda", "export PATH=${HOME}/bin:$PATH"], site.Setup);
    }

    [Fact]
    public void All_mistakes_of_all_files_are_told_at_once_with_their_lines()
    {
        _folder.Write("home/.config/muster/config.yaml", "sites:\n  b:\n    kind: cluster\n");
        var mistakes = _folder.MistakesIn(
            """
            defualt-site: cedar
            on-interrupt: maybe
            sites:
              cedar:
                kind: slurm
                host: -oProxyCommand=x
                rots: /scratch
                hosts: [a]
                sbatch: { tim: 1, time: soon, partition: "a b" }
              lab:
                kind: ssh
                hosts: [gpu1, gpu2]
                roles: { server: [gpu9] }
                root: relative
                env: { A: "${NOT_SET}" }
              "bad name": { kind: local }
              none:
                root: /x
            """
        );
        var user = Path.Combine(_folder.Home, ".config", "muster", "config.yaml");
        Assert.Equal(
            [
                "muster.yaml:1: unknown key 'defualt-site'; did you mean 'default-site'?",
                "muster.yaml:2: expected one of: ask, detach, cancel, not 'maybe'",
                "muster.yaml:6: expected a host: a name or user@name that ssh understands, not '-oProxyCommand=x'",
                "muster.yaml:7: unknown key 'rots' in site cedar; did you mean 'root'?",
                "muster.yaml:8: key 'hosts' in site cedar belongs to kind ssh, not slurm; did you mean 'host'?",
                "muster.yaml:9: the sbatch option 'time' does not take 'soon'. Write it such as 10:00:00, or "
                    + "2-12:00:00.",
                "muster.yaml:9: the sbatch option 'partition' does not take 'a b'. Write it without spaces, quotes and "
                    + "shell characters.",
                "muster.yaml:14: expected a full path on the site, or one that starts with ~/, without spaces, quotes, "
                    + "variables or colons, not 'relative'",
                "muster.yaml:15: the environment variable NOT_SET is not set",
                "muster.yaml:16: 'bad name' cannot name a site: use letters, digits and . _ @ -, and begin with a "
                    + "letter or a digit",
                "muster.yaml:17: site none needs a `kind`: local, ssh, slurm, cloud or kubernetes",
                $"{Shown(user)}:3: expected one of: local, ssh, slurm, cloud, kubernetes, not 'cluster'",
            ],
            mistakes
        );
    }

    private string Shown(string path) => Path.GetRelativePath(_folder.Path, path);

    [Theory]
    [InlineData(
        "sites:\n  a: { kind: ssh, hosts: [gpu1], roles: { server: [gpu2] } }",
        "muster.yaml:2: role server of site a names 'gpu2', which is not among its hosts; did you mean 'gpu1'?"
    )]
    [InlineData(
        "default-site: ceder\nsites: { cedar: { kind: local } }",
        "muster.yaml:1: default-site 'ceder' is not among the sites; did you mean 'cedar'?"
    )]
    [InlineData("sites:\n  a: { kind: ssh, hosts: [] }", "muster.yaml:2: site a needs `hosts`")]
    [InlineData(
        "sites:\n  a: { kind: cloud, provider: x, token: t, machines: m }",
        "muster.yaml:2: expected one of: hetzner, digitalocean, scaleway, aws, exec, not 'x'"
    )]
    [InlineData("sites:\n  a: local", "muster.yaml:2: site a needs keys, at least `kind`")]
    [InlineData("- a", "muster.yaml:1: expected keys with values")]
    [InlineData(
        "default-site: local\n---\ndefault-site: local",
        "muster.yaml:3: a second document begins here; write one"
    )]
    [InlineData(
        "notify:\n  from: host\n  desktop: true",
        "muster.yaml:2: a host can send to a webhook, slack, ntfy or matrix; name one of them"
    )]
    [InlineData("snapshot-warn-size: big", "muster.yaml:1: expected a size such as 500M or 2G, not 'big'")]
    [InlineData(
        "sites:\n  a: { kind: slurm, sbatch: { wrap: x } }",
        "muster.yaml:2: the sbatch option 'wrap' cannot be used here: the command comes from `muster submit`. Leave "
            + "out 'wrap'."
    )]
    public void One_mistake_is_told_with_its_line(string yaml, string expected) =>
        Assert.Equal(expected, Assert.Single(_folder.MistakesIn(yaml)));

    [Theory]
    [InlineData("sites:\n  a: [\n")]
    [InlineData("a: b: c")]
    [InlineData("on-interrupt: ask\non-interrupt: ask")]
    [InlineData("default-site: *nowhere")]
    public void Broken_yaml_is_a_mistake_with_a_line(string yaml) =>
        Assert.Matches(@"^muster\.yaml:\d+: this is not YAML: ", Assert.Single(_folder.MistakesIn(yaml)));

    [Fact]
    public void Deep_nesting_does_not_exhaust_the_stack() =>
        Assert.Contains("nested too deeply", Assert.Single(_folder.MistakesIn(new string('[', 100_000))));

    [Theory]
    [InlineData("sites: &a [*a]")]
    [InlineData("sites: &a { *a : 1 }")]
    [InlineData("&a sites: &b { x: { kind: ssh, hosts: *b } }")]
    [InlineData("&a { ? *a : *a }")]
    [InlineData("sites:\n  x: &b { kind: slurm, sbatch: *b, env: *b }")]
    public void A_text_that_contains_itself_is_a_mistake(string yaml) => Assert.NotEmpty(_folder.MistakesIn(yaml));

    [Fact]
    public void An_unknown_site_is_answered_with_the_nearest_and_all_known_ones()
    {
        var fault = Assert.Throws<UserException>(() => _folder.Read("sites: { cedar: { kind: local } }").Get("ceder"));
        Assert.Equal("there is no site 'ceder'; did you mean 'cedar'?", fault.Message);
        Assert.Contains("cedar, local", fault.Fix);
    }

    [Fact]
    public void A_key_without_a_value_says_nothing() =>
        Assert.Equal("~/.muster", _folder.Read("sites:\n  a:\n    kind: local\n    root:\n").Get("a").Root);

    private static readonly string[] Scraps =
    [
        .. Example.Split(' ', '\n'),
        "\n",
        "\n  ",
        "\n    ",
        "&a ",
        "*a",
        "{",
        "}",
        "[",
        "]",
        "<<: ",
        "!!int ",
        "|",
        "? ",
        "- ",
        "\"",
        "'",
        "${X}",
        "\0",
        "\t",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
    ];

    [Fact]
    public void Arbitrary_text_is_read_or_answered_with_mistakes()
    {
        var texts = Gen.OneOf(
            ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""),
            Gen.ListOf(Gen.OneOf(Gen.Elements(Scraps), Gen.Elements(Scraps).Select(scrap => scrap + " ")))
                .Select(string.Concat),
            Gen.Choose(0, Example.Length)
                .Two()
                .Select(cut => Example.Remove(Math.Min(cut.Item1, cut.Item2), Math.Abs(cut.Item1 - cut.Item2)))
        );
        Prop.ForAll(
                texts.ToArbitrary(),
                text =>
                {
                    try
                    {
                        _folder.Read(text);
                    }
                    catch (ConfigException fault)
                    {
                        Assert.NotEmpty(fault.Mistakes);
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1500));
    }

    [Fact]
    public void A_file_that_is_not_text_is_a_mistake()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "muster.yaml"), [0xff, 0xfe, 0x00, 0xc3, 0x28]);
        Assert.Contains("not UTF-8", Assert.Throws<ConfigException>(() => ConfigReader.Read(_folder.Sources)).Message);
    }

    [Fact]
    public void A_byte_order_mark_is_no_mistake()
    {
        File.WriteAllText(
            Path.Combine(_folder.Path, "muster.yaml"),
            "on-interrupt: cancel\n",
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: true)
        );
        Assert.Equal(OnInterrupt.Cancel, ConfigReader.Read(_folder.Sources).OnInterrupt);
    }

    [Fact]
    public void What_sbatch_options_leave_out_is_told_as_a_warning()
    {
        var site = (SlurmSite)_folder.Read("sites: { a: { kind: slurm, sbatch: { output: x.out } } }").Get("a");
        Assert.Same(SbatchOptions.None.Find("output"), site.Sbatch.Find("output"));
        Assert.Contains("'output' is left out", Assert.Single(site.Sbatch.Warnings));
    }
}
