namespace Muster;

public sealed class PersonaTests : IDisposable
{
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_old_command_line_runs_on_SLURM_and_its_files_are_where_they_were()
    {
        var env = File.ReadAllLines(Path.Combine(Environment.GetEnvironmentVariable("MUSTER_LAB_RUN") ?? Path.Combine(Lab.Repository, "tests", "lab", "run"), "env"));
        _lab.Set("MUSTER_SSH_CONFIG", env.First(line => line.Contains("MUSTER_SSH_CONFIG=", StringComparison.Ordinal)).Split('=', 2)[1].Trim('\'', '"'));
        File.WriteAllText(Path.Combine(_lab.Folder, "cedar.json"), """
            {"hostname": "login", "user": "muster-lab", "activate_python": "export ACTIVE=yes", "tar_path": "/home/muster-lab/run/tar", "untar_path": "/home/muster-lab/run/untar",
             "sbatch_options": {"-c": "1", "--mem": "100M", "--time": "0:05:00"}}
            """);
        File.WriteAllText(Path.Combine(_lab.Code, "sbatch.json"), """{"--cpus-per-task": "2"}""");
        var before = _lab.Shell("git status --porcelain; git rev-parse HEAD; sha256sum .git/index");

        var answer = _lab.Muster("as", "submit", "-c=../cedar.json", "-n", "old", "sh", "-c", "cat file; echo $ACTIVE $SLURM_CPUS_PER_TASK; ls; exit 4", "-n", "3");

        Assert.True(answer.ExitCode == 4, answer.Said);
        Assert.StartsWith("edited\nyes 2\n", answer.Output, StringComparison.Ordinal);
        foreach (var name in (string[])["slurm.out", "slurm.err", "sbatch_script.sh", "SLURM_JOB_ID"]) Assert.Contains(name, answer.Output, StringComparison.Ordinal);
        Assert.Contains("#SBATCH --cpus-per-task=2", answer.Said, StringComparison.Ordinal);
        Assert.Equal(before, _lab.Shell("git status --porcelain; git rev-parse HEAD; sha256sum .git/index"));
        Assert.Contains(".dirty/", _lab.Shell("git branch --list '*.dirty/*'"), StringComparison.Ordinal);
    }
}
