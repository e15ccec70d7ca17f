using System.Diagnostics;

namespace Muster.Recipes;

/// <summary>What each process of the recipe gtsfm finds in its environment.</summary>
public sealed class GtsfmPrepareTests : IDisposable
{
    private readonly DirectoryInfo _checkout = Directory.CreateTempSubdirectory("muster-gtsfm-");

    public void Dispose() => _checkout.Delete(recursive: true);

    [Theory]
    [InlineData("a:1 b:1 a:2", "0", "a", "", "0")]
    [InlineData("a:1 b:1 a:2", "1", "b", "", "0")]
    [InlineData("a:1 b:1 a:2", "2", "a", "", "1")]
    [InlineData("a:1 a:2", "1", "a", "3,5", "5")]
    public void Each_worker_of_a_host_sees_a_GPU_of_its_own(
        string peers,
        string rank,
        string address,
        string visible,
        string expected
    ) =>
        Assert.Equal(
            expected,
            Prepared(
                "$CUDA_VISIBLE_DEVICES",
                ("MUSTER_PEERS", peers),
                ("MUSTER_RANK", rank),
                ("MUSTER_ADDRESS", address),
                ("MUSTER_ROLE", "worker"),
                ("MUSTER_PARAM_GPU_PER_WORKER", "true"),
                ("CUDA_VISIBLE_DEVICES", visible)
            )
        );

    [Theory]
    [InlineData("a:1 b:1", "1", "0.9000")]
    [InlineData("a:1 a:2 b:1", "2", "0.2250")]
    public void Processes_of_a_host_share_nine_tenths_of_its_memory(string peers, string processes, string expected) =>
        Assert.Equal(
            expected,
            Prepared(
                "$MUSTER_PARAM_WORKER_MEMORY_LIMIT",
                ("MUSTER_PEERS", peers),
                ("MUSTER_ADDRESS", "a"),
                ("MUSTER_PARAM_NUM_WORKERS", processes)
            )
        );

    [Fact]
    public void The_checkouts_own_environment_comes_before_that_of_the_host()
    {
        Directory.CreateDirectory(Path.Combine(_checkout.FullName, ".venv", "bin"));
        var python = Path.Combine(_checkout.FullName, ".venv", "bin", "python");
        File.WriteAllText(python, "");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(python, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Equal($"{python} {_checkout.FullName}", Prepared("$DASK_PYTHON $PWD"));
        Assert.Equal("72", Prepared("", ("MUSTER_PARAM_PYTHON", "/no/such")));
        Assert.Equal("72", Prepared("", ("MUSTER_PARAM_CHECKOUT", "/no/such")));
    }

    /// <summary>What is seen behind the script; its exit code where it ends before.</summary>
    private string Prepared(string what, params (string, string)[] given)
    {
        var script = RecipeSource.BuiltIn("gtsfm").Script("prepare.sh");
        var start = new ProcessStartInfo("sh", ["-c", $"{script}\necho \"{what}\""])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var (name, value) in (IEnumerable<(string, string)>)
                [
                    ("MUSTER_PARAM_CHECKOUT", _checkout.FullName),
                    ("MUSTER_PARAM_NUM_WORKERS", "1"),
                    ("MUSTER_PARAM_THREADS_PER_WORKER", "1"),
                    .. given,
                ]
        )
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : $"{process.ExitCode}";
    }
}
