namespace Muster.Runs;

public sealed class LogOrderTests
{
    [Fact]
    public void Ranks_are_in_the_order_of_their_numbers() =>
        Assert.Equal(
            ["main.2.err", "main.2.out", "main.10.out", "worker.0.out"],
            new[] { "worker.0.out", "main.10.out", "main.2.out", "main.2.err" }.Order(LogOrder.Usual)
        );
}
