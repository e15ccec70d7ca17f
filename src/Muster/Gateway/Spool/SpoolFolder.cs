using System.Buffers;
using System.Security.Cryptography;
using Muster.Gateway.Model;
using Muster.Storage;

namespace Muster.Gateway.Spool;

/// <summary>
/// Files that clients sent, each content once, known by its SHA-256. Nothing is acknowledged before it is safe.
/// </summary>
public sealed class SpoolFolder
{
    private const int FirstPiece = 1 << 12;
    private const int Piece = 1 << 18;

    /// <summary>Room is booked as the bytes come, in steps that grow to this.</summary>
    private const long Step = 1 << 22;

    /// <summary>
    /// With less than this no further task is begun, and archives wait: the database and the uploads under way need it.
    /// </summary>
    private const long Spare = 1 << 26;

    private readonly IBlobStore _blobs;
    private readonly string _prefix;
    private readonly long _budget;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Content> _contents = [];
    private readonly HashSet<string> _keys = [];
    private long _used;
    private long _reserved;
    private bool _closed;

    /// <param name="prefix">What its keys begin with.</param>
    /// <param name="budget">Bytes that it may hold in all; 0: as much as the disk has.</param>
    /// <param name="contents">What tasks still need, and how often.</param>
    public SpoolFolder(IBlobStore blobs, string prefix, long budget, IEnumerable<(SpoolFile File, int Names)> contents)
    {
        (_blobs, _prefix, _budget) = (blobs, prefix, budget);
        foreach (var (file, names) in contents)
        {
            _contents[file.Hash] = new(file.Bytes, file.Key, names);
            _keys.Add(file.Key);
            _used += file.Bytes;
        }
    }

    public long Used
    {
        get
        {
            lock (_lock)
                return _used + _reserved;
        }
    }
    public long Budget => _budget;

    /// <summary>Nearly full: better not to begin with another task.</summary>
    public bool IsFull => Room() < Spare;

    /// <summary>An <see cref="IOException"/> while files cannot be read.</summary>
    public async Task ReachAsync(IReadOnlyList<SpoolFile> files, CancellationToken ct)
    {
        if (files.Count > 0)
            await _blobs.HasAsync(files[0].Key, ct);
    }

    public Stream Open(SpoolFile file) => _blobs.Open(file.Key, file.Bytes);

    /// <summary>
    /// Begins an upload; null when there is no room for it. It takes room as its bytes come, so that nobody takes any
    /// by announcing them.
    /// </summary>
    public Reservation? Reserve(long bytes) => Room() < bytes ? null : new(this, Room);

    /// <summary>
    /// Begins to bring an archive home. It counts as uploads do, and is held up by a short disk alone: uploads go when
    /// their results are here.
    /// </summary>
    public Reservation ReserveForResult() => new(this, () => _blobs.Room - Spare);

    /// <summary>Reads a file to its end. The content is held until it is given to a task or released.</summary>
    public async Task<SpoolFile> ReceiveAsync(string name, Stream file, Reservation room, CancellationToken ct)
    {
        var path = NewPart();
        var buffer = ArrayPool<byte>.Shared.Rent(FirstPiece); // a larger one when bytes come as fast as it takes them
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var at = 0L;
            using (
                var handle = File.OpenHandle(
                    path,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    FileOptions.None
                )
            )
            {
                while (await file.ReadAsync(buffer, ct) is > 0 and var read)
                {
                    room.Use(read);
                    hash.AppendData(buffer, 0, read);
                    RandomAccess.Write(handle, buffer.AsSpan(0, read), at);
                    at += read;
                    if (read < buffer.Length || buffer.Length >= Piece)
                        continue;
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                }
            }
            return await KeepAsync(path, name, Convert.ToHexStringLower(hash.GetHashAndReset()), at, ct);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A file of its own for something on its way; a crash leaves nothing of it.</summary>
    internal string NewPart() => _blobs.NewPart();

    /// <summary>Lets contents go, once for each time they are named; what nobody needs is deleted.</summary>
    public void Release(IEnumerable<string> hashes)
    {
        foreach (var hash in hashes)
        {
            string key;
            lock (_lock)
            {
                if (_closed || !_contents.TryGetValue(hash, out var content) || --content.Names > 0)
                    continue;
                _contents.Remove(hash);
                _keys.Remove(key = content.Key);
                _used -= content.Bytes;
            }
            _ = DeleteAsync(key, CancellationToken.None);
        }
    }

    /// <summary>Deletes nothing any longer: what tasks need is known to somebody else.</summary>
    internal void Close()
    {
        lock (_lock)
            _closed = true;
    }

    /// <summary>Contents that no task names, as a crash may leave them.</summary>
    public async Task<IReadOnlyList<string>> OrphansAsync(CancellationToken ct)
    {
        var orphans = new List<string>();
        await foreach (var key in _blobs.KeysAsync(_prefix, ct))
        {
            lock (_lock)
                if (!_keys.Contains(key))
                    orphans.Add(key);
        }
        return orphans;
    }

    public async Task SweepAsync(IReadOnlyList<string> orphans, CancellationToken ct)
    {
        foreach (var key in orphans)
            await DeleteAsync(key, ct);
    }

    private async Task DeleteAsync(string key, CancellationToken ct)
    {
        try
        {
            await _blobs.DeleteAsync(key, ct);
        }
        catch (IOException) { } // nobody names it, and the next start sweeps it
    }

    /// <summary>A key is used once: whoever deletes late never meets what another has put since.</summary>
    private async Task<SpoolFile> KeepAsync(string part, string name, string hash, long bytes, CancellationToken ct)
    {
        var key = $"{_prefix}{hash[..2]}/{hash}-{Guid.NewGuid().ToString("N")[..8]}";
        if (Named() is { } known)
            return known;
        lock (_lock)
            _keys.Add(key);
        try
        {
            await _blobs.PutAsync(part, key, ct);
        }
        catch
        {
            lock (_lock)
                _keys.Remove(key);
            throw;
        }
        lock (_lock)
        {
            if (_contents.TryAdd(hash, new(bytes, key, 1)))
            {
                _used += bytes;
                return new(name, hash, bytes, key);
            }
            _keys.Remove(key);
        }
        await DeleteAsync(key, ct); // the same came in twice at once
        return Named() ?? throw new IOException($"{name} was removed while it was being received");

        SpoolFile? Named()
        {
            lock (_lock)
            {
                if (!_contents.TryGetValue(hash, out var content))
                    return null;
                content.Names++;
                File.Delete(part);
                return new(name, hash, bytes, content.Key);
            }
        }
    }

    private long Room()
    {
        var disk = _blobs.Room;
        // What has come is on the disk already; of what is booked, less than a step for each is not.
        lock (_lock)
            return _budget > 0 ? Math.Min(disk, _budget - _used - _reserved) : disk;
    }

    private sealed class Content(long bytes, string key, int names)
    {
        public long Bytes => bytes;
        public string Key => key;
        public int Names { get; set; } = names;
    }

    /// <summary>Room that one upload or archive has taken, until it is disposed of.</summary>
    public sealed class Reservation(SpoolFolder spool, Func<long> room) : IDisposable
    {
        private long _bytes;
        private long _left;

        /// <exception cref="SpoolFullException">There is no room for so many bytes more.</exception>
        internal void Use(long bytes)
        {
            if ((_left -= bytes) >= 0)
                return;
            var more = Math.Max(-_left, Math.Min(_bytes, Step));
            lock (spool._lock)
            {
                if (room() < more)
                    throw new SpoolFullException();
                spool._reserved += more;
            }
            _bytes += more;
            _left += more;
        }

        public void Dispose()
        {
            lock (spool._lock)
                spool._reserved -= _bytes;
            _bytes = 0;
        }
    }
}

/// <summary>The spool has no room for what is coming in.</summary>
public sealed class SpoolFullException : Exception
{
    public SpoolFullException()
        : base("The gateway's disk is full.") { }
}
