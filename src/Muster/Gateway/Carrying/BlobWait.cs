using Muster.Faults;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster.Gateway.Carrying;

/// <summary>
/// A full disk or a bucket that does not answer is waited for: no node is at fault, and what has been done is not done
/// again.
/// </summary>
internal sealed class BlobWait(TaskLedger ledger, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <param name="what">What cannot be done meanwhile.</param>
    public async Task UntilDoneAsync(GatewayTask task, TaskPhase at, string what, Func<Task> act, CancellationToken ct)
    {
        for (var pause = Pause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await act();
                return;
            }
            catch (IOException fault) when (!ct.IsCancellationRequested)
            {
                if (pause == Pause)
                {
                    await ledger.ChangeAsync(
                        task.Id,
                        (book, now) =>
                        {
                            if (now.Phase != at)
                                return null;
                            book.Note("waits", $"{now.Name}: {what}: {fault.Message}", now.Id, at.Place?.Node);
                            return book.Say(
                                now,
                                $"{char.ToUpperInvariant(what[0])}{what[1..]} yet; it is tried again."
                            );
                        }
                    );
                }
                await Task.Delay(pause.Jittered(), clock, ct);
            }
        }
    }
}
