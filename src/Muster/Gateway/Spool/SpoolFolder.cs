using System.Buffers;
using System.Security.Cryptography;

namespace Muster.Gateway.Spool;

/// <summary>Files that clients sent, each content once, named by its SHA-256. Nothing is acknowledged before it is on disk.</summary>
public sealed class SpoolFolder : IDisposable
{
    private const int Piece = 1 << 18;
    private const long Step = 1 << 26;

    private readonly string _folder;
    private readonly long _budget;
    private readonly DiskFlusher _flusher = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Content> _contents = [];
    private long _used;
    private long _reserved;

    /// <param name="budget">Bytes that it may hold in all; 0: as much as the disk has.</param>
    /// <param name="contents">What tasks still need, with its size and how often.</param>
    public SpoolFolder(string folder, long budget, IEnumerable<(string Hash, long Bytes, int Names)> contents)
    {
        (_folder, _budget) = (Path.GetFullPath(folder), budget);
        Directory.CreateDirectory(Incoming);
        foreach (var file in Directory.EnumerateFiles(Incoming)) File.Delete(file);
        foreach (var (hash, bytes, names) in contents)
        {
            _contents[hash] = new(bytes, names);
            _used += bytes;
        }
    }

    public long Used { get { lock (_lock) return _used + _reserved; } }
    public long Budget => _budget;

    /// <summary>Nearly full: better not to begin with another task.</summary>
    public bool IsFull => Room() < Step;

    public string PathOf(string hash) => Path.Combine(_folder, hash[..2], hash);

    /// <summary>Promises room for an upload; null when there is none. Without a length it is promised as the bytes come.</summary>
    public Reservation? Reserve(long bytes)
    {
        lock (_lock)
        {
            if (Room() < bytes) return null;
            _reserved += bytes;
            return new(this, bytes);
        }
    }

    /// <summary>Reads a file to its end. The content is held until it is given to a task or released.</summary>
    public async Task<SpoolFile> ReceiveAsync(string name, Stream file, Reservation room, CancellationToken ct)
    {
        var path = NewPart();
        var buffer = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var at = 0L;
            using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None))
            {
                while (await file.ReadAsync(buffer.AsMemory(0, Piece), ct) is > 0 and var read)
                {
                    room.Use(read);
                    hash.AppendData(buffer, 0, read);
                    RandomAccess.Write(handle, buffer.AsSpan(0, read), at);
                    at += read;
                }
                await _flusher.FlushAsync(handle);
            }
            var key = Convert.ToHexStringLower(hash.GetHashAndReset());
            Keep(path, key, at);
            return new(name, key, at);
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
    internal string NewPart() => Path.Combine(Incoming, Guid.NewGuid().ToString("N"));

    /// <summary>Lets contents go, once for each time they are named; what nobody needs is deleted.</summary>
    public void Release(IEnumerable<string> hashes)
    {
        foreach (var hash in hashes)
        {
            lock (_lock)
            {
                if (!_contents.TryGetValue(hash, out var content)) continue;
                if (--content.Names > 0) continue;
                _contents.Remove(hash);
                _used -= content.Bytes;
                File.Delete(PathOf(hash));
            }
        }
    }

    /// <summary>Deletes contents that no task names, as a crash may leave them.</summary>
    public void Sweep()
    {
        foreach (var folder in Directory.EnumerateDirectories(_folder).Where(folder => Path.GetFileName(folder).Length == 2))
        {
            foreach (var file in Directory.EnumerateFiles(folder))
            {
                lock (_lock) if (!_contents.ContainsKey(Path.GetFileName(file))) File.Delete(file);
            }
        }
    }

    public void Dispose() => _flusher.Dispose();

    private string Incoming => Path.Combine(_folder, "incoming");

    private void Keep(string path, string hash, long bytes)
    {
        lock (_lock)
        {
            if (_contents.TryGetValue(hash, out var content))
            {
                content.Names++;
                File.Delete(path);
                return;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(hash))!);
            File.Move(path, PathOf(hash), overwrite: true);
            _contents[hash] = new(bytes, 1);
            _used += bytes;
        }
    }

    private long Room()
    {
        var disk = new DriveInfo(_folder).AvailableFreeSpace - Step;   // the database, logs and results need some too
        lock (_lock) return _budget > 0 ? Math.Min(disk, _budget - _used - _reserved) : disk - _reserved;
    }

    private sealed class Content(long bytes, int names)
    {
        public long Bytes => bytes;
        public int Names { get; set; } = names;
    }

    /// <summary>Room promised to one upload, until it is disposed of.</summary>
    public sealed class Reservation(SpoolFolder spool, long bytes) : IDisposable
    {
        private long _bytes = bytes;
        private long _left = bytes;

        internal void Use(int read)
        {
            _left -= read;
            if (_left >= 0) return;
            lock (spool._lock)
            {
                if (spool.Room() < Step) throw new SpoolFullException();
                spool._reserved += Step;
            }
            _bytes += Step;
            _left += Step;
        }

        public void Dispose()
        {
            lock (spool._lock) spool._reserved -= _bytes;
            _bytes = 0;
        }
    }
}

/// <summary>The spool has no room for what is coming in.</summary>
public sealed class SpoolFullException : Exception
{
    public SpoolFullException() : base("The gateway's disk is full.") { }
}
