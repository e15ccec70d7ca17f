namespace Muster.Storage;

/// <summary>
/// Contents in a bucket. What comes is written to this machine first: its hash says whether it has to be sent at all,
/// and it can be sent again.
/// </summary>
public sealed class BlobBucket : IBlobStore
{
    private readonly S3Bucket _bucket;
    private readonly string _incoming;

    /// <param name="incoming">A folder of this process alone.</param>
    public BlobBucket(S3Place place, string incoming)
    {
        _bucket = new(place, retries: 2); // clients wait, and whoever puts or reads here does it again by itself
        _incoming = Path.GetFullPath(incoming);
        if (Directory.Exists(_incoming))
            Directory.Delete(_incoming, recursive: true);
        Directory.CreateDirectory(_incoming);
    }

    public long Room => new DriveInfo(_incoming).AvailableFreeSpace - (1 << 26);

    public string NewPart() => Path.Combine(_incoming, Guid.NewGuid().ToString("N"));

    public async Task PutAsync(string part, string key, CancellationToken ct)
    {
        await _bucket.PutAsync(part, key, _ => { }, ct);
        File.Delete(part);
    }

    public Stream Open(string key, long bytes) => new BucketStream(_bucket, key, bytes);

    public Task DeleteAsync(string key, CancellationToken ct) => _bucket.DeleteAsync(key, ct);

    public Task<bool> HasAsync(string key, CancellationToken ct) => _bucket.HasAsync(key, ct);

    public IAsyncEnumerable<string> KeysAsync(string prefix, CancellationToken ct) => _bucket.KeysAsync(prefix, ct);

    public Uri? AddressOf(string key, TimeSpan lifetime) => _bucket.AddressOf(key, lifetime);

    public Task CheckAsync(CancellationToken ct) => _bucket.CheckAsync(ct);

    public void Dispose()
    {
        _bucket.Dispose();
        if (Directory.Exists(_incoming))
            Directory.Delete(_incoming, recursive: true);
    }
}
