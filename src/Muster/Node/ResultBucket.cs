using Muster.Node.Engines;
using Muster.NodeOdm;
using Muster.Storage;

namespace Muster.Node;

/// <summary>
/// Puts a task's archive, and its files where that is asked for, into the node's bucket, and tells so in its output.
/// </summary>
internal sealed class ResultBucket(NodeSettings settings, NodeFolders folders) : IDisposable
{
    private const int AtOnce = 4;

    private readonly S3Bucket? _bucket = settings.Bucket is { } place ? new(place) : null;

    public Task CheckAsync(CancellationToken ct) => _bucket?.CheckAsync(ct) ?? Task.CompletedTask;

    public async Task PutAsync(string uuid, IEnumerable<string> results, TaskOutput output, CancellationToken ct)
    {
        if (_bucket is null)
            return;
        var told = -1;
        await _bucket.PutAsync(
            folders.Archive(uuid),
            $"{uuid}/all.zip",
            percent =>
            {
                if (percent / 5 == Interlocked.Exchange(ref told, percent / 5))
                    return;
                output.Say($"Uploading all.zip... {percent}%");
            },
            ct
        );
        if (settings.BucketGetsAll)
        {
            var project = folders.Project(uuid);
            var files = results.SelectMany(result => ZipFiles.ResultsOf(project, result)).Distinct();
            await Parallel.ForEachAsync(
                files,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
                async (path, stop) =>
                    await _bucket.PutAsync(
                        path,
                        $"{uuid}/{Path.GetRelativePath(project, path).Replace('\\', '/')}",
                        _ => { },
                        stop
                    )
            );
        }
        output.Say("Done uploading to S3!");
    }

    public void Dispose() => _bucket?.Dispose();
}
