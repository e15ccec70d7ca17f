using System.Text.RegularExpressions;

namespace Muster;

/// <summary>cluster_tools' `submit` with its own config file, on a real SLURM.</summary>
public sealed partial class SubmitPersonaTests : IDisposable
{
    private readonly Lab _lab = new();

    public SubmitPersonaTests()
    {
        _lab.Set("MUSTER_SSH_CONFIG", Path.Combine(Lab.Folders, "ssh_config"));
        _lab.Shell(
            """
            mkdir sub
            echo '{"hostname":"login","user":"muster-lab","activate_python":"export ACTIVE=yes PATH=$PWD:$PATH","tar_path":"run/tar","untar_path":"/scratch/old/untar","sbatch_options":{"--mem":"200M","-c":"1","--time":"10:00"}}' >cedar.json
            echo '{"--mem": "100M", "-t": "5"}' >sub/sbatch.json
            printf '#!/bin/sh\nexec python3 -c "import http.server; http.server.HTTPServer((\\"127.0.0.1\\", 0), http.server.SimpleHTTPRequestHandler).serve_forever()"\n' >sub/tensorboard
            chmod +x sub/tensorboard
            """
        );
    }

    public void Dispose() => _lab.Dispose();

    private Answer Submit(params string[] words) => _lab.MusterIn("sub", ["as", "submit", .. words]);

    [Fact]
    public void Options_come_from_four_places_and_the_words_arrive_as_typed()
    {
        var answer = Submit(
            "-c=../cedar.json",
            "-n",
            "proj",
            "--no-tensorboard",
            "--sbatch_json",
            """{"--cpus-per-task": "2"}""",
            "sh",
            "-c",
            """printf '<%s>' "$ACTIVE" "$@"; exit 3""",
            "x",
            "-n",
            "3",
            "a b",
            "$HOME"
        );

        Assert.True(answer.ExitCode == 3, answer.Said);
        Assert.Equal("<yes><-n><3><a b><$HOME>", answer.Output);
        Assert.Contains("#SBATCH --mem=100M", answer.Said);
        Assert.Contains("#SBATCH --cpus-per-task=2", answer.Said);
        Assert.Contains("#SBATCH --time=5", answer.Said);
        Assert.DoesNotContain("200M", answer.Said);
        Assert.Equal(
            ["cedar.json", "file", "sub"],
            Directory.GetFileSystemEntries(_lab.Code).Select(Path.GetFileName).Where(name => name != ".git").Order()
        );
        Assert.Matches(DirtyBranch(), _lab.Shell("git for-each-ref --format='%(refname:short)' refs/heads"));
    }

    [Fact]
    public void The_files_of_old_lie_in_the_folder_of_execution_and_the_port_is_written_down()
    {
        var answer = Submit(
            "-c../cedar.json",
            "sh",
            "-c",
            "echo told; until [ -e tensorboard.port ]; do sleep 0.2; done; cat tensorboard.port; [ $(cat SLURM_JOB_ID) "
                + "= $SLURM_JOB_ID ] && grep -q told slurm.out && [ -e slurm.err ] && grep -c '^#SBATCH --mem' "
                + "sbatch_script.sh; pwd"
        );

        Assert.True(answer.ExitCode == 0, answer.Said);
        var lines = answer.Output.Split('\n');
        Assert.Equal("told", lines[0]);
        Assert.Matches(@"^\d+$", lines[1]);
        Assert.Equal("1", lines[2]);
        Assert.Matches("^/scratch/old/untar/muster/runs/.*/code/sub$", lines[3]);
        Assert.Contains("http://127.0.0.1:", answer.Said);
    }

    [Fact]
    public void What_cannot_be_submitted_leaves_no_branch()
    {
        Submit("-c", "nowhere.json", "true").IsFault(2, "nowhere.json");
        Submit("-c", "../cedar.json", "--sbatch_json", """{"--partition": "nowhere"}""", "true").IsFault(1, "nowhere");

        Assert.Single(_lab.Shell("git for-each-ref --format='%(refname:short)' refs/heads").Trim().Split('\n'));
    }

    [Fact]
    public void A_raw_line_is_read_by_the_shell_there()
    {
        var answer = Submit(
            "-c",
            "../cedar.json",
            "--no-tensorboard",
            "--raw",
            "echo",
            "a  b",
            "$((20 + 3));",
            "exit",
            "4"
        );

        Assert.Equal((4, "a b 23\n"), (answer.ExitCode, answer.Output));
    }

    [GeneratedRegex(@"\.dirty/\d{8}\.\d{6}")]
    private static partial Regex DirtyBranch();
}
