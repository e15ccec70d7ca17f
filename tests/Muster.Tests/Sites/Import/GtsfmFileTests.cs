using Muster.Sites.Reading;

namespace Muster.Sites.Import;

public sealed class GtsfmFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-gtsfm-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_list_of_hosts_is_a_site_whose_first_worker_is_the_first_of_the_list()
    {
        // A name with "gpus" in it is a host like any other.
        var (site, warnings) = Read(
            "# the data is on the first\nworkers:\n  - mygpus02\n  - me@10.0.0.10\n  - mygpus01\n"
        );

        Assert.Equal(["mygpus02", "me@10.0.0.10", "mygpus01"], site.Hosts);
        Assert.Equal(site.Hosts, site.Roles["worker"]);
        Assert.Empty(warnings);
        Assert.False(GtsfmFile.HasGpus(Path.Combine(_folder.FullName, "cluster.yaml"), Sources));
    }

    [Fact]
    public void Entries_for_the_GPUs_of_a_machine_are_as_many_workers_on_it()
    {
        var (site, warnings) = Read(
            "workers:\n  - { host: localhost, gpus: 1, system_memory: 40GB }\n  - { host: localhost, gpus: 1 }\nextra: "
                + "1\n"
        );

        Assert.Equal(["localhost"], site.Hosts);
        Assert.Equal(["localhost", "localhost"], site.Roles["worker"]);
        Assert.Equal("localhost", site.ThisMachine);
        Assert.Equal("ignored 'extra'", Assert.Single(warnings).Split(": ")[1]);
        Assert.True(GtsfmFile.HasGpus(Path.Combine(_folder.FullName, "cluster.yaml"), Sources));
    }

    [Fact]
    public void It_is_written_as_a_site_and_read_back()
    {
        var (site, _) = Read("workers:\n  - n1\n  - n2\n");
        File.WriteAllText(
            Path.Combine(_folder.FullName, "muster.yaml"),
            "sites:\n" + string.Concat(SiteYaml.Lines(site).Select(line => $"  {line}\n"))
        );

        Assert.Equal(
            site.Roles["worker"],
            Assert.IsType<SshSite>(ConfigReader.Read(Sources).Get("cluster")).Roles["worker"]
        );
    }

    private Configuration.ConfigSources Sources => new(_folder.FullName, new Dictionary<string, string>());

    private (SshSite Site, IReadOnlyList<string> Warnings) Read(string yaml)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "cluster.yaml"), yaml);
        var read = SiteFile.Read("cluster.yaml", Sources);
        return ((SshSite)read.Site, read.Warnings);
    }
}
