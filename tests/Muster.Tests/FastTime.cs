namespace Muster;

/// <summary>
/// Time that runs so many times faster: for waits that are long in earnest, and have nothing to do with how fast this
/// machine is.
/// </summary>
internal sealed class FastTime(double times) : TimeProvider
{
    private readonly DateTimeOffset _then = System.GetUtcNow();
    private readonly long _began = System.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => _then + (System.GetElapsedTime(_began) * times);

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => _began + (long)((System.GetTimestamp() - _began) * times);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new FastTimer(System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period)), this);

    private TimeSpan Shorter(TimeSpan time) => time > TimeSpan.Zero ? time / times : time;

    private sealed class FastTimer(ITimer timer, FastTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            timer.Change(time.Shorter(dueTime), time.Shorter(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
