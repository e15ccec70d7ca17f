namespace Muster.Sites.Schedulers.Slurm;

public sealed class SbatchRefusalTests
{
    [Fact]
    public void Recorded_refusals_are_definite_and_have_a_mend()
    {
        var recorded = RecordedText.ReadCommands("sbatch-refusals-22.05.txt");
        Assert.Equal(29, recorded.Count);
        Assert.All(
            recorded.Where(entry => entry.Command is not "sbatch --clusters=x"),
            entry =>
            {
                var refusal = SbatchRefusal.Find(entry.Output);
                Assert.True(refusal is not null, entry.Command);
                Assert.StartsWith("sbatch refused the job: ", refusal.What);
                Assert.True(refusal.What.Length > 30 && !refusal.What.Contains('\n'), refusal.What);
                Assert.NotEmpty(refusal.Fix);
            }
        );
    }

    [Fact]
    public void Recorded_silences_are_doubt() =>
        Assert.All(
            RecordedText.ReadCommands("sbatch-doubts-22.05.txt"),
            entry => Assert.Null(SbatchRefusal.Find(entry.Output))
        );

    [Theory]
    [InlineData("")]
    [InlineData("sbatch: error: Batch job submission failed: Unspecified error")]
    [InlineData("sbatch: error: Batch job submission failed: Something new of a later release")]
    [InlineData("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying.")]
    [InlineData("sbatch: error: Batch job submission failed: Resource temporarily unavailable")]
    [InlineData("sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received")]
    [InlineData("sbatch: error: Batch job submission failed: Unable to create job record, try again")]
    [InlineData(
        "sbatch: error: Munge encode failed: Failed to connect to \"/run/munge/munge.socket.2\": Connection refused"
    )]
    [InlineData("sbatch: error: Batch job submission failed: Invalid job credential")]
    [InlineData("sbatch: error: Batch job submission failed: Communication connection failure")]
    [InlineData("Connection reset by peer")]
    [InlineData(
        "sbatch: error: Socket timed out on send/recv operation\nsbatch: error: Batch job submission failed: Invalid "
            + "partition name specified"
    )]
    public void Everything_else_is_doubt(string errors) => Assert.Null(SbatchRefusal.Find(errors));

    [Theory]
    [InlineData(
        "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid "
            + "partition name specified\n",
        "sbatch refused the job: invalid partition specified: nope; Invalid partition name specified",
        "Correct `partition`"
    )]
    [InlineData("sh: 1: sbatch: not found\n", "sbatch refused the job: sh: 1: sbatch: not found", "PATH")]
    [InlineData(
        "sbatch: unrecognized option '--frob'\n",
        "sbatch refused the job: unrecognized option '--frob'",
        "'frob'"
    )]
    [InlineData(
        "sbatch: error: Invalid --mem specification\n",
        "sbatch refused the job: Invalid --mem specification",
        "'mem'"
    )]
    [InlineData(
        "Notice: maintenance on Friday\nsbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job "
            + "submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time "
            + "limits)\n",
        "sbatch refused the job: QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit, "
            + "user's size and/or time limits)",
        "wait until"
    )]
    public void A_refusal_tells_the_sites_own_words_and_the_mend(string errors, string what, string mend)
    {
        var refusal = SbatchRefusal.Find(errors)!;
        Assert.Equal(what, refusal.What);
        Assert.Contains(mend, refusal.Fix);
    }
}
