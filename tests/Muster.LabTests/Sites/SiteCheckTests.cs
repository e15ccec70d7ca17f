using Muster.Runs;
using Muster.Runs.Explain;
using Muster.Sites.Doctor;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites;

/// <summary>The doctor against real hosts. The only host that is broken here is node3.</summary>
[Collection(Sharing.Nodes)]
public sealed class SiteCheckTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<IReadOnlyList<Finding>> FindAsync(LabSites lab, Site site) =>
        SiteFindings.For(
            site,
            Assert.Single((await new SiteCheck(lab.Open(site), TimeProvider.System).RunAsync(Ct)).Hosts)
        );

    private static SshSite Node3(LabSites lab) =>
        (SshSite)lab.Site("lab-ssh") with
        {
            Hosts = ["node3"],
            Roles = new Dictionary<string, IReadOnlyList<string>>(),
        };

    [Fact]
    public async Task A_sound_site_costs_one_connection_and_two_commands_a_host()
    {
        await using var lab = new LabSites();
        var site = Node3(lab) with { Hosts = ["node1", "node3"], CheckPairs = true };
        var (hosts, budget) = await new SiteCheck(lab.Open(site), TimeProvider.System).RunAsync(Ct);
        var findings = hosts.SelectMany(host => SiteFindings.For(site, host)).ToList();
        Assert.DoesNotContain(findings, finding => finding.Mark is Mark.Bad);
        Assert.Equal(2, findings.Count(finding => finding.About == "peers" && finding.Text.StartsWith("reaches")));
        Assert.Equal(2, findings.Count(finding => finding.About == "sharing" && finding.Mark is Mark.Ok));
        Assert.Equal(
            (4, "node1=1 node3=1"),
            (
                budget.RemoteCommands,
                string.Join(
                    ' ',
                    budget.Connections.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}")
                )
            )
        );
    }

    [Fact]
    public async Task A_slurm_site_shows_its_partitions_and_what_asking_cost()
    {
        await using var lab = new LabSites();
        var site = (SlurmSite)lab.Site("lab-slurm") with
        {
            Sbatch = SbatchOptions.None.With("partition", "short").With("time", "5"),
        };
        var (hosts, budget) = await new SiteCheck(lab.Open(site), TimeProvider.System).RunAsync(Ct);
        var findings = SiteFindings.For(site, Assert.Single(hosts));
        Assert.Equal(
            ["time 00:05:00 is over the limit of partition short, 00:01:00"],
            findings.Where(finding => finding.Mark is Mark.Bad).Select(finding => finding.Text)
        );
        Assert.Equal(4, findings.Count(finding => finding.About == "partition"));
        Assert.Equal((2, 2), (budget.RemoteCommands, budget.SchedulerCommands));
    }

    [Theory]
    [InlineData("lab-csh", "/bin/csh; jobs")]
    [InlineData("lab-banner", "the login shell prints \"*** Welcome")]
    public async Task Odd_login_shells_are_told_and_do_no_harm(string name, string text)
    {
        await using var lab = new LabSites();
        var findings = await FindAsync(lab, lab.Site(name));
        Assert.Contains(findings, finding => finding.Text.Contains(text));
        Assert.DoesNotContain(findings, finding => finding.Mark is Mark.Bad);
    }

    [Fact]
    public async Task A_name_that_leads_nowhere_and_a_root_that_may_not_be_written_are_bad()
    {
        await using var lab = new LabSites();
        var nowhere = Assert.Single(
            await FindAsync(lab, Node3(lab) with { Hosts = ["no-such-host.invalid"] }),
            finding => finding.Mark is Mark.Bad
        );
        Assert.Equal("name", nowhere.About);
        var root = Assert.Single(
            await FindAsync(lab, Node3(lab) with { Hosts = ["node1"], Root = "/etc/muster" }),
            finding => finding.Mark is Mark.Bad
        );
        Assert.Contains("/etc/muster cannot be written", root.Text);
    }

    [Theory]
    [InlineData("hostkey", "host key")]
    [InlineData("noauth", "authentication")]
    [InlineData("sshd", "connection")]
    public async Task A_broken_host_is_told_by_what_broke(string fault, string about)
    {
        await using var lab = new LabSites();
        await lab.BreakAsync("node3", fault);
        var bad = Assert.Single(await FindAsync(lab, Node3(lab)), finding => finding.Mark is Mark.Bad);
        Assert.Equal(about, bad.About);
        Assert.NotEmpty(bad.Fix!);
    }

    [Theory]
    [InlineData("full", "root", "space")]
    [InlineData("readonly", "root", "root")]
    public async Task A_disk_that_takes_nothing_is_bad(string fault, string about, string orAbout)
    {
        await using var lab = new LabSites();
        await lab.BreakAsync("node3", fault);
        var bad = (await FindAsync(lab, Node3(lab))).Where(finding => finding.Mark is Mark.Bad).ToList();
        Assert.NotEmpty(bad);
        Assert.All(bad, finding => Assert.Contains(finding.About, (string[])[about, orAbout, "execute"]));
    }

    [Fact]
    public async Task A_held_job_is_explained_with_two_scheduler_commands()
    {
        await using var lab = new LabSites();
        var site = lab.Open(lab.Site("lab-slurm"));
        var host = site.HostOf(null);
        var job = (
            await Hosts.HostCommands.GetAsync(
                host,
                $"sbatch --parsable --hold --output=/dev/null -p short --wrap 'sleep 1'",
                "submitting",
                Ct
            )
        ).Trim();
        try
        {
            var store = new RunStore(Path.Combine(lab.State, "runs.db"));
            var run = new Run
            {
                Plan = new()
                {
                    Id = RunId.New(TimeProvider.System),
                    Name = "held",
                    Site = "lab-slurm",
                    Command = ["sleep", "1"],
                    WorkingFolder = "/",
                },
                Created = TimeProvider.System.GetUtcNow(),
                State = new RunState.Queued(new(job), "None"),
            };
            store.Add(run);
            var (_, explanation) = await new Explainer(
                store,
                new(Path.Combine(Path.GetTempPath(), $"measures-{Guid.NewGuid()}.db")),
                _ => site,
                TimeProvider.System
            ).ExplainAsync(run, TimeSpan.FromSeconds(20), Ct);
            Assert.Contains(
                explanation.Lines,
                line => line is { About: "why", Text: "it is held by its owner (JobHeldUser)" }
            );
            Assert.Contains(explanation.Lines, line => line.About == "free" && line.Text.StartsWith("short: "));
            Assert.Equal(2, await site.Desk(null)!.SpentAsync(Ct));
        }
        finally
        {
            await Hosts.HostCommands.RunAsync(host, $"scancel {job}", CancellationToken.None);
        }
    }
}
