using FsCheck;
using FsCheck.Fluent;
using Muster.Faults;
using Muster.Sites.Reading;

namespace Muster.Sites.Import;

public sealed class SiteFileTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ImportedSite Read(string name, string text)
    {
        _folder.Write(name, text);
        return SiteFile.Read(name, _folder.Sources);
    }

    private UserException Fault(string name, string text) => Assert.Throws<UserException>(() => Read(name, text));

    private static string Cedar(string untarPath = "/home/me/project/run/untar", string more = "") =>
        $$"""
            {
              "hostname": "cedar.example.org", "user": "me",
              "activate_python": "source $HOME/venv/bin/activate",
              "tar_path": "/home/me/project/run/tar", "untar_path": "{{untarPath}}",
              "sbatch_options": { "--gres": "gpu:1", "--mem": "12G", "-c": 4, "--time": "10:00:00", "--account": "def-prof" }{{more}}
            }
            """;

    [Fact]
    public void A_cluster_tools_file_becomes_a_slurm_site()
    {
        var (site, warnings) = Read("cedar.json", Cedar(more: """, "ssh_key": "$HOME/.ssh/cedar" """));
        var slurm = Assert.IsType<SlurmSite>(site);
        Assert.Equal(
            ("cedar", "me@cedar.example.org", "/home/me/project/run/untar/muster"),
            (slurm.Name, slurm.Host, slurm.Root)
        );
        Assert.Equal(["source $HOME/venv/bin/activate"], slurm.Setup);
        Assert.Equal(Path.Combine(_folder.Home, ".ssh", "cedar"), slurm.Identity);
        Assert.Equal(
            [
                "#SBATCH --gres=gpu:1",
                "#SBATCH --mem=12G",
                "#SBATCH --cpus-per-task=4",
                "#SBATCH --time=10:00:00",
                "#SBATCH --account=def-prof",
            ],
            slurm.Sbatch.ToLines()
        );
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("project/run/untar", "~/project/run/untar/muster")]
    [InlineData("$HOME/untar/", "~/untar/muster")]
    [InlineData("~/untar", "~/untar/muster")]
    public void A_relative_folder_begins_at_the_home_over_there(string untarPath, string root) =>
        Assert.Equal(root, Read("a.json", Cedar(untarPath)).Site.Root);

    [Fact]
    public void A_password_is_neither_kept_nor_shown()
    {
        var (site, warnings) = Read("cedar.json", Cedar(more: """, "password": "hunter2", "colour": "red" """));
        Assert.Equal(2, warnings.Count);
        Assert.Contains("the password is not used", warnings[0]);
        Assert.EndsWith("ignored 'colour'", warnings[1]);
        Assert.DoesNotContain("hunter2", site + string.Concat(warnings));
    }

    [Fact]
    public void All_missing_keys_are_named_at_once()
    {
        var fault = Fault("cedar.json", """{ "hostname": "cedar", "sbatch_options": {} }""");
        Assert.Equal("cedar.json lacks 'user', 'activate_python', 'tar_path', 'untar_path'", fault.Message);
    }

    [Theory]
    [InlineData("""{ "worker_nodes": ["a"] }""", "lacks 'server_nodes'")]
    [InlineData("""{ "worker_nodes": ["a b"], "server_nodes": ["a"] }""", "not a host that ssh understands")]
    [InlineData("""{ "worker_nodes": [], "server_nodes": ["a"] }""", "is not a list of addresses")]
    [InlineData("workers:\n  - a b\n", ":2: 'a b' is not a host")]
    [InlineData("workers: []\n", "'workers' is not a list of hosts")]
    [InlineData("""{ "a": 1 }""", "no site that Muster can read")]
    [InlineData("sites: {}", "no site that Muster can read")]
    [InlineData("\0", "no site that Muster can read")]
    [InlineData("{ not json", "is not JSON")]
    public void Other_files_are_told_apart_and_what_is_read_is_said(string text, string expected)
    {
        var fault = Fault("some.conf", text);
        Assert.Contains(expected, fault.Message);
        if (!text.Contains("worker"))
            Assert.Contains("JSON", fault.Fix);
    }

    [Fact]
    public void A_missing_file_is_a_fault() =>
        Assert.Contains(
            "no file nowhere.json",
            Assert.Throws<UserException>(() => SiteFile.Read("nowhere.json", _folder.Sources)).Message
        );

    [Fact]
    public void Hostile_values_are_refused()
    {
        Assert.Contains("not a host", Fault("a.json", Cedar().Replace("\"me\"", "\"-oProxyCommand=x\"")).Message);
        Assert.Contains("untar_path", Fault("a.json", Cedar("/a b; rm")).Message);
        Assert.Contains(
            "a.json: the sbatch option 'mem'",
            Fault("a.json", Cedar().Replace("12G", "12G\\n#SBATCH --wrap")).Message
        );
        Assert.Contains("'user' is not a text", Fault("a.json", Cedar().Replace("\"me\"", "[1]")).Message);
    }

    [Fact]
    public void Arbitrary_changes_to_a_file_give_a_site_or_a_fault()
    {
        var cuts = Gen.Choose(0, Cedar().Length).Two();
        Prop.ForAll(
                cuts.ToArbitrary(),
                cut =>
                {
                    try
                    {
                        Read("a.json", Cedar().Remove(Math.Min(cut.Item1, cut.Item2), Math.Abs(cut.Item1 - cut.Item2)));
                    }
                    catch (UserException) { }
                }
            )
            .QuickCheckThrowOnFailure();
    }
}
