using Muster.Faults;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Sites.Doctor;

public sealed class SiteFindingsTests
{
    private static readonly SshSite Lab = new()
    {
        Name = "lab",
        Origin = new("muster.yaml", 3),
        Hosts = ["node1"],
    };
    private static readonly SlurmSite Cedar = new()
    {
        Name = "cedar",
        Origin = new("muster.yaml", 8),
        Host = "login",
    };

    private static HostFacts Recorded(string name, params string[] more) =>
        new("node1")
        {
            Route = new("me", "10.0.0.1", 22, null),
            SameConnection = true,
            RoundTrip = TimeSpan.FromMilliseconds(12),
            ClockAhead = TimeSpan.FromSeconds(0.4),
            // What is added comes first, and the first value of a key counts.
            Values = HostFacts.Read(string.Join('\n', more) + "\n" + RecordedText.Read(name)),
        };

    private static HostFacts Debian(params string[] more) => Recorded("check-debian-12.txt", more);

    private static HostFacts Slurm(params string[] more) => Recorded("check-slurm-22.05.txt", more);

    private static Finding The(string about, Site site, HostFacts host) =>
        Assert.Single(SiteFindings.For(site, host), finding => finding.About == about);

    [Fact]
    public void A_sound_host_has_nothing_bad() =>
        Assert.DoesNotContain(
            SiteFindings.For(
                Lab,
                Debian() with
                {
                    Values = HostFacts.Read(
                        RecordedText.Read("check-debian-12.txt").Replace("peer=node9 no", "peer=node9 ok")
                    ),
                }
            ),
            finding => finding.Mark is not Mark.Ok
        );

    [Fact]
    public void Busybox_is_enough() =>
        Assert.DoesNotContain(
            SiteFindings.For(Lab, Recorded("check-busybox-1.35.txt")),
            finding => finding.Mark is Mark.Bad
        );

    [Theory]
    [InlineData(ContactFault.Unresolved, "name")]
    [InlineData(ContactFault.Silent, "connection")]
    [InlineData(ContactFault.Refused, "authentication")]
    [InlineData(ContactFault.HostKey, "host key")]
    [InlineData(null, "check")]
    public void A_host_that_cannot_be_spoken_to_has_one_bad_finding_with_its_mend(ContactFault? fault, string about)
    {
        var bad = Assert.Single(SiteFindings.For(Lab, new("node1") { Trouble = new(fault, "what", "mend") }));
        Assert.Equal((Mark.Bad, about, "what", "mend"), (bad.Mark, bad.About, bad.Text, bad.Fix));
        Assert.Equal(fault is ContactFault.Refused ? Remedy.GiveKey : Remedy.None, bad.Remedy);
    }

    [Fact]
    public void Every_bad_finding_says_how_to_mend_it()
    {
        HostFacts[] hosts =
        [
            Debian("writable=no", "writable_said=Permission denied"),
            Debian("place_kind=file", "place=/x"),
            Debian("space_free_kb=0"),
            Debian("inodes_free=0"),
            Debian("kill_user_processes=yes"),
            Debian("quota=/dev/sda1 1000* 900 1000"),
            Debian(),
            Recorded("check-slurm-22.05.txt", "sinfo_said=Unable to contact"),
            new("n") { Values = HostFacts.Read("whole=yes") },
        ];
        var bad = hosts
            .SelectMany(host => SiteFindings.For(Lab, host).Concat(SiteFindings.For(Cedar, host)))
            .Where(finding => finding.Mark is Mark.Bad)
            .ToList();
        Assert.NotEmpty(bad);
        Assert.All(bad, finding => Assert.False(string.IsNullOrEmpty(finding.Fix)));
    }

    [Fact]
    public void A_clock_is_wrong_only_beyond_what_the_way_there_and_back_can_explain()
    {
        Assert.Equal(
            Mark.Ok,
            The(
                "clock",
                Lab,
                Debian() with
                {
                    RoundTrip = TimeSpan.FromSeconds(2),
                    ClockAhead = TimeSpan.FromSeconds(1.9),
                }
            ).Mark
        );
        var behind = The("clock", Lab, Debian() with { ClockAhead = TimeSpan.FromSeconds(-30) });
        Assert.Equal((Mark.Warn, "30 s behind ours; times of runs are off by that"), (behind.Mark, behind.Text));
        Assert.Contains(
            "10 min ahead of",
            The("clock", Lab, Debian() with { ClockAhead = TimeSpan.FromMinutes(10) }).Text
        );
    }

    [Fact]
    public void A_full_disk_is_bad_and_a_nearly_full_one_a_warning()
    {
        Assert.Equal(Mark.Bad, The("space", Lab, Debian("space_free_kb=0")).Mark);
        Assert.Equal(Mark.Warn, The("space", Lab, Debian("space_free_kb=1000")).Mark);
        Assert.Equal(
            "1 MB of 1.2 MB used on /dev/sda1",
            The("quota", Lab, Debian("quota=/dev/sda1 1000 900 1200")).Text
        );
    }

    [Fact]
    public void A_file_system_without_inode_counts_is_not_called_full() =>
        Assert.DoesNotContain(
            SiteFindings.For(Lab, Debian("inodes_free=0", "inodes_total=0")),
            finding => finding.About == "inodes"
        );

    [Fact]
    public void A_banner_and_a_csh_are_told_and_are_no_fault()
    {
        var findings = SiteFindings.For(
            Lab,
            Debian("shell=/bin/csh") with
            {
                Banner = "\n\u001b[31mWelcome\u001b[0m\nmore",
            }
        );
        Assert.Contains(
            findings,
            finding => finding is { Mark: Mark.Ok, About: "login shell" } && finding.Text.Contains("/bin/csh; jobs")
        );
        Assert.Contains(
            findings,
            finding =>
                finding is { Mark: Mark.Ok, About: "banner" }
                && finding.Text.Contains("Welcome")
                && !finding.Text.Contains('\u001b')
        );
    }

    [Fact]
    public void Logind_that_ends_jobs_is_bad_unless_lingering_is_on()
    {
        Assert.Equal(Mark.Bad, The("logind", Lab, Debian("kill_user_processes=yes")).Mark);
        Assert.Equal(Mark.Ok, The("logind", Lab, Debian("kill_user_processes=yes", "linger=yes")).Mark);
    }

    [Fact]
    public void A_peer_that_is_not_reached_is_named_with_the_reason()
    {
        var bad = Assert.Single(SiteFindings.For(Lab, Debian()), finding => finding.Mark is Mark.Bad);
        Assert.StartsWith("does not reach node9: ssh: connect to host", bad.Text);
    }

    [Fact]
    public void A_slurm_site_lists_its_partitions()
    {
        var findings = SiteFindings.For(Cedar, Slurm());
        Assert.DoesNotContain(findings, finding => finding.Mark is not Mark.Ok);
        Assert.Contains(
            findings,
            finding => finding.Text == "gpu: at most 00:10:00, 1 node (1 idle), 4 CPUs and 4000 MB each, gpu:a100:2"
        );
        Assert.Contains("Slurm accounting storage is disabled", The("accounting", Cedar, Slurm()).Text);
    }

    [Theory]
    [InlineData(
        "partition",
        "gpus",
        "partition 'gpus' does not exist; did you mean 'gpu'?",
        "choose one of: debug, gpu, short"
    )]
    [InlineData("mem", "64G", "mem 64G is more than any node of debug has, 4000 MB", "ask for less")]
    [InlineData("cpus-per-task", "16", "cpus-per-task 16 is more than any node of debug has, 4", "ask for fewer")]
    public void Options_that_the_site_cannot_fulfil_are_bad(string key, string value, string text, string mend)
    {
        var site = Cedar with { Sbatch = SbatchOptions.None.With(key, value) };
        var bad = Assert.Single(SiteFindings.For(site, Slurm()), finding => finding.Mark is Mark.Bad);
        Assert.Equal((text, $"In `sbatch:` of the site, {mend} (muster.yaml:8)."), (bad.Text, bad.Fix));
    }

    [Fact]
    public void A_time_over_the_limit_names_the_limit_and_where_it_would_fit()
    {
        var site = Cedar with { Sbatch = SbatchOptions.None.With("partition", "short").With("time", "5") };
        var bad = Assert.Single(SiteFindings.For(site, Slurm()), finding => finding.Mark is Mark.Bad);
        Assert.Equal("time 00:05:00 is over the limit of partition short, 00:01:00", bad.Text);
        Assert.Contains("set `time` to 00:01:00, or choose partition debug or gpu", bad.Fix);
    }

    [Fact]
    public void A_login_node_without_slurm_is_bad() =>
        Assert.Equal(
            (Mark.Bad, "not on the PATH: sbatch, squeue, scontrol, scancel"),
            (The("SLURM", Cedar, Debian()).Mark, The("SLURM", Cedar, Debian()).Text)
        );
}
