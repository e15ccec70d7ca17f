using System.Diagnostics;
using System.Text.Json;

namespace Muster.Sites.Clouds.Kubernetes;

/// <summary>What the container of a pod runs, in the shells that images have.</summary>
public sealed class PodLeaseTests : IDisposable
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-lease-");

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string> Shells => ["dash", "busybox sh", "bash"];

    private string Lease => Path.Combine(_folder.FullName, "lease");

    private Process Start(string shell, TimeSpan boot)
    {
        var words = JsonSerializer.Deserialize(
            KubeCloud.Command(
                Lease,
                new(boot, TimeSpan.FromHours(1), DateTimeOffset.FromUnixTimeSeconds(4_000_000_000))
            ),
            KubeWire.Default.ListString
        )!;
        string[] command = [.. shell.Split(' '), .. words.Skip(1)];
        return Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_pod_that_nobody_comes_to_ends_by_itself_and_well(string shell)
    {
        using var pod = Start(shell, TimeSpan.Zero);
        await pod.WaitForExitAsync(Ct);
        Assert.Equal(0, pod.ExitCode);
        Assert.Contains("lease is over", await pod.StandardOutput.ReadToEndAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task A_pod_that_is_told_to_end_does_so_at_once(string shell)
    {
        using var pod = Start(shell, TimeSpan.FromHours(1));
        while (!File.Exists(Path.Combine(Lease, "run", "lease")))
            await Task.Delay(20, Ct);
        Assert.False(pod.HasExited);
        using (var kill = Process.Start("kill", [$"{pod.Id}"]))
            await kill.WaitForExitAsync(Ct);
        await pod.WaitForExitAsync(Ct);
        Assert.Equal(0, pod.ExitCode);
    }
}
