using System.Diagnostics;
using System.Text.Json;
using Muster.Faults;
using Muster.Runs.Submit;
using Muster.Sites;
using Muster.Sites.Schedulers.Slurm;

namespace Muster.Runs.Roles;

public sealed class RolePlanTests : IDisposable
{
    private static readonly SshSite Hosts = new()
    {
        Name = "lab",
        Origin = new("test"),
        Hosts = ["n1", "n2", "n3"],
        Roles = new Dictionary<string, IReadOnlyList<string>> { ["server"] = ["n3"] },
    };
    private static readonly SlurmSite Cluster = new()
    {
        Name = "cluster",
        Origin = new("test"),
        Host = "login",
    };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-roles-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Each_rank_gets_a_host_that_the_site_keeps_for_its_role_or_for_none()
    {
        var plan = Plan(Hosts, null, "worker=2", "server");

        Assert.Equal(["n1", "n2"], plan.Roles[0].Hosts);
        Assert.Equal(["n3"], plan.Roles[1].Hosts);
        Assert.Equal((2, 0), (plan.Roles[0].Working, plan.Roles[1].Working));
        Assert.Equal(("n1", plan.Id.ToString(), $"{plan.Id}.2"), (plan.Host, plan.FolderOn("n1"), plan.FolderOn("n3")));
    }

    [Fact]
    public void A_host_that_stands_twice_has_two_ranks() =>
        Assert.Equal(["n2", "n2", "n1"], Plan(Hosts, null, "worker=n2,n2,n1").Roles[0].Hosts);

    [Theory]
    [InlineData("worker=3", "asks for 3 ranks, and site lab has 2 hosts for it: n1, n2")]
    [InlineData("worker=n4", "no host 'n4'")]
    [InlineData("Worker=1", "is not a valid role name")]
    [InlineData("worker=1,gpu=2", "'gpu=2' says nothing")]
    [InlineData("worker=2,n1", "asks for 2 ranks and names 1 hosts")]
    public void What_cannot_be_is_refused_before_anything_is_done(string role, string why) =>
        Assert.Contains(
            why,
            Assert.Throws<UserException>(() => Plan(Hosts, null, role)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_role_without_a_number_has_a_rank_on_each_host_for_it()
    {
        Assert.Equal(["n1", "n2"], Plan(Hosts, null, "worker").Roles[0].Hosts);
        Assert.Equal(["n3"], Plan(Hosts, null, "server").Roles[0].Hosts);
        Assert.Contains(
            "no number of ranks",
            Assert.Throws<UserException>(() => Plan(Cluster, null, "worker")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Roles_that_their_framework_starts_need_no_command()
    {
        var request = new SubmitRequest
        {
            Command = [],
            WorkingFolder = "/",
            Roles = ["worker=2", "server=n1,n2"],
            Launch = "poseidon",
            RoleCommands = ["worker=train"],
        };
        RunPlan Planned(SubmitRequest wished) =>
            new RunPlanner(new RunStore(Path.Combine(_folder.FullName, "runs.db")), TimeProvider.System, _ => null)
                .Plan(wished, Hosts)
                .Plan;

        Assert.Empty(Planned(request).Command);
        Assert.Contains(
            "no command",
            Assert.Throws<UserException>(() => Planned(request with { Launch = null })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no command",
            Assert
                .Throws<UserException>(() =>
                    Planned(request with { Launch = "dask", Roles = ["worker=2"], RoleCommands = [] })
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Poseidon_wants_as_many_servers_as_workers_and_other_frameworks_do_not()
    {
        Assert.Contains(
            "as many servers as workers",
            Assert.Throws<UserException>(() => Plan(Hosts, "poseidon", "worker=2", "server")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["worker", "server", "chief"],
            Plan(Hosts, "tf-ps", "worker=2", "server").Roles.Select(role => role.Name)
        );
    }

    [Fact]
    public void A_profile_adds_what_its_framework_needs()
    {
        var plan = Plan(Hosts, "dask", "worker=2");

        Assert.Equal(
            ["worker 0 False", "main 1 False", "scheduler 0 True"],
            plan.Roles.Select(role => $"{role.Name} {role.Working} {role.Listens}")
        );
        Assert.Equal(["n1", "n1"], plan.Roles.Skip(1).SelectMany(role => role.Hosts));
        Assert.Contains(plan.Ports, port => port.Name == "dashboard");
    }

    [Fact]
    public void TensorFlow_is_told_the_same_cluster_everywhere_and_an_evaluator_none()
    {
        var plan = Plan(Hosts, "tf-ps", "worker=2", "server", "evaluator=1") with
        {
            Command = ["sh", "-c", "printf %s \"$TF_CONFIG\""],
        };

        var worker = Config("worker", 1);
        var chief = Config("chief", 0);
        var evaluator = Config("evaluator", 0);
        Assert.Equal(chief.GetProperty("cluster").ToString(), worker.GetProperty("cluster").ToString());
        Assert.Equal("s:1", worker.GetProperty("cluster").GetProperty("ps")[0].GetString());
        Assert.Equal(
            ("worker", 1),
            (
                worker.GetProperty("task").GetProperty("type").GetString(),
                worker.GetProperty("task").GetProperty("index").GetInt32()
            )
        );
        Assert.False(evaluator.TryGetProperty("cluster", out _));

        JsonElement Config(string role, int rank) =>
            JsonDocument
                .Parse(
                    Job(
                        plan,
                        role,
                        rank,
                        ("MUSTER_ROLES", "worker server evaluator chief"),
                        ("MUSTER_ADDRESSES_WORKER", "a:1 b:1"),
                        ("MUSTER_ADDRESSES_SERVER", "s:1"),
                        ("MUSTER_ADDRESSES_CHIEF", "a:2"),
                        ("MUSTER_ADDRESSES_EVALUATOR", "a:3")
                    )
                )
                .RootElement;
    }

    [Theory]
    [InlineData(0, "0 0 2 0")]
    [InlineData(1, "1 0 1 1")]
    [InlineData(2, "2 1 2 0")]
    public void Torch_counts_ranks_on_each_host(int rank, string expected)
    {
        var plan = Plan(Hosts, "torch-env", "worker=n1,n2,n1") with
        {
            Command = ["sh", "-c", "printf '%s' \"$RANK $LOCAL_RANK $LOCAL_WORLD_SIZE $NODE_RANK\""],
        };

        Assert.Equal(
            expected,
            Job(
                plan,
                "worker",
                rank,
                ("MUSTER_PEERS", "a:1 b:1 a:2"),
                ("MUSTER_ADDRESS", rank == 1 ? "b" : "a"),
                ("MUSTER_SIZE", "3")
            )
        );
    }

    [Fact]
    public void A_worker_of_Poseidon_has_the_three_options_of_its_contract()
    {
        var plan = Plan(Hosts, "poseidon", "worker=1", "server=1", "master=n1") with
        {
            Command = ["printf", "%s ", "train"],
        };

        Assert.Equal(
            "train --distributed=True --master_address=tcp://m:9 --client_id=0 ",
            Job(plan, "worker", 0, ("MUSTER_ADDRESSES_MASTER", "m:9"))
        );
    }

    private RunPlan Plan(Site site, string? launch, params string[] roles) =>
        new RunPlanner(new RunStore(Path.Combine(_folder.FullName, "runs.db")), TimeProvider.System, _ => null)
            .Plan(
                new()
                {
                    Command = ["true"],
                    WorkingFolder = "/",
                    Roles = roles,
                    Launch = launch,
                    FolderOptions = SbatchOptions.None,
                },
                site
            )
            .Plan;

    /// <summary>What the job of one rank prints.</summary>
    private string Job(RunPlan plan, string role, int rank, params (string, string)[] told)
    {
        var run = _folder.CreateSubdirectory("run").FullName;
        Directory.CreateDirectory(Path.Combine(run, "code"));
        File.WriteAllText(Path.Combine(run, "job"), RunFiles.Job(plan, plan.Host));
        var start = new ProcessStartInfo("sh", [Path.Combine(run, "job")]) { RedirectStandardOutput = true };
        foreach (
            var (name, value) in (IEnumerable<(string, string)>)
                [("MUSTER_RUN_DIR", run), ("MUSTER_ROLE", role), ("MUSTER_RANK", $"{rank}"), .. told]
        )
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        return process.StandardOutput.ReadToEnd();
    }
}
