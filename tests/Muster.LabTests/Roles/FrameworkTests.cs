namespace Muster.Roles;

/// <summary>Real frameworks over hosts that cannot log in to each other, and in one SLURM job.</summary>
[Collection(Sharing.Roles)]
public sealed class FrameworkTests : IDisposable
{
    private readonly Lab _lab = new();

    public FrameworkTests()
    {
        Lab.Do("install", "python3-torch", "python3-distributed", "openmpi-bin", "libopenmpi-dev", "gcc", "libc6-dev");
        foreach (
            var program in Directory.GetFiles(
                Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Programs")
            )
        )
            File.Copy(program, Path.Combine(_lab.Code, Path.GetFileName(program)));
    }

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("lab-roles", "worker=node4,node5,node6")]
    [InlineData("lab-slurm", "worker=3")]
    public void Torch_reduces_a_sum_over_all_ranks(string site, string role)
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--role",
            role,
            "--launch",
            "torch-env",
            "--",
            "/usr/bin/python3",
            "reduce.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal(
            ["has 6", "has 6", "has 6"],
            answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[^5..])
        );
        Assert.Contains("worker.2 | rank 2 of 3", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Torchrun_has_an_agent_for_each_rank_also_where_a_host_has_two()
    {
        // Debian's torchrun 1.13 with Python 3.11 needs its redirections named.
        var answer = _lab.Muster(
            "submit",
            "-s",
            "lab-roles",
            "--env",
            "TORCHRUN_OPTIONS=-r 1 -t 1",
            "--role",
            "worker=node4,node5,node5",
            "--launch",
            "torchrun",
            "--",
            "/usr/bin/python3",
            "reduce.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("rank 2 of 3 (local 0) has 6", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_recipe_torchrun_works_in_one_SLURM_job()
    {
        var answer = _lab.Muster(
            "run",
            "torchrun",
            "-s",
            "lab-slurm",
            "--memory",
            "3G",
            "--role",
            "worker=2",
            "--processes",
            "2",
            "--env",
            "TORCHRUN_OPTIONS=-r 1 -t 1",
            "--",
            "/usr/bin/python3",
            "reduce.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        foreach (var rank in (string[])["rank 0 of 4 (local 0)", "rank 3 of 4 (local 1)"])
            Assert.Contains($"{rank} has 10", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dask_computes_on_all_hosts_and_its_dashboard_is_brought_here()
    {
        Lab.On("node4", "rm -f ~/seen");
        using var muster = _lab.Start(
            "run",
            "dask",
            "-s",
            "lab-roles",
            "--threads",
            "2",
            "--env",
            "STAY_UNTIL=~/seen",
            "--",
            "/usr/bin/python3",
            "squares.py"
        );
        var said = muster.StandardError;
        string? url = null;
        while (url is null && await said.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("dashboard ", StringComparison.Ordinal))
                url = line.Split(' ')[^1];
        }
        var rest = said.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var web = new HttpClient();
        Assert.Equal("ok", await web.GetStringAsync($"{url}health", TestContext.Current.CancellationToken));
        Assert.Contains(
            "Workers",
            await web.GetStringAsync($"{url}info/main/workers.html", TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        Lab.On("node4", "touch ~/seen");

        Assert.Contains(
            "main.0 | total 328350 on node4 node5",
            await muster.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        await muster.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(muster.ExitCode == 0, await rest);
    }

    [Theory]
    [InlineData("lab-roles", "worker=node4,node5,node5")]
    [InlineData("lab-slurm", "worker=3")]
    public void Each_task_of_TF_CONFIG_is_reached_by_all_others_at_the_address_that_it_has_there(
        string site,
        string role
    )
    {
        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--role",
            role,
            "--launch",
            "tf-mwms",
            "--",
            "/usr/bin/python3",
            "strategy.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        for (var rank = 0; rank < 3; rank++)
            Assert.Matches(
                $@"worker\.{rank} \| worker {rank} on \w+ heard \[\('worker', 0\), \('worker', 1\), \('worker', 2\)\]",
                answer.Output
            );
    }

    [Theory]
    [InlineData("lab-roles", "worker=node4,node5,node5", "node4 node5")]
    [InlineData("lab-slurm", "worker=3", "")] // SLURM chooses the host
    public void A_program_for_Horovod_finds_its_place_and_reduces_over_all_ranks(string site, string role, string hosts)
    {
        Lab.Do("install", "python3-mpi4py");
        foreach (
            var (host, address) in (IEnumerable<(string, string)>)
                [
                    ("node4", "10.231.0.14"),
                    ("node5", "10.231.0.15"),
                    ("c1", "10.231.1.21"),
                    ("c2", "10.231.1.22"),
                    ("c3", "10.231.1.23"),
                ]
        )
        {
            Lab.Do("exec", host, "ip", "addr", "replace", $"{address}/32", "dev", "eth0");
        }

        var answer = _lab.Muster(
            "submit",
            "-s",
            site,
            "--role",
            role,
            "--launch",
            "horovod",
            "--",
            "/usr/bin/python3",
            "allreduce.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        for (var rank = 0; rank < 3; rank++)
            Assert.Matches($@"rank {rank} of 3 \(local \d of \d\) on \w+ has 6", answer.Output);
        foreach (var host in hosts.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Assert.Contains($"on {host} has 6", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Mpirun_starts_its_ranks_on_hosts_that_it_cannot_log_in_to()
    {
        // It passes over loopback devices, where the lab's hosts have their addresses.
        for (var host = 4; host <= 6; host++)
            Lab.Do("exec", $"node{host}", "ip", "addr", "replace", $"10.231.0.1{host}/32", "dev", "eth0");
        _lab.Shell("mpicc -o sum sum.c");

        var answer = _lab.Muster(
            "run",
            "mpi",
            "-s",
            "lab-roles",
            "--role",
            "worker=node4,node5,node5,node6",
            "--",
            "./sum"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("sum 10", answer.Output, StringComparison.Ordinal);
        foreach (var host in (string[])["node4", "node5", "node6"])
            Assert.Contains($"of 4 on {host}", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Psd_run_starts_master_servers_and_workers_and_leaves_the_logs_its_users_know()
    {
        PoseidonOn("node4", "node5", "node6");
        _lab.Set("MUSTER_SSH_CONFIG", Path.Combine(Lab.Folders, "ssh_config"));
        File.WriteAllText(
            Path.Combine(_lab.Code, "config.json"),
            """
            { "master_node": "node6", "worker_nodes": ["node4", "node5"], "server_nodes": ["node5", "node6"], "username": "muster-lab", "virtualenv": "/home/muster-lab/poseidon" }
            """
        );

        var answer = _lab.Muster("as", "psd_run", "-c", "config.json", "-o", "logs", "python3 poseidon/bin/train.py");

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        var folder = Assert.Single(Directory.GetDirectories(Path.Combine(_lab.Code, "logs"), "poseidon_log_*"));
        Assert.Equal(
            ["master.log", "server0.log", "server1.log", "worker0.log", "worker1.log"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Contains(
            "registered, 2 of 2",
            File.ReadAllText(Path.Combine(folder, "master.log")),
            StringComparison.Ordinal
        );
        Assert.Equal(
            "client 1 sees 3\nclient 1 sees 3\nclient 1 done\n",
            File.ReadAllText(Path.Combine(folder, "worker1.log"))
        );
        Assert.Contains(
            "succeeded",
            File.ReadAllText(Path.Combine(_lab.Code, "poseidon_run.log")),
            StringComparison.Ordinal
        );
        Assert.Equal(
            "",
            string.Concat(
                ((string[])["node4", "node5", "node6"]).Select(host =>
                    Lab.On(host, "pgrep -f '[p]s_master|[p]s_server' || :")
                )
            )
        );
    }

    [Fact]
    public void As_many_commands_as_workers_are_one_for_each_and_the_cluster_file_is_a_site()
    {
        PoseidonOn("node4", "node5", "node6");
        _lab.Set("MUSTER_SSH_CONFIG", Path.Combine(Lab.Folders, "ssh_config"));
        File.WriteAllText(
            Path.Combine(_lab.Code, "config.json"),
            """
            { "master_node": "node4", "worker_nodes": ["node4", "node5"], "server_nodes": ["node4", "node5"], "username": "muster-lab", "virtualenv": "/home/muster-lab/poseidon" }
            """
        );

        var answer = _lab.Muster(
            "as",
            "psd_run",
            "--cluster_config",
            "config.json",
            "--out=logs",
            "python3 poseidon/bin/train.py, echo second; python3 poseidon/bin/train.py"
        );
        var plain = _lab.Muster(
            "submit",
            "-s",
            "config.json",
            "--launch",
            "plain",
            "--",
            "sh",
            "-c",
            "echo $MUSTER_RANK of $MUSTER_SIZE"
        );
        var form = _lab.Muster("submit", "-s", "config.json", "--launch", "poseidon", "--", "train.py");
        var forms = _lab.Muster(
            "submit",
            "-s",
            "config.json",
            "--launch",
            "poseidon",
            "--role-command",
            "worker=train.py",
            "--role-command",
            "worker=echo second; train.py"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("worker.1 | second", answer.Output, StringComparison.Ordinal);
        foreach (var muster in (Answer[])[form, forms])
            Assert.True(
                muster.ExitCode == 0
                    && (muster.Output + muster.Said).Contains("worker.1 | client 1 done", StringComparison.Ordinal),
                muster.Output + muster.Said
            );
        Assert.Contains("worker.1 | second", forms.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("worker.0 | second", answer.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["worker.0 | 0 of 2", "worker.1 | 1 of 2"],
            plain.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_cluster_of_this_machine_alone_needs_no_SSH()
    {
        var bin = Path.Combine(_lab.Folder, "poseidon", "bin");
        _lab.Shell(
            $"mkdir -p {bin} && echo 'PATH={bin}:$PATH' >{bin}/activate && for name in ps_master ps_server train.py; "
                + $"do {{ echo '#!/usr/bin/python3'; cat poseidon.py; }} >{bin}/$name; chmod 755 {bin}/$name; done"
        );
        File.WriteAllText(
            Path.Combine(_lab.Code, "config.json"),
            $$"""
            { "worker_nodes": ["127.0.0.1"], "server_nodes": ["127.0.0.1"], "virtualenv": "{{Path.GetDirectoryName(
                bin
            )}}" }
            """
        );

        var answer = _lab.Muster("as", "psd_run", "-c", "config.json", "echo 'a, b'; train.py");

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        var folder = Assert.Single(Directory.GetDirectories(_lab.Code, "poseidon_log_*"));
        Assert.Equal(
            ["master.log", "server0.log", "worker0.log"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.StartsWith(
            "a, b\nclient 0 sees 1\n",
            File.ReadAllText(Path.Combine(folder, "worker0.log")),
            StringComparison.Ordinal
        );
    }

    private static void PoseidonOn(params IEnumerable<string> hosts)
    {
        var program = Convert.ToBase64String(
            File.ReadAllBytes(
                Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Programs", "poseidon.py")
            )
        );
        foreach (var host in hosts)
        {
            Lab.On(
                host,
                $$"""
                mkdir -p ~/poseidon/bin && cd ~/poseidon/bin || exit 1
                echo 'PATH=$HOME/poseidon/bin:$PATH' >activate
                for name in ps_master ps_server train.py; do { echo '#!/usr/bin/python3'; echo {{program}} | base64 -d; } >$name; chmod 755 $name; done
                """
            );
        }
    }
}
