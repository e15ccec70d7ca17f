using Muster.Faults;
using Muster.Runs;

namespace Muster.Cli.Runs;

public sealed class RunPartsTests
{
    private static RunPlan Plan(params string[] ports) =>
        new()
        {
            Id = RunId.New(TimeProvider.System),
            Name = "train",
            Site = "s",
            Command = ["true"],
            WorkingFolder = "/",
            Ports = [.. ports.Select(port => new PlannedPort(port, null))],
            Companions = ports.Length > 0 ? [new("tensorboard", "")] : [],
            Roles = [new("worker", 2), new("server", 1)],
        };

    [Theory]
    [InlineData("web1")]
    [InlineData("tensorboard")]
    [InlineData(null)]
    public void A_port_that_is_there_is_taken(string? port) => RunParts.CheckPort(Plan("web1"), port);

    [Fact]
    public void A_port_that_is_not_there_is_told_with_those_that_are()
    {
        var fault = Assert.Throws<UserException>(() => RunParts.CheckPort(Plan("web1", "api"), "webb"));
        Assert.Equal("train has no port 'webb'; did you mean 'web1'?", fault.Message);
        Assert.Equal("It has: web1, api, tensorboard.", fault.Fix);
        Assert.Equal(
            "train has no ports",
            Assert.Throws<UserException>(() => RunParts.CheckPort(Plan(), null)).Message
        );
    }

    [Theory]
    [InlineData("worker.1")]
    [InlineData("worker")]
    [InlineData("tensorboard.0")]
    public void A_rank_or_a_role_that_is_there_is_taken(string rank) => RunParts.CheckRank(Plan("web"), rank);

    [Fact]
    public void A_rank_that_is_not_there_is_told_with_those_that_are()
    {
        var fault = Assert.Throws<UserException>(() => RunParts.CheckRank(Plan(), "3"));
        Assert.Equal("train has no rank '3'", fault.Message);
        Assert.Equal("It has: worker.0, worker.1, server.0.", fault.Fix);
    }
}
