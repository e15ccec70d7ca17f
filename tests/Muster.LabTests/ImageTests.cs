using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Muster;

/// <summary>
/// A real registry on this machine, which login and node1 reach and the compute nodes do not. Podman is the real one,
/// Apptainer a stand-in.
/// </summary>
[Collection(Sharing.Containers)]
public sealed partial class ImageTests : IDisposable
{
    private static readonly string[] Cluster = ["login", "c1", "c2"];
    private readonly Lab _lab = new();
    private readonly int _port = FreePort();
    private readonly string _mark = $"t{Random.Shared.Next(1_000_000)}";
    private readonly string _log;
    private Process? _registry;

    public ImageTests()
    {
        Lab.Do("containers", "node1");
        foreach (var host in Cluster)
            Lab.Do("containers", host);
        _log = Path.Combine(_lab.Folder, "registry.log");
        // Each test has a root of its own, and Podman a storage of its own on each host, as compute nodes have.
        var setup = $"[\"PATH=$HOME/bin:$PATH\", \"export CONTAINERS_STORAGE_CONF=/tmp/{_mark}.conf\"]";
        var config = Path.Combine(_lab.Folder, "muster.yaml");
        File.WriteAllText(
            config,
            $$"""
            sites:
              podman: { kind: ssh, hosts: [node1], ssh-config: "{{Lab.Folders}}/ssh_config", root: "~/{{_mark}}", runtime: podman, setup: {{setup}} }
              apptainer: { kind: ssh, hosts: [node1], ssh-config: "{{Lab.Folders}}/ssh_config", root: "~/{{_mark}}", runtime: apptainer, setup: {{setup}} }
              slurm: { kind: slurm, host: login, ssh-config: "{{Lab.Folders}}/ssh_config", root: "~/{{_mark}}", runtime: podman, setup: {{setup}} }
            """
        );
        _lab.Set("MUSTER_CONFIG", config);
        foreach (var host in Cluster.Append("node1"))
            Lab.On(
                host,
                $"printf '[storage]\\ndriver = \"vfs\"\\ngraphroot = \"/tmp/{_mark}.graph\"\\nrunroot = "
                    + $"\"/tmp/{_mark}.run\"\\n' >/tmp/{_mark}.conf; rm -f ~/pulled ~/no-network; mkdir -p ~/packages"
            );
        StartRegistry();
        Lab.On("node1", $"podman push -q localhost/muster-lab:1 10.231.0.1:{_port}/box:{_mark}");
    }

    public void Dispose()
    {
        StopRegistry();
        // What Podman stored belongs to users of its own making.
        foreach (var host in Cluster.Append("node1"))
            Lab.On(
                host,
                $"podman unshare rm -rf /tmp/{_mark}.graph /tmp/{_mark}.run ~/{_mark}; rm -f ~/no-network ~/pulled "
                    + $"/tmp/{_mark}.conf"
            );
        _lab.Dispose();
    }

    private string Image => $"10.231.0.1:{_port}/box:{_mark}";

    [Fact]
    public void An_image_is_pulled_once_and_then_needs_no_registry()
    {
        Assert.Equal("/inside\n", Boxed("podman", "first", "ls", "/inside").Output);
        var pulls = Pulls();
        Assert.True(pulls > 0, File.ReadAllText(_log));

        Assert.Equal("/inside\n", Boxed("podman", "second", "ls", "/inside").Output);
        Assert.Equal(pulls, Pulls());
        StopRegistry();
        Assert.Equal("/inside\n", Boxed("podman", "third", "ls", "/inside").Output);

        var image = SubmitTests.Show(_lab, "third").GetProperty("images")[0];
        Assert.Equal("podman", image.GetProperty("runtime").GetString());
        Assert.Matches(Digest(), image.GetProperty("digest").GetString());
        Assert.Contains(
            $"{image.GetProperty("digest").GetString()} by podman",
            _lab.Muster("show", "third").Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_tag_is_asked_again_only_when_that_is_wished()
    {
        Boxed("podman", "old", "true");
        Lab.On(
            "node1",
            $"cd && echo newer >image/newer && tar -C image -c . | podman import -q - {Image} >/dev/null && podman "
                + $"push -q {Image}; rm image/newer; podman untag {Image}"
        );

        Assert.NotEqual(0, Boxed("podman", "same", "ls", "/newer").ExitCode);
        Assert.Equal(
            "/newer\n",
            _lab.Muster(
                "submit",
                "-s",
                "podman",
                "--no-snapshot",
                "--pull-image",
                "--container",
                Image,
                "--name",
                "new",
                "--",
                "ls",
                "/newer"
            ).Output
        );
        Assert.NotEqual(DigestOf("old"), DigestOf("new"));
        Assert.Equal(DigestOf("old"), DigestOf("same"));
    }

    [Fact]
    public void Compute_nodes_without_a_network_load_what_the_login_node_has_pulled()
    {
        Assert.Contains("unreachable", Lab.On("c1", $"podman pull {Image} 2>&1; :"), StringComparison.Ordinal);

        Assert.Equal(
            "c1\n/inside\n",
            _lab.Muster(
                "submit",
                "-s",
                "slurm",
                "--no-snapshot",
                "--container",
                Image,
                "--set",
                "nodelist=c1",
                "--",
                "sh",
                "-c",
                "sed -n s/^host=//p \"$MUSTER_RUN_DIR/status/main.0.started\"; ls /inside"
            ).Output
        );
        StopRegistry();
        Assert.Equal(
            "/inside\n",
            _lab.Muster(
                "submit",
                "-s",
                "slurm",
                "--no-snapshot",
                "--container",
                Image,
                "--set",
                "nodelist=c2",
                "--",
                "ls",
                "/inside"
            ).Output
        );

        Assert.Single(Lab.On("login", $"ls ~/{_mark}/images/*.tar").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("", Lab.On("login", $"ls ~/{_mark}/images/tmp"));
    }

    [Fact]
    public void Two_runs_at_once_pull_once()
    {
        using var one = _lab.Start(
            "submit",
            "-s",
            "apptainer",
            "--no-snapshot",
            "--container",
            "docker://example/box:1",
            "--",
            "true"
        );
        using var other = _lab.Start(
            "submit",
            "-s",
            "apptainer",
            "--no-snapshot",
            "--container",
            "example/box:1",
            "--",
            "true"
        );
        one.WaitForExit();
        other.WaitForExit();

        Assert.Equal("pull docker://example/box:1\n", Lab.On("node1", "cat ~/pulled"));
        Assert.Matches(@"\Abox@[0-9a-f]{12}\.sif\n\z", Lab.On("node1", $"cd ~/{_mark}/images && ls *.sif"));
    }

    [Fact]
    public void What_a_killed_pull_left_is_no_image()
    {
        Lab.On("node1", $"mkdir -p ~/{_mark}/images/tmp/77 && echo half >~/{_mark}/images/tmp/77/image.sif");
        Lab.On("node1", "touch ~/no-network");
        _lab.Muster("submit", "-s", "apptainer", "--no-snapshot", "--container", "docker://example/box:1", "--", "true")
            .IsFault(1, "could not reach the registry");
        Assert.Equal(
            "",
            Lab.On("node1", $"ls ~/{_mark}/images ~/{_mark}/images/refs | grep sif; ls ~/{_mark}/images/tmp")
        );

        Lab.On("node1", "rm ~/no-network");
        Assert.Equal(
            0,
            _lab.Muster(
                "submit",
                "-s",
                "apptainer",
                "--no-snapshot",
                "--container",
                "docker://example/box:1",
                "--",
                "true"
            ).ExitCode
        );
    }

    [Fact]
    public void What_a_site_cannot_reach_is_brought_from_this_machine()
    {
        PodmanHere();
        // Only this machine reaches its own loopback.
        var image = $"127.0.0.1:{_port}/box:{_mark}";

        var answer = _lab.Muster(
            "submit",
            "-s",
            "podman",
            "--no-snapshot",
            "--container",
            image,
            "--name",
            "brought",
            "--",
            "ls",
            "/inside"
        );
        Assert.True(answer.Output == "/inside\n", answer.Said);
        Assert.Matches(Digest(), DigestOf("brought"));

        StopRegistry();
        Assert.Equal(
            "/inside\n",
            _lab.Muster("submit", "-s", "podman", "--no-snapshot", "--container", image, "--", "ls", "/inside").Output
        );
    }

    [Fact]
    public void An_archive_from_here_is_carried_over()
    {
        using (var archive = File.Create(Path.Combine(_lab.Code, "box.tar")))
        {
            using var save = Process.Start(
                new ProcessStartInfo(
                    Path.Combine(Lab.Repository, "tests", "lab", "lab"),
                    ["as", "node1", "muster-lab", "podman", "save", "localhost/muster-lab:1"]
                )
                {
                    RedirectStandardOutput = true,
                    Environment = { ["LAB_RUN"] = Lab.Folders },
                }
            )!;
            save.StandardOutput.BaseStream.CopyTo(archive);
            save.WaitForExit();
        }
        StopRegistry();

        var answer = _lab.Muster(
            "submit",
            "-s",
            "slurm",
            "--no-snapshot",
            "--container",
            "docker-archive:./box.tar",
            "--name",
            "carried",
            "--",
            "ls",
            "/inside"
        );

        Assert.True(answer.Output == "/inside\n", answer.Said);
    }

    [Fact]
    public void A_file_of_Apptainer_from_here_is_carried_over_and_an_other_one_of_its_name_is_another()
    {
        var home = Lab.On("node1", "echo $HOME").Trim();
        File.WriteAllText(Path.Combine(_lab.Code, "box.sif"), $"packages={home}/packages\n");

        Assert.Equal(
            "in\n",
            _lab.Muster(
                "submit",
                "-s",
                "apptainer",
                "--no-snapshot",
                "--container",
                "./box.sif",
                "--name",
                "one",
                "--",
                "echo",
                "in"
            ).Output
        );
        File.AppendAllText(Path.Combine(_lab.Code, "box.sif"), "changed=1\n");
        Assert.Equal(
            "in\n",
            _lab.Muster(
                "submit",
                "-s",
                "apptainer",
                "--no-snapshot",
                "--container",
                "./box.sif",
                "--name",
                "two",
                "--",
                "echo",
                "in"
            ).Output
        );

        Assert.NotEqual(DigestOf("one"), DigestOf("two"));
        Assert.Equal(
            2,
            Lab.On("node1", $"ls ~/{_mark}/images/*.sif").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length
        );
    }

    [Fact]
    public void What_nobody_can_get_is_said_before_anything_is_launched()
    {
        _lab.Set("PATH", "/bin-without-a-runtime:" + Bin());
        _lab.Muster(
                "submit",
                "-s",
                "podman",
                "--no-snapshot",
                "--container",
                $"10.231.0.1:{_port}/nothing:1",
                "--",
                "true"
            )
            .IsFault(1, "nor from this machine");
        _lab.Muster("submit", "-s", "apptainer", "--no-snapshot", "--container", "./nothing.sif", "--", "true")
            .IsFault(1, "does not exist");
        _lab.Muster("submit", "-s", "apptainer", "--no-snapshot", "--container", "/nothing.sif", "--", "true")
            .IsFault(1, "is not there");
        _lab.Muster("submit", "-s", "podman", "--no-snapshot", "--container", "/some.sif", "--", "true")
            .IsFault(1, "cannot run");

        Assert.Equal("", _lab.Muster("ps", "--all", "--quiet").Output);
    }

    private Answer Boxed(string site, string name, params string[] command) =>
        _lab.Muster(["submit", "-s", site, "--no-snapshot", "--container", Image, "--name", name, "--", .. command]);

    private string? DigestOf(string name) =>
        SubmitTests.Show(_lab, name).GetProperty("images")[0].GetProperty("digest").GetString();

    private int Pulls() =>
        File.ReadAllLines(_log).Count(line => line.Contains("\"GET /v2/box/", StringComparison.Ordinal));

    /// <summary>The usual programs without any that runs containers.</summary>
    private string Bin()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_lab.Folder, "bin")).FullName;
        string[] engines = ["podman", "docker", "apptainer", "singularity"];
        foreach (var program in Directory.EnumerateFiles("/usr/bin"))
            if (!engines.Contains(Path.GetFileName(program)))
                File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(program)), program);
        return folder;
    }

    private void PodmanHere()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_lab.Folder, "podman")).FullName;
        File.WriteAllText(
            Path.Combine(folder, "containers.conf"),
            "[engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n"
        );
        File.WriteAllText(
            Path.Combine(folder, "storage.conf"),
            $"[storage]\ndriver = \"vfs\"\ngraphroot = \"{folder}/graph\"\nrunroot = \"{folder}/run\"\n"
        );
        File.WriteAllText(
            Path.Combine(folder, "registries.conf"),
            "[[registry]]\nlocation = \"127.0.0.1\"\ninsecure = true\n"
        );
        foreach (
            var (variable, file) in (IEnumerable<(string, string)>)
                [
                    ("CONTAINERS_CONF", "containers"),
                    ("CONTAINERS_STORAGE_CONF", "storage"),
                    ("CONTAINERS_REGISTRIES_CONF", "registries"),
                ]
        )
            _lab.Set(variable, Path.Combine(folder, file + ".conf"));
    }

    private void StartRegistry()
    {
        var config = Path.Combine(_lab.Folder, "registry.yml");
        File.WriteAllText(
            config,
            $"version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {_lab.Folder}/registry }} }}\nhttp: {{ addr: "
                + $"\"0.0.0.0:{_port}\" }}\n"
        );
        _registry = Process.Start("sh", ["-c", $"exec docker-registry serve {config} >{_log} 2>&1"]);
        Lab.Until(Answers, "the registry answers");
    }

    private bool Answers()
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void StopRegistry()
    {
        _registry?.Kill();
        _registry?.WaitForExit();
        _registry?.Dispose();
        _registry = null;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z")]
    private static partial Regex Digest();
}
