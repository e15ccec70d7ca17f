namespace Muster.Sites.Schedulers.Slurm;

public sealed class SlurmReasonTests
{
    [Theory]
    [InlineData("Priority", "other jobs are ahead of it")]
    [InlineData("(Resources)", "it is next and waits for machines to become free")]
    [InlineData("DependencyNeverSatisfied", "the job it depends on did not end as required, so it will never start")]
    [InlineData("ReqNodeNotAvail", "a node it needs is down, reserved, or kept free for maintenance")]
    [InlineData(
        "ReqNodeNotAvail, Reserved for maintenance",
        "a node it needs is down, reserved, or kept free for maintenance"
    )]
    [InlineData("ReqNodeNotAvail, UnavailableNodes:c[1-3],d5", "a node it needs is not available: c[1-3],d5")]
    [InlineData("ReqNodeNotAvail,_UnavailableNodes:c3", "a node it needs is not available: c3")]
    [InlineData("launch failed requeued held", "a node could not start it, and it is held")]
    [InlineData("launch_failed_requeued_held", "a node could not start it, and it is held")]
    [InlineData(
        "QOSMaxGRESPerUser",
        "the quality of service has reached its limit of GPUs and other generic resources for one user"
    )]
    [InlineData("QOSMaxCpuPerUserLimit", "the quality of service has reached its limit of processors for one user")]
    [InlineData("QOSMaxWallDurationPerJobLimit", "it asks for more time than the quality of service allows in one job")]
    [InlineData("QOSMinGRES", "it asks for less than the quality of service demands: GPUs and other generic resources")]
    [InlineData("QOSMinCpuNotSatisfied", "it asks for less than the quality of service demands: processors")]
    [InlineData("QOSJobLimit", "the quality of service has reached its limit of running jobs")]
    [InlineData("AssocGrpCPURunMinutesLimit", "your account has reached its limit of processors")]
    [InlineData("AssocGrpMemLimit", "your account has reached its limit of memory")]
    [InlineData("AssocMaxJobsLimit", "your account has reached its limit of running jobs")]
    [InlineData("AssociationResourceLimit", "your account has reached its limit of a resource")]
    [InlineData("MaxCpuPerAccount", "your account has reached its limit of processors for one account")]
    public void Codes_have_plain_words(string code, string meaning)
    {
        var reason = SlurmReason.Of(code);
        Assert.Equal((code, meaning), (reason.Code, reason.Meaning));
    }

    [Theory]
    [InlineData("SomethingNew")]
    [InlineData("QOSSomethingNew")]
    [InlineData("")]
    public void Unknown_ones_are_shown_as_they_are(string code) => Assert.Equal(new(code, code), SlurmReason.Of(code));

    [Fact]
    public void What_a_user_can_do_is_told_for_what_will_not_mend_itself() =>
        Assert.All(
            [
                "DependencyNeverSatisfied",
                "JobHeldUser",
                "PartitionTimeLimit",
                "InvalidAccount",
                "BadConstraints",
                "QOSMaxMemoryPerJob",
                "AssocGrpGRESMinutes",
            ],
            code => Assert.NotNull(SlurmReason.Of(code).Advice)
        );

    // The names that the library of 22.05 holds for these two families.
    [Fact]
    public void Every_limit_of_an_account_and_a_quality_of_service_is_understood() =>
        Assert.All(
            RecordedText.Read("reasons-22.05.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries),
            code => Assert.NotEqual(code, SlurmReason.Of(code).Meaning)
        );
}
