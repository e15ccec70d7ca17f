using Muster.Faults;

namespace Muster.Sites.Reading;

public sealed class SiteDraftTests : IDisposable
{
    private readonly ConfigFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Site Read(string kind, string[] hosts, params string[] settings) =>
        SiteDraft.Read("new", kind, hosts, "/scratch/me", settings, _folder.Sources);

    [Fact]
    public void Words_of_the_command_line_make_the_same_site_as_the_file_would()
    {
        var slurm = Assert.IsType<SlurmSite>(
            Read(
                "slurm",
                ["me@cedar"],
                "sbatch.time=10:00:00",
                "sbatch.gres=gpu:1",
                "setup=module load cuda",
                "env.A=b=c"
            )
        );
        Assert.Equal(("me@cedar", "/scratch/me", "b=c"), (slurm.Host, slurm.Root, slurm.Env["A"]));
        Assert.Equal(["#SBATCH --time=10:00:00", "#SBATCH --gres=gpu:1"], slurm.Sbatch.ToLines());
        Assert.Equal(["module load cuda"], slurm.Setup);
        var ssh = Assert.IsType<SshSite>(Read("ssh", ["a", "b"], "roles.server=[b]", "check-pairs=true"));
        Assert.Equal(["a", "b"], ssh.Hosts);
        Assert.Equal(["b"], ssh.Roles["server"]);
        Assert.True(ssh.CheckPairs);
    }

    [Theory]
    [InlineData("slurm", "nod=1", "unknown key 'nod' in site new")]
    [InlineData("slurm", "check-pairs=true", "belongs to kind ssh, not slurm")]
    [InlineData("slurm", "time", "--set takes KEY=VALUE")]
    [InlineData("slurm", "env.TOKEN=${HF_TOKEN}", "names a variable")]
    [InlineData("slurm", "env.token=${HF_TOKEN}", "names a variable")]
    [InlineData("cloud", "limit=1", "site new needs a `provider`")]
    public void What_does_not_fit_is_named(string kind, string setting, string text) =>
        Assert.Contains(text, Assert.Throws<UserException>(() => Read(kind, [], setting)).Message);

    [Fact]
    public void A_variable_of_this_shell_does_not_become_part_of_the_site()
    {
        _folder.Environment["MUSTER_SSH_CONFIG"] = "/here/only";
        Assert.Null(Assert.IsType<SlurmSite>(Read("slurm", ["cedar"])).SshConfig);
    }
}
