namespace Muster.Roles;

/// <summary>
/// The recipe gtsfm with a real Dask and a stand-in for GTSfM that takes its options and writes its files.
/// </summary>
[Collection(Sharing.Roles)]
public sealed class GtsfmTests : IDisposable
{
    private static readonly string[] Nodes = ["node4", "node5", "node6"];
    private readonly Lab _lab = new();

    public GtsfmTests()
    {
        Lab.Do("install", "python3-distributed");
        _lab.Set("MUSTER_SSH_CONFIG", Path.Combine(Lab.Folders, "ssh_config"));
        var standIn = _lab.Shell(
            $"tar -C {Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Gtsfm")} -cz gtsfm | base64 "
                + "-w0"
        );
        foreach (var host in Nodes)
            Lab.On(host, $"rm -rf ~/gtsfm && mkdir ~/gtsfm && cd ~/gtsfm && echo {standIn} | base64 -d | tar xz");
        _lab.Shell(
            "mkdir -p set/images single/images && for n in 1 2 3 4 5 6; do echo photo >set/images/$n.jpg; done && "
                + "touch set/cameras.txt set/images.txt set/points3D.txt && echo photo >single/images/1.jpg"
        );
    }

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_scene_is_made_on_all_hosts_and_gathered_from_all_of_them()
    {
        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--role",
            "worker=node4,node5,node6",
            "--dataset-dir",
            "set",
            "--loader",
            "colmap",
            "--max-resolution",
            "500",
            "--share-intrinsics",
            "--overrides",
            "loader.skip=1 +x=y"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("dashboard ", answer.Said, StringComparison.Ordinal);
        Assert.Contains("6 of 6 cameras, 2 points", answer.Output, StringComparison.Ordinal);
        var results = Path.Combine(_lab.Code, "muster-out", "gtsfm");
        // Where it was written, where photos were read, where features were found.
        Assert.Equal(
            "node4 node4 node4 node5 node6\n",
            File.ReadAllText(Path.Combine(results, "results", "ba_output", "where.txt"))
        );
        Assert.Equal(
            "node6 node4 node4 node5 node6\n",
            File.ReadAllText(Path.Combine(results, "results", "merged", "where.txt"))
        );
        Assert.Contains(
            "\"cameras\": 6",
            File.ReadAllText(Path.Combine(results, "summary.json")),
            StringComparison.Ordinal
        );
        Assert.True(File.Exists(Path.Combine(results, "dask_reports", "scene-optimizer.html")));
        var options = File.ReadAllText(Path.Combine(results, "results", "config.yaml"));
        foreach (
            var option in (string[])
                [
                    "\"loader\": \"colmap\"",
                    "\"max_resolution\": 500",
                    "\"share_intrinsics\": true",
                    "\"overrides\": [\"loader.skip=1\", \"+x=y\"]",
                ]
        )
            Assert.Contains(option, options, StringComparison.Ordinal);
        Assert.Equal("", string.Concat(Nodes.Select(host => Lab.On(host, "pgrep -f '[d]istributed' || :"))));
    }

    [Fact]
    public void Its_own_command_line_and_cluster_file_do_the_same()
    {
        _lab.Shell(
            "mkdir -p gtsfm/configs && printf 'workers:\\n  - muster-lab@node4\\n  - host: muster-lab@node5\\n' "
                + ">gtsfm/configs/cluster.yaml"
        );
        Lab.On("node4", "mkdir -p /tmp/set/images && for n in 1 2 3; do echo photo >/tmp/set/images/$n.jpg; done");

        var answer = _lab.Muster(
            "as",
            "gtsfm",
            "--loader",
            "olsson",
            "--dataset_dir",
            "/tmp/set",
            "--config_name",
            "sift_front_end.yaml",
            "--cluster_config",
            "cluster.yaml",
            "--checkout",
            "~/gtsfm",
            "--num_retry_cluster_connection",
            "5",
            "--output_root",
            "there",
            "loader.max_resolution=1200"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal(
            "node5 node4 node4 node5\n",
            File.ReadAllText(Path.Combine(_lab.Code, "there", "results", "merged", "where.txt"))
        );
        Assert.Contains(
            "loader.max_resolution=1200",
            File.ReadAllText(Path.Combine(_lab.Code, "there", "results", "config.yaml")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Without_a_cluster_file_its_command_line_works_on_this_machine()
    {
        _lab.Shell($"cp -R {Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Gtsfm", "gtsfm")} .");

        var answer = _lab.Muster(
            "as",
            "gtsfm",
            "--loader",
            "colmap",
            "--dataset_dir",
            Path.Combine(_lab.Code, "set"),
            "--num_workers",
            "2",
            "--python",
            "/usr/bin/python3"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains(
            "\"num_workers\": 2",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "config.yaml")),
            StringComparison.Ordinal
        );
        Assert.Contains("6 of 6 cameras", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_cluster_file_paths_begin_in_this_folder_and_the_pipeline_may_name_its_loader()
    {
        _lab.Shell($"cp -R {Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Gtsfm", "gtsfm")} .");

        var answer = _lab.Muster("as", "gtsfm", "./run", "--dataset_dir", "set", "--python", "/usr/bin/python3");

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains(
            "\"loader\": null",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "config.yaml")),
            StringComparison.Ordinal
        );
        Assert.Contains("6 of 6 cameras", answer.Output, StringComparison.Ordinal);
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    // October 2025 to February 2026
    public void A_GTSfM_that_makes_its_optimiser_first_is_told_which_worker_reads_and_writes()
    {
        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--role",
            "worker=node5,node4",
            "--env",
            "STANDIN_OCTOBER=1",
            "--dataset-dir",
            "set",
            "--loader",
            "olsson"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal(
            "node5 node5 node4 node5\n",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "ba_output", "where.txt"))
        );
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    public void The_command_line_of_2023_runs_the_runner_of_2023_on_Musters_cluster()
    {
        var older = _lab.Shell(
            $"tar -C {Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Gtsfm2023")} -cz gtsfm | "
                + "base64 -w0"
        );
        foreach (var host in Nodes)
            Lab.On(host, $"cd ~/gtsfm && rm gtsfm/runner.py && echo {older} | base64 -d | tar xz && pwd");
        Lab.On(
            "node5",
            "mkdir -p /tmp/set/images && cd /tmp/set && touch cameras.txt images.txt points3D.txt && for n in 1 2 3; "
                + "do echo photo >images/$n.jpg; done"
        );
        File.WriteAllText(
            Path.Combine(_lab.Code, "cluster.yaml"),
            "workers:\n  - muster-lab@node5\n  - muster-lab@node4\n"
        );
        string[] data =
        [
            "--images_dir",
            "/tmp/set/images",
            "--config_name",
            "sift_front_end.yaml",
            "--colmap_files_dirpath",
            "/tmp/set",
            "--cluster_config",
            "cluster.yaml",
        ];

        var answer = _lab.Muster([
            "as",
            "gtsfm",
            "python",
            "/home/muster-lab/gtsfm/gtsfm/runner",
            "run_scene_optimizer_colmaploader.py",
            .. data,
        ]);

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Equal(
            "node5 node5 node4 node5\n",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "ba_output", "where.txt"))
        );
        Assert.Contains(
            "\"mvs_off\": true",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "config.yaml")),
            StringComparison.Ordinal
        );

        var refused = _lab.Muster([
            "as",
            "gtsfm",
            "--checkout",
            "/home/muster-lab/gtsfm",
            "--loader",
            "colmap",
            .. data,
            "--run_gs",
            "loader.x=1",
        ]);
        Assert.Equal(72, refused.ExitCode);
        Assert.Contains(
            "gtsfm/runner/run_scene_optimizer_colmaploader.py of this checkout does not know run_gs, loader.x=1",
            refused.Said,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void One_host_alone_works_and_a_run_that_ends_well_without_a_scene_has_failed()
    {
        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--host",
            "node5",
            "--dataset-dir",
            "single",
            "--loader",
            "olsson"
        );

        Assert.Equal(3, answer.ExitCode);
        Assert.Contains("Merging failed", answer.Output, StringComparison.Ordinal);
        Assert.Contains("left no reconstruction", answer.Said, StringComparison.Ordinal);
        Assert.Contains("code 3", answer.Said, StringComparison.Ordinal);
    }

    [Trait(Sharing.Takes, Sharing.Long)]
    [Fact]
    public void A_GTSfM_that_takes_no_client_of_ours_works_on_one_machine()
    {
        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--env",
            "STANDIN_OLD=1",
            "--dataset-dir",
            "set",
            "--loader",
            "olsson"
        );

        Assert.True(answer.ExitCode == 0, answer.Output + answer.Said);
        Assert.Contains("works on this machine alone", answer.Output, StringComparison.Ordinal);
        Assert.Equal(
            "node4 node4 node4\n",
            File.ReadAllText(Path.Combine(_lab.Code, "muster-out", "gtsfm", "results", "merged", "where.txt"))
        );
    }

    [Fact]
    public void Work_that_is_bound_to_a_lost_worker_is_not_waited_for()
    {
        var recipe = Path.Combine(Lab.Repository, "src", "Muster", "Recipes", "BuiltIn", "gtsfm");
        var program = Path.Combine(Lab.Repository, "tests", "Muster.LabTests", "Roles", "Programs", "lost.py");

        var said = _lab.Shell(
            $"PYTHONDONTWRITEBYTECODE=1 MUSTER_RUN_DIR=$PWD MUSTER_RUN_ID=x timeout 60 /usr/bin/python3 {program} "
                + $"{recipe} 2>&1; echo ended with $?"
        );

        Assert.Contains("which reads the photos and writes the results, is gone", said, StringComparison.Ordinal);
        Assert.Contains("ended with 74", said, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_on_any_host_is_told_before_anything_is_sent()
    {
        Lab.On("node5", "rm -rf ~/gtsfm");
        Lab.On(
            "node4",
            "cd ~/gtsfm && echo 'import no_such_module' >>gtsfm/scene_optimizer.py && echo '# NetVLAD' "
                + ">gtsfm/configs/sift_front_end.yaml && git init -q && git update-index --add --cacheinfo "
                + "160000,1234567890123456789012345678901234567890,thirdparty/LightGlue && printf '[submodule "
                + "\"l\"]\\n path = thirdparty/LightGlue\\n url = x\\n' >.gitmodules"
        );
        // An interpreter that has another Dask on one of the hosts.
        Lab.On("node4", "printf '#!/bin/sh\\nexec /usr/bin/python3 \"$@\"\\n' >~/py && chmod 755 ~/py");
        Lab.On(
            "node6",
            "mkdir -p ~/other/distributed && echo '__version__ = \"1.0\"' >~/other/distributed/__init__.py && printf "
                + "'#!/bin/sh\\nPYTHONPATH=~/other exec /usr/bin/python3 \"$@\"\\n' >~/py && chmod 755 ~/py"
        );

        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--role",
            "worker=node4,node5,node6",
            "--loader",
            "colmapp",
            "--dataset-dir",
            "there:/no/such/set",
            "--python",
            "/home/muster-lab/py",
            "--worker-memory-limit",
            "999GB"
        );

        Assert.Equal(2, answer.ExitCode);
        string[] findings =
        [
            "node4: there is no folder /no/such/set",
            "node5: there is no GTSfM checkout",
            "node5: there is no interpreter /home/muster-lab/py",
            "dask differs: ",
            "1.0 on node6",
            "cannot import gtsfm.runner: No module named 'no_such_module'",
            "node4: submodules are missing in /home/muster-lab/gtsfm: thirdparty/LightGlue",
            "uses netvlad, whose weights /home/muster-lab/gtsfm/thirdparty/hloc",
            "node6: there is no loader colmapp",
            "node6: 1 processes of 999GB may take",
        ];
        foreach (var finding in findings)
            Assert.Contains(finding, answer.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("sent ", answer.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void Hosts_that_cannot_be_reached_are_told_with_all_that_is_wrong_on_the_others()
    {
        try
        {
            Lab.Do("fault", "sshd", "node5");
            Lab.Do("fault", "hostkey", "node6");
            var answer = _lab.Muster(
                "run",
                "gtsfm",
                "-s",
                "lab-roles",
                "--role",
                "worker=node4,node5,node6",
                "--loader",
                "olsson",
                "--dataset-dir",
                "set",
                "--config-name",
                "no_such"
            );

            Assert.Equal(2, answer.ExitCode);
            foreach (
                var finding in (string[])
                    ["node4: there is no pipeline", "node5 cannot be reached", "node6 shows another host key"]
            )
                Assert.Contains(finding, answer.Said, StringComparison.Ordinal);
            Assert.DoesNotContain("sent ", answer.Said, StringComparison.Ordinal);
        }
        finally
        {
            Lab.Do("mend", "node5");
            Lab.Do("mend", "node6");
        }
    }

    [Fact]
    public void What_can_be_seen_here_is_told_before_any_host_is_asked()
    {
        var answer = _lab.Muster(
            "run",
            "gtsfm",
            "-s",
            "lab-roles",
            "--loader",
            "colmap",
            "--dataset-dir",
            "single",
            "--overrides",
            "loader",
            "--worker-memory-limit",
            "much"
        );

        Assert.Equal(2, answer.ExitCode);
        foreach (var finding in (string[])["wants cameras.txt in", "'loader' is no NAME=VALUE", "not 'much'"])
            Assert.Contains(finding, answer.Said, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_lab.Code, "cluster.yaml"), "workers: [node4]\n");
        _lab.Muster("as", "gtsfm", "--loader", "colmap", "--dataset_dir", "set", "--cluster_config", "cluster.yaml")
            .IsFault(2, "is not a full path");
    }
}
