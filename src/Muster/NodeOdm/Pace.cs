namespace Muster.NodeOdm;

/// <summary>Keeps what goes out below a speed; 0 for any.</summary>
internal sealed class Pace(long bytesPerSecond, TimeProvider clock)
{
    private readonly long _began = clock.GetTimestamp();
    private long _sent;

    public Task AfterAsync(int bytes, CancellationToken ct)
    {
        if (bytesPerSecond <= 0)
            return Task.CompletedTask;
        _sent += bytes;
        var early = TimeSpan.FromSeconds((double)_sent / bytesPerSecond) - clock.GetElapsedTime(_began);
        return early > TimeSpan.Zero ? Task.Delay(early, clock, ct) : Task.CompletedTask;
    }
}
