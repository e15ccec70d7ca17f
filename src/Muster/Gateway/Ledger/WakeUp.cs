namespace Muster.Gateway.Ledger;

/// <summary>Wakes a loop. However often it is made before the loop listens again, it is heard once.</summary>
internal sealed class WakeUp(TimeProvider clock)
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Make() => _next.TrySetResult();

    /// <summary>Waits for a knock, at most so long.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken ct)
    {
        await _next.Task.WaitAsync(most, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
        // What a knock was made for has happened before this, so the caller sees it now.
        if (_next.Task.IsCompleted)
            Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
