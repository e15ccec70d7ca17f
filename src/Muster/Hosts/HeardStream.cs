namespace Muster.Hosts;

/// <summary>
/// A stream from a host that says something regularly: when nothing comes for too long, reading ends with
/// <see cref="SilenceException"/>.
/// </summary>
/// <remarks>
/// Only the time spent waiting for bytes counts, in short steps: neither a reader that takes its time nor a process
/// that was stopped for a while makes a living host look dead.
/// </remarks>
/// <param name="ask">Called when most of the time is over: another way to hear from the host. Once it completes, in
/// whatever way, the connection lives.</param>
public sealed class HeardStream(
    Stream inner,
    TimeSpan first,
    TimeSpan later,
    TimeProvider clock,
    Func<CancellationToken, Task> ask
) : ReadOnlyStream
{
    private const int Steps = 8,
        AskedAfter = 5;
    private TimeSpan _patience = first;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = inner.ReadAsync(buffer, end.Token).AsTask();
        Task? asking = null;
        for (var step = 0; step < Steps && !reading.IsCompleted; step++)
        {
            if (step == AskedAfter)
                asking = ask(end.Token);
            try
            {
                await reading.WaitAsync(_patience / Steps, clock, cancellationToken);
            }
            catch (TimeoutException) { }
        }
        var heard = reading.IsCompleted;
        if (asking is not null || !heard)
        {
            var lives = asking?.IsCompleted is true;
            await end.CancelAsync();
            if (asking is not null)
                await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!heard)
            {
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new SilenceException(_patience, lives);
            }
        }
        _patience = later;
        return await reading;
    }
}

/// <param name="lives">The connection itself answered meanwhile: only this stream has fallen silent.</param>
public sealed class SilenceException(TimeSpan patience, bool lives)
    : IOException($"not heard for {patience.TotalSeconds:0} s")
{
    public bool ConnectionLives { get; } = lives;
}
