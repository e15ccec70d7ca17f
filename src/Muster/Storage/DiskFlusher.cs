using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace Muster.Storage;

/// <summary>
/// Waits until files are on disk, many at once: disks write what waits together at the price of one, and no request's
/// thread is held up.
/// </summary>
internal sealed class DiskFlusher : IDisposable
{
    private const int AtOnce = 16;

    private readonly BlockingCollection<(SafeFileHandle File, TaskCompletionSource Done)> _waiting = [];

    public DiskFlusher()
    {
        for (var n = 0; n < AtOnce; n++)
            new Thread(Flush) { IsBackground = true, Name = "disk flusher" }.Start();
    }

    public Task FlushAsync(SafeFileHandle file)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((file, done));
        return done.Task;
    }

    private void Flush()
    {
        foreach (var (file, done) in _waiting.GetConsumingEnumerable())
        {
            try
            {
                RandomAccess.FlushToDisk(file);
                done.SetResult();
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        }
    }

    /// <summary>What waits is still flushed.</summary>
    public void Dispose() => _waiting.CompleteAdding();
}
