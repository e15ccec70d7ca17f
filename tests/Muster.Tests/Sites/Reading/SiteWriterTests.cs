using Muster.Configuration;
using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Reading;

public sealed class SiteWriterTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly SlurmSite Cedar = new()
    {
        Name = "cedar",
        Origin = Origin.BuiltIn,
        Host = "me@cedar",
        Root = "/scratch/me/muster",
        Setup = ["source ~/venv/bin/activate", "export A=\"${B}\" # \\"],
        Env = new Dictionary<string, string>
        {
            ["A"] = "${NOT_A_VARIABLE}",
            ["B"] = "two words\nand a line",
            ["C"] = "null",
        },
        Identity = "/home/me/.ssh/id",
        Sbatch = SbatchOptions.None.With("-t", "10:00:00").With("gres", "gpu:1").With("requeue", null),
    };

    private string Add(Site site)
    {
        SiteWriter.Add(Path.Combine(_folder.Path, "muster.yaml"), site, _folder.Sources);
        return _folder.Text("muster.yaml");
    }

    [Fact]
    public void What_is_written_is_read_back_as_the_same_site()
    {
        Add(Cedar);
        var read = Assert.IsType<SlurmSite>(ConfigReader.Read(_folder.Sources).Get("cedar"));
        Assert.Equal((Cedar.Host, Cedar.Root, Cedar.Identity), (read.Host, read.Root, read.Identity));
        Assert.Equal(Cedar.Setup, read.Setup);
        Assert.Equal(Cedar.Env, read.Env);
        Assert.Equal(Cedar.Sbatch.ToLines(), read.Sbatch.ToLines());
    }

    [Fact]
    public void An_ssh_site_is_read_back_too()
    {
        Add(
            new SshSite
            {
                Name = "lab",
                Origin = Origin.BuiltIn,
                Hosts = ["gpu1", "me@gpu2"],
                Roles = new Dictionary<string, IReadOnlyList<string>> { ["server"] = ["gpu1"] },
                CheckPairs = true,
                Runtime = ContainerRuntime.Podman,
                Code = CodeMode.Link,
            }
        );
        var read = Assert.IsType<SshSite>(ConfigReader.Read(_folder.Sources).Get("lab"));
        Assert.Equal(["gpu1", "me@gpu2"], read.Hosts);
        Assert.Equal(["gpu1"], read.Roles["server"]);
        Assert.Equal((true, ContainerRuntime.Podman, CodeMode.Link), (read.CheckPairs, read.Runtime, read.Code));
    }

    private const string Lab = "new:\n    kind: local\n    root: ~/.muster\n";
    private static readonly LocalSite New = new() { Name = "new", Origin = Origin.BuiltIn };

    [Theory]
    [InlineData("", "sites:\n  {0}")]
    [InlineData("# mine\n", "# mine\nsites:\n  {0}")]
    [InlineData("default-site: new", "default-site: new\nsites:\n  {0}")]
    [InlineData("sites:\n# later\n", "sites:\n  {0}# later\n")]
    [InlineData(
        "sites:\n  a: # one\n    kind: local   # x\n\n# about the rest\non-interrupt: ask\n",
        "sites:\n  a: # one\n    kind: local   # x\n  {0}\n# about the rest\non-interrupt: ask\n"
    )]
    [InlineData(
        "sites:\n  a: {{ kind: local }}\n  # b comes one day\n",
        "sites:\n  a: {{ kind: local }}\n  # b comes one day\n  {0}"
    )]
    [InlineData("sites:\n  a: {{ kind: local }}", "sites:\n  a: {{ kind: local }}\n  {0}")]
    [InlineData("sites: {{}}\n", "sites:\n  {0}")]
    [InlineData("sites: {{ }}   # none yet\non-interrupt: ask\n", "sites:   # none yet\n  {0}on-interrupt: ask\n")]
    [InlineData("on-interrupt: ask\nsites: {{}}", "on-interrupt: ask\nsites:\n  {0}")]
    public void All_else_in_the_file_stays_as_it_is(string before, string after)
    {
        _folder.Write("muster.yaml", string.Format(before));
        Assert.Equal(string.Format(after, Lab), Add(New));
        Assert.NotNull(
            ConfigReader.Read(_folder.Sources with { Environment = new Dictionary<string, string>() }).Find("new")
        );
    }

    [Fact]
    public void Deeper_indents_and_windows_line_ends_are_followed()
    {
        _folder.Write("muster.yaml", "sites:\r\n    a:\r\n        kind: local\r\n");
        Assert.Equal(
            "sites:\r\n    a:\r\n        kind: local\r\n    new:\r\n      kind: local\r\n      root: ~/.muster\r\n",
            Add(New)
        );
    }

    [Fact]
    public void A_name_that_is_taken_is_refused_and_the_file_stays()
    {
        _folder.Write("muster.yaml", "sites:\n  new:\n    kind: local\n");
        Assert.Contains("has a site 'new' already", Assert.Throws<UserException>(() => Add(New)).Message);
        Assert.Equal("sites:\n  new:\n    kind: local\n", _folder.Text("muster.yaml"));
    }

    [Theory]
    [InlineData("sites: { a: { kind: local } }\n")]
    [InlineData("{ sites: { a: { kind: local } } }\n")]
    [InlineData("sites: 3\n")]
    [InlineData("on-interrupt: ask\n...\n")]
    public void A_layout_that_cannot_be_added_to_is_left_alone_and_the_lines_are_shown(string yaml)
    {
        _folder.Write("muster.yaml", yaml);
        Assert.Contains("  new:\n    kind: local", Assert.Throws<UserException>(() => Add(New)).Fix);
        Assert.Equal(yaml, _folder.Text("muster.yaml"));
    }

    [Fact]
    public void A_broken_file_is_not_touched()
    {
        _folder.Write("muster.yaml", "sites: [\n");
        Assert.Throws<ConfigException>(() => Add(New));
        Assert.Equal("sites: [\n", _folder.Text("muster.yaml"));
    }

    [Fact]
    public void A_site_that_could_not_be_read_back_is_not_written()
    {
        Assert.Contains(
            "cannot be added",
            Assert.Throws<UserException>(() => Add(Cedar with { Host = "-oProxyCommand=x" })).Message
        );
        Assert.Throws<UserException>(() => Add(New with { Name = "a b" }));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void The_file_keeps_its_permissions_and_a_link_stays_a_link()
    {
        if (OperatingSystem.IsWindows())
            return;
        var real = _folder.Write("real.yaml", "on-interrupt: ask\n");
        File.SetUnixFileMode(real, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "muster.yaml"), real);
        Add(New);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(real));
        Assert.NotNull(new FileInfo(Path.Combine(_folder.Path, "muster.yaml")).LinkTarget);
        Assert.Contains("new:", _folder.Text("real.yaml"));
    }
}
