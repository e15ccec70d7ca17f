using System.Diagnostics;
using Muster.Gateway;

namespace Muster.Deploy;

/// <summary>
/// <c>deploy/slurm/nodes.sh</c>, with a stand-in for <c>srun</c>, and the real program as gateway and node.
/// </summary>
public sealed class SlurmNodesTests : IDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-slurm-nodes-");
    private readonly Dictionary<string, string> _environment;

    public SlurmNodesTests()
    {
        Put("bin/srun", "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\nexec \"$@\"\n");
        Put("bin/hostname", "#!/bin/sh\necho 127.0.0.1\n");
        Put("token", "t0ken\n");
        _environment = new()
        {
            ["PATH"] = $"{_folder.FullName}/bin:{Environment.GetEnvironmentVariable("PATH")}",
            ["TMPDIR"] = _folder.FullName,
            ["SLURM_JOB_ID"] = "7",
            ["MUSTER_PROGRAM"] = MusterProgram.Path,
            ["MUSTER_NODE_TOKEN"] = Path.Combine(_folder.FullName, "token"),
            ["MUSTER_NODE_ENGINE"] = "test",
            ["MUSTER_NODE_PORT"] = $"{GatewayProcess.FreePort()}",
            ["MUSTER_GATEWAY"] = "http://127.0.0.1:9",
        };
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_node_is_behind_the_gateway_while_its_job_lasts()
    {
        var port = GatewayProcess.FreePort();
        await using var gateway = new GatewayProcess("--engine", "none", "--admin-web-port", $"{port}");
        await gateway.StartAsync("healthz");
        _environment["MUSTER_GATEWAY"] = $"http://127.0.0.1:{port}";
        using var http = new HttpClient();
        Task<string> NodesAsync() => http.GetStringAsync($"http://127.0.0.1:{port}/api/v1/nodes", Ct);

        using var job = Start();
        while (!(await NodesAsync()).Contains("\"online\"", StringComparison.Ordinal))
        {
            Assert.False(job.HasExited);
            await Task.Delay(20, Ct);
        }
        using (var term = Process.Start("kill", ["-TERM", $"{job.Id}"]))
            await term.WaitForExitAsync(Ct);
        await job.WaitForExitAsync(Ct);

        Assert.Equal(0, job.ExitCode);
        Assert.Contains("\"nodes\":[]", await NodesAsync(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "muster-7")));
    }

    [Theory]
    [InlineData("SLURM_JOB_ID", "", "this script runs in a job of SLURM")]
    [InlineData("MUSTER_GATEWAY", "", "MUSTER_GATEWAY is not set")]
    [InlineData("MUSTER_NODE_TOKEN", "/no/such/file", "the token file /no/such/file cannot be read")]
    [InlineData("MUSTER_NODE_TOKEN", "/dev/null", "the token in /dev/null has other characters than letters")]
    [InlineData("MUSTER_PROGRAM", "no-such-muster", "the program no-such-muster is not here")]
    public async Task What_is_missing_is_told_before_anything_starts(string name, string value, string told)
    {
        _environment[name] = value;
        using var job = Start();
        var said = await job.StandardError.ReadToEndAsync(Ct);
        await job.WaitForExitAsync(Ct);
        Assert.Equal(2, job.ExitCode);
        Assert.Contains($"error: {told}", said, StringComparison.Ordinal);
        Assert.Contains("fix: ", said, StringComparison.Ordinal);
    }

    private Process Start()
    {
        var start = new ProcessStartInfo("sh", [Path.Combine(Repository.Folder, "deploy", "slurm", "nodes.sh")])
        {
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private void Put(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
