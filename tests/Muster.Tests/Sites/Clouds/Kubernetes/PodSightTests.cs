using Muster.Sites.Schedulers;

namespace Muster.Sites.Clouds.Kubernetes;

public sealed class PodSightTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static CloudMachine See(KubePodStatus? status, params KubeCondition[] job) =>
        PodSight.Of(
            new(new() { Name = "muster-1" }, new(1, 0, 0, job)),
            status is null ? null : new(new() { Name = "muster-1-x", CreationTimestamp = Now }, status),
            [],
            "lab",
            Now
        );

    [Fact]
    public void A_pod_that_is_moved_out_of_the_way_is_preempted_whatever_the_reason_is_called()
    {
        var seen = See(
            new()
            {
                Phase = "Failed",
                Conditions = [new("DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting")],
                ContainerStatuses = [new(new KubeContainerState(null, null, new(137, "Error", null)))],
            }
        );
        Assert.Equal(
            (CloudState.Broken, Outcome.Preempted, "DeletionByTaintManager: Taint manager: deleting"),
            (seen.State, seen.Lost, seen.Word)
        );
    }

    [Fact]
    public void A_container_that_failed_says_its_code_and_one_without_a_shell_what_is_wrong()
    {
        KubePodStatus Of(KubeTerminated end) =>
            new() { Phase = "Failed", ContainerStatuses = [new(new KubeContainerState(null, null, end))] };
        Assert.Equal("Error: its container ended with 3", See(Of(new(3, "Error", null))).Word);
        Assert.Equal(
            "StartError: exec: \"sh\": executable file not found in $PATH",
            See(Of(new(128, "StartError", "exec: \"sh\": executable file not found in $PATH"))).Word
        );
    }

    [Fact]
    public void What_is_not_known_is_no_end()
    {
        Assert.Equal(CloudState.Starting, See(null).State);
        Assert.Equal(CloudState.Unclear, See(new() { Phase = "Unknown" }).State);
        Assert.Equal(CloudState.Stopped, See(new() { Phase = "Succeeded" }).State);
        var late = See(null, new KubeCondition("Failed", "True", "DeadlineExceeded", "Job was active too long"));
        Assert.Equal((CloudState.Broken, Outcome.TimedOut), (late.State, late.Lost));
    }

    [Theory]
    [InlineData("8cpu-32Gi-2gpu", "8cpu-32Gi-2gpu")]
    [InlineData("0.5cpu-512Mi", "0.5cpu-512Mi")]
    [InlineData("1cpu-2048Mi-0gpu", "1cpu-2Gi")]
    [InlineData("0cpu-1Gi", null)]
    [InlineData("4cpu", null)]
    [InlineData("cx22", null)]
    public void A_size_is_read_and_written(string text, string? written) =>
        Assert.Equal(written, PodSize.Parse(text)?.ToString());
}
