using FsCheck;
using FsCheck.Fluent;

namespace Muster.Sites.Schedulers.Slurm;

public sealed class SlurmStateTests
{
    [Theory]
    [InlineData(
        "PENDING PD CONFIGURING CF REQUEUED REQUEUE_HOLD REQUEUE_FED SPECIAL_EXIT SE REVOKED RESV_DEL_HOLD requeue_h+ "
            + "PENDI+",
        typeof(SlurmState.Waiting)
    )]
    [InlineData(
        "RUNNING R COMPLETING CG SUSPENDED S STOPPED ST SIGNALING SI STAGE_OUT SO RESIZING RS COMPLETIN+",
        typeof(SlurmState.Running)
    )]
    [InlineData(
        "COMPLETED CD FAILED F CANCELLED CA TIMEOUT TO OUT_OF_MEMORY OOM NODE_FAIL BOOT_FAIL PREEMPTED PR DEADLINE DL "
            + "OUT_OF_ME+",
        typeof(SlurmState.Ended)
    )]
    [InlineData("ASCENDED COMPLET+ COMP+ R+ ?", typeof(SlurmState.Unknown))]
    public void Words_long_compact_and_cut_off_have_their_phase(string words, Type phase) =>
        Assert.All(words.Split(' '), word => Assert.IsType(phase, SlurmState.Read(word)));

    [Theory]
    [InlineData("COMPLETED", SlurmEnd.Completed)]
    [InlineData("FAILED", SlurmEnd.Failed)]
    [InlineData("CANCELLED+", SlurmEnd.Cancelled)]
    [InlineData("TO", SlurmEnd.TimedOut)]
    [InlineData("OUT_OF_ME+", SlurmEnd.OutOfMemory)]
    [InlineData("NF", SlurmEnd.NodeFailed)]
    [InlineData("BOOT_FAIL", SlurmEnd.NodeFailed)]
    [InlineData("PREEMPTED", SlurmEnd.Preempted)]
    [InlineData("DEADLINE", SlurmEnd.DeadlineMissed)]
    public void An_end_has_its_kind(string word, SlurmEnd end) =>
        Assert.Equal(end, Assert.IsType<SlurmState.Ended>(SlurmState.Read(word)).End);

    [Fact]
    public void Who_cancelled_is_kept()
    {
        var state = Assert.IsType<SlurmState.Ended>(SlurmState.Read("CANCELLED by 1000"));
        Assert.Equal((SlurmEnd.Cancelled, 1000, "CANCELLED by 1000"), (state.End, state.By, state.Word));
    }

    [Fact]
    public void Any_text_has_a_state_and_an_unknown_one_never_ends_a_job()
    {
        string[] ends =
        [
            "COMPLETED",
            "CD",
            "FAILED",
            "F",
            "CANCELLED",
            "CA",
            "TIMEOUT",
            "TO",
            "OUT_OF_MEMORY",
            "OOM",
            "NODE_FAIL",
            "NF",
            "BOOT_FAIL",
            "BF",
            "PREEMPTED",
            "PR",
            "DEADLINE",
            "DL",
        ];
        Prop.ForAll<NonNull<string>>(text =>
                SlurmState.Read(text.Get) is not SlurmState.Ended
                || ends.Any(end =>
                    text.Get.Trim().StartsWith(end[..Math.Min(4, end.Length)], StringComparison.OrdinalIgnoreCase)
                )
            )
            .QuickCheckThrowOnFailure();
    }
}
