using Microsoft.Extensions.Logging;
using Muster.NodeOdm;

namespace Muster.Node;

/// <summary>Deletes what is old: ended tasks, uploads that nobody committed, folders of no task.</summary>
internal sealed partial class Housekeeping(
    NodeSettings settings,
    NodeFolders folders,
    NodeTaskStore store,
    NodeQueue queue,
    Uploads uploads,
    TimeProvider clock,
    ILogger log
)
{
    public void AtStart()
    {
        folders.Sweep();
        foreach (
            var folder in Directory
                .EnumerateDirectories(folders.Data)
                .Where(folder =>
                    Path.GetFileName(folder) is var name && TaskUuid.IsValid(name) && store.Find(name) is null
                )
                .ToList()
        )
            _ = folders.DeleteAsync(folder);
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        using var tick = new PeriodicTimer(settings.HousekeepingEvery, clock);
        do
        {
            try
            {
                await CleanAsync();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                NotCleaned(fault); // the next time tries again
            }
        } while (await tick.WaitForNextTickAsync(stopping));
    }

    public async Task CleanAsync()
    {
        var now = clock.GetUtcNow();
        foreach (
            var task in store
                .All()
                .Where(task =>
                    task.Ended is { } ended && now - DateTimeOffset.FromUnixTimeMilliseconds(ended) > settings.KeepTasks
                )
        )
        {
            await queue.RemoveAsync(task.Uuid);
        }
        foreach (var folder in Directory.EnumerateDirectories(folders.Uploads))
        {
            var uuid = Path.GetFileName(folder);
            // The folder changes with every file that comes.
            if (
                !TaskUuid.IsValid(uuid)
                || store.Find(uuid) is not null
                || now.UtcDateTime - Directory.GetLastWriteTimeUtc(folder) <= settings.KeepUploads
            )
                continue;
            uploads.Forget(uuid);
            await folders.DeleteAsync(folder);
        }
    }

    [LoggerMessage(LogLevel.Warning, "What is old could not be deleted")]
    private partial void NotCleaned(Exception fault);
}
