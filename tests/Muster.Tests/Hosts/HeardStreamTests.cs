using System.IO.Pipelines;

namespace Muster.Hosts;

public sealed class HeardStreamTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static HeardStream Over(Pipe pipe, Func<CancellationToken, Task> ask) =>
        new(pipe.Reader.AsStream(), Short, Short, TimeProvider.System, ask);

    [Fact]
    public async Task Only_waiting_for_bytes_counts_as_silence()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("ab"u8.ToArray(), Ct);
        var stream = Over(pipe, _ => Task.CompletedTask);
        var one = new byte[1];
        Assert.Equal(1, await stream.ReadAsync(one, Ct));
        await Task.Delay(Short * 3, Ct); // the reader shows what it has
        Assert.Equal(1, await stream.ReadAsync(one, Ct));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Silence_ends_the_reading_and_says_whether_the_connection_still_answers(bool answers)
    {
        var cancelled = false;
        var stream = Over(
            new Pipe(),
            async ct =>
            {
                if (answers)
                    return;
                try
                {
                    await Task.Delay(Timeout.Infinite, ct);
                }
                finally
                {
                    cancelled = true;
                }
            }
        );
        var silence = await Assert.ThrowsAsync<SilenceException>(() => stream.ReadAsync(new byte[1], Ct).AsTask());
        Assert.Equal(answers, silence.ConnectionLives);
        Assert.Equal(!answers, cancelled);
    }
}
