using Muster.Faults;

namespace Muster.Storage;

/// <summary>
/// Contents in a folder, which several machines may share. What comes is written beside them and renamed.
/// </summary>
public sealed class BlobFolder : IBlobStore
{
    private const long Spare = 1 << 26; // the database, logs and others need some too

    private readonly string _folder;
    private readonly string _incoming;
    private readonly DiskFlusher _flusher = new();

    public BlobFolder(string folder)
    {
        _folder = Path.GetFullPath(folder);
        // A folder of our own: another machine may be writing beside us.
        _incoming = Path.Combine(_folder, "incoming", Guid.NewGuid().ToString("N")[..8]);
        try
        {
            Directory.CreateDirectory(_incoming);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot write in {_folder}: {fault.Message}",
                "Name a folder that is there and yours.",
                fault
            );
        }
    }

    public long Room => new DriveInfo(_folder).AvailableFreeSpace - Spare;

    public string NewPart() => Path.Combine(_incoming, Guid.NewGuid().ToString("N"));

    public async Task PutAsync(string part, string key, CancellationToken ct)
    {
        using (var file = File.OpenHandle(part, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            await _flusher.FlushAsync(file);
        var folder = Path.GetDirectoryName(PathOf(key))!;
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        File.Move(part, PathOf(key), overwrite: true);
        // A name survives a power cut only when its folder is on disk too; so do new folders.
        await FlushFolderAsync(folder);
        for (var above = folder; isNew && above != _folder; await FlushFolderAsync(above))
            above = Path.GetDirectoryName(above)!;
    }

    private async Task FlushFolderAsync(string folder)
    {
        using var handle = FolderHandle.Open(folder);
        if (handle is not null)
            await _flusher.FlushAsync(handle);
    }

    public Stream Open(string key, long bytes) =>
        new FileStream(
            PathOf(key),
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0,
            FileOptions.Asynchronous | FileOptions.SequentialScan
        );

    public Task DeleteAsync(string key, CancellationToken ct)
    {
        if (File.Exists(PathOf(key)))
            File.Delete(PathOf(key));
        return Task.CompletedTask;
    }

    public Task<bool> HasAsync(string key, CancellationToken ct) => Task.FromResult(File.Exists(PathOf(key)));

    public async IAsyncEnumerable<string> KeysAsync(
        string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        await Task.Yield();
        if (!Directory.Exists(PathOf(prefix)))
            yield break;
        foreach (var file in Directory.EnumerateFiles(PathOf(prefix), "*", SearchOption.AllDirectories))
        {
            ct.ThrowIfCancellationRequested();
            yield return Path.GetRelativePath(_folder, file).Replace('\\', '/');
        }
    }

    public Uri? AddressOf(string key, TimeSpan lifetime) => null;

    public async Task CheckAsync(CancellationToken ct)
    {
        var probe = NewPart();
        try
        {
            await File.WriteAllBytesAsync(probe, [1], ct);
            File.Delete(probe);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot write in {_folder}: {fault.Message}",
                "Check its disk and who may write there.",
                fault
            );
        }
    }

    /// <summary>
    /// Deletes what writers before us were at. One that is still alive finds its part gone, and its client sends again.
    /// </summary>
    public void Sweep()
    {
        foreach (
            var folder in Directory
                .EnumerateDirectories(Path.GetDirectoryName(_incoming)!)
                .Where(folder => folder != _incoming)
        )
            Directory.Delete(folder, recursive: true);
    }

    private string PathOf(string key) => Path.Combine(_folder, key);

    public void Dispose()
    {
        _flusher.Dispose();
        if (Directory.Exists(_incoming))
            Directory.Delete(_incoming, recursive: true);
    }
}
