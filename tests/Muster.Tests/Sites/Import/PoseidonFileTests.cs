using Muster.Sites.Import;
using Muster.Sites.Reading;

namespace Muster.Sites;

public sealed class PoseidonFileTests : IDisposable
{
    [Fact]
    public void A_framework_without_servers_needs_none()
    {
        var (site, _) = Read("""{ "worker_nodes": ["n1", "n2"], "server_nodes": [], "framework": "torch-env" }""");

        Assert.Equal(["worker", "master"], site.Roles.Keys);
        Assert.Throws<Muster.Faults.UserException>(() => Read("""{ "worker_nodes": ["n1"], "server_nodes": [] }"""));
    }

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-poseidon-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_cluster_file_is_a_site_of_ssh_hosts_with_their_roles()
    {
        var (site, warnings) = Read(
            """
            { "master_node": "10.0.0.1", "worker_nodes": ["10.0.0.1", "10.0.0.2"], "server_nodes": ["10.0.0.2", "10.0.0.3"],
              "username": "me", "pem_file": "key.pem", "virtualenv": "/home/me/venv", "colour": 1 }
            """
        );

        Assert.Equal(["me@10.0.0.1", "me@10.0.0.2", "me@10.0.0.3"], site.Hosts);
        Assert.Equal(["me@10.0.0.2", "me@10.0.0.3"], site.Roles["server"]);
        Assert.Equal(["me@10.0.0.1"], site.Roles["master"]);
        Assert.Equal([". /home/me/venv/bin/activate"], site.Setup);
        Assert.Equal(Path.Combine(_folder.FullName, "key.pem"), site.Identity);
        Assert.Null(site.ThisMachine);
        Assert.Equal("ignored 'colour'", Assert.Single(warnings).Split(": ")[1]);
    }

    [Fact]
    public void This_machine_needs_no_SSH_and_is_the_master_when_none_is_named()
    {
        var (site, _) = Read("""{ "worker_nodes": ["127.0.0.1", "n2"], "server_nodes": ["n2", "n2"] }""");

        Assert.Equal(["localhost", "n2"], site.Hosts);
        Assert.Equal(["localhost"], site.Roles["master"]);
        Assert.Equal("localhost", site.ThisMachine);
    }

    [Fact]
    public void It_is_written_as_a_site_and_read_back()
    {
        var (site, _) = Read("""{ "worker_nodes": ["localhost", "n2"], "server_nodes": ["n2", "n2"] }""");
        File.WriteAllText(
            Path.Combine(_folder.FullName, "muster.yaml"),
            "sites:\n" + string.Concat(SiteYaml.Lines(site).Select(line => $"  {line}\n"))
        );

        var again = Assert.IsType<SshSite>(
            ConfigReader.Read(new(_folder.FullName, new Dictionary<string, string>())).Get(site.Name)
        );

        Assert.Equal(site.ThisMachine, again.ThisMachine);
        Assert.Equal(site.Hosts, again.Hosts);
        Assert.Equal(site.Roles["server"], again.Roles["server"]);
    }

    private (SshSite Site, IReadOnlyList<string> Warnings) Read(string json)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "config.json"), json);
        var read = SiteFile.Read("config.json", new(_folder.FullName, new Dictionary<string, string>()));
        return ((SshSite)read.Site, read.Warnings);
    }
}
