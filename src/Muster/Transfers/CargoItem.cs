namespace Muster.Transfers;

public enum CargoKind : byte
{
    File,
    Executable,
    Symlink,
    Folder,
}

/// <summary>
/// One entry of a tree on its way to a site: where it goes, what it is, and where its content comes from.
/// </summary>
public sealed record CargoItem(RawPath Path, CargoKind Kind)
{
    public long Size { get; init; }

    /// <summary>
    /// Names the content as its source knows it, before its hash is known: a git object's name, or a file's place and
    /// times.
    /// </summary>
    public ContentHash Key { get; init; }

    /// <summary>Of files only.</summary>
    public ContentSource? Source { get; init; }

    /// <summary>What a symbolic link holds.</summary>
    public ReadOnlyMemory<byte> Target { get; init; }

    public bool IsFile => Kind is CargoKind.File or CargoKind.Executable;
}

/// <summary>Where the content of items is read: a git repository, or a file.</summary>
public abstract class ContentSource
{
    /// <summary>
    /// Opens the content of <paramref name="items"/> one after the other, in their order; each is valid until the next
    /// is asked for.
    /// </summary>
    public abstract IAsyncEnumerable<OpenContent> ReadAsync(IReadOnlyList<CargoItem> items, CancellationToken ct);
}

/// <summary>
/// Content being read: <paramref name="Size"/> bytes follow. <paramref name="Stays"/> is asked after the last byte: is
/// it still what the key names?
/// </summary>
public sealed record OpenContent(CargoItem Item, long Size, Stream Bytes, Func<bool> Stays);
