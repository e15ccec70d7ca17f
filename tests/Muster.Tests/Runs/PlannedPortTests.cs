using Muster.Faults;

namespace Muster.Runs;

public sealed class PlannedPortTests
{
    [Fact]
    public void A_port_has_a_number_or_gets_one()
    {
        Assert.Equal(new("web", 8080), PlannedPort.Parse("web=8080"));
        Assert.Equal(new("my-api.v2", null), PlannedPort.Parse("my-api.v2"));
    }

    [Theory]
    [InlineData("web=", "'' is not a valid port")]
    [InlineData("web=0", "'0' is not a valid port")]
    [InlineData("web=65536", "'65536' is not a valid port")]
    [InlineData("web=+80", "'+80' is not a valid port")]
    [InlineData("web=80=81", "'80=81' is not a valid port")]
    [InlineData("=80", "'' is not a valid port name")]
    [InlineData("2nd", "'2nd' is not a valid port name")]
    [InlineData("a_b=80", "'a_b' is not a valid port name")]
    [InlineData("web\n", "'web\n' is not a valid port name")]
    public void Anything_else_is_wrong_usage(string text, string why)
    {
        var fault = Assert.Throws<UserException>(() => PlannedPort.Parse(text));
        Assert.Equal((why, ExitCodes.Usage), (fault.Message, fault.ExitCode));
    }
}
