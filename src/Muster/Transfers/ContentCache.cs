using System.Buffers.Binary;
using System.Numerics;
using Muster.Storage;

namespace Muster.Transfers;

/// <summary>
/// What this machine remembers, so that nothing is hashed, asked or sent twice. Losing it costs time and nothing else.
/// </summary>
public sealed class ContentCache(string folder)
{
    private readonly RecordFile _contents = new(
        Path.Combine(folder, "contents"),
        ContentHash.Length + ContentHash.Length + sizeof(long)
    );
    private readonly Dictionary<ContentHash, (ContentHash Hash, long Size)> _known = [];
    private readonly List<byte[]> _learnt = [];
    private readonly Lock _turn = new(); // several hosts may be served at once
    private bool _loaded;

    internal string Folder => folder;

    /// <summary>The hash and size of the content that its source calls <paramref name="key"/>.</summary>
    public (ContentHash Hash, long Size)? Find(ContentHash key)
    {
        lock (_turn)
        {
            Load();
            return _known.TryGetValue(key, out var known) ? known : null;
        }
    }

    internal void Learn(ContentHash key, ContentHash hash, long size)
    {
        lock (_turn)
        {
            Load();
            if (!_known.TryAdd(key, (hash, size)))
                return;
            var record = new byte[_contents.Length];
            key.Bytes.CopyTo(record);
            hash.Bytes.CopyTo(record.AsSpan(ContentHash.Length));
            BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(2 * ContentHash.Length), size);
            _learnt.Add(record);
        }
    }

    internal void Save()
    {
        lock (_turn)
        {
            _contents.Append(_learnt);
            _learnt.Clear();
        }
    }

    /// <summary>What the site with this key is known to have.</summary>
    internal SiteContents Site(string siteKey) =>
        new(
            new RecordFile(
                Path.Combine(folder, $"site-{ContentHash.Of(System.Text.Encoding.UTF8.GetBytes(siteKey))}"),
                ContentHash.Length + 1
            )
        );

    private void Load()
    {
        if (_loaded)
            return;
        _loaded = true;
        var records = _contents.Read();
        _known.EnsureCapacity(records.Count);
        foreach (var record in records)
            _known[new(record.Span[..ContentHash.Length])] = (
                new(record.Span.Slice(ContentHash.Length, ContentHash.Length)),
                BinaryPrimitives.ReadInt64LittleEndian(record.Span[(2 * ContentHash.Length)..])
            );
    }
}

/// <summary>The names in one site's store, as far as we know.</summary>
internal sealed class SiteContents
{
    private readonly RecordFile _file;
    private readonly HashSet<StoreName> _names;
    private readonly List<byte[]> _added = [];

    public SiteContents(RecordFile file)
    {
        _file = file;
        var records = file.Read();
        _names = new(records.Count);
        foreach (var record in records)
            _names.Add(new(new(record.Span[..ContentHash.Length]), record.Span[ContentHash.Length] == 1));
    }

    public bool Has(StoreName name) => _names.Contains(name);

    public void Add(StoreName name)
    {
        if (_names.Add(name))
            _added.Add(Record(name));
    }

    /// <summary>The store was pruned: these are gone.</summary>
    public void Forget(IReadOnlyCollection<StoreName> gone)
    {
        _names.ExceptWith(gone);
        _added.Clear();
        _file.Replace([.. _names.Select(Record)]);
    }

    public void Save()
    {
        _file.Append(_added);
        _added.Clear();
    }

    private static byte[] Record(StoreName name) => [.. name.Hash.Bytes, name.Executable ? (byte)1 : (byte)0];
}

/// <summary>
/// A file of records of one length, each with a check sum. Several processes may append; what is torn is passed over.
/// </summary>
internal sealed class RecordFile(string path, int length)
{
    private const int Check = sizeof(uint);

    /// <summary>When the file is larger, its older half is given up.</summary>
    private const long Largest = 96 << 20;

    public int Length => length;

    public List<ReadOnlyMemory<byte>> Read()
    {
        if (!File.Exists(path))
            return [];
        using var file = Open(FileMode.Open, FileAccess.Read, FileShare.Read);
        return Read(file);
    }

    public void Append(IReadOnlyList<byte[]> records)
    {
        if (records.Count == 0)
            return;
        using var file = OpenAlone();
        var whole = file.Length / (length + Check) * (length + Check);
        if (whole <= Largest)
        {
            Write(file, whole, records);
            return;
        }
        var kept = Read(file);
        Write(file, 0, [.. kept.Skip(kept.Count / 2).Select(record => record.ToArray()), .. records]);
    }

    public void Replace(IReadOnlyList<byte[]> records)
    {
        using var file = OpenAlone();
        Write(file, 0, records);
    }

    private List<ReadOnlyMemory<byte>> Read(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var records = new List<ReadOnlyMemory<byte>>(bytes.Length / (length + Check));
        for (var at = 0; at + length + Check <= bytes.Length; at += length + Check)
        {
            var record = bytes.AsMemory(at, length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + length)) == CheckOf(record.Span))
                records.Add(record);
        }
        return records;
    }

    private void Write(FileStream file, long at, IReadOnlyList<byte[]> records)
    {
        var bytes = new byte[records.Count * (length + Check)];
        for (var i = 0; i < records.Count; i++)
        {
            var record = bytes.AsSpan(i * (length + Check));
            records[i].CopyTo(record);
            BinaryPrimitives.WriteUInt32LittleEndian(record[length..], CheckOf(records[i]));
        }
        file.SetLength(at);
        file.Position = at;
        file.Write(bytes);
    }

    private FileStream OpenAlone() => Open(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    private FileStream Open(FileMode mode, FileAccess access, FileShare share) =>
        FileLock.Take(path, mode, access, share, "is writing what it has sent", TimeSpan.FromSeconds(10));

    private static uint CheckOf(ReadOnlySpan<byte> record)
    {
        var check = uint.MaxValue;
        foreach (var one in record)
            check = BitOperations.Crc32C(check, one);
        return check;
    }
}
