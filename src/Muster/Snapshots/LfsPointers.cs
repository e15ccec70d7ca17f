using System.Globalization;
using System.Text;
using Muster.Transfers;

namespace Muster.Snapshots;

/// <summary>
/// What Git LFS keeps in git in place of large content. https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
/// </summary>
internal sealed record LfsPointer(string Oid, long Size)
{
    /// <summary>The content, from LFS's own folder or the checked out file.</summary>
    public LocalFile? ContentIn(WorkTree tree, RawPath path)
    {
        string[] places =
        [
            Path.Combine(tree.CommonFolder, "lfs", "objects", Oid[..2], Oid[2..4], Oid),
            Path.Combine(tree.Root, path.Text),
        ];
        foreach (var place in places)
            if (FileStamp.Find(place) is { Type: FileType.File } stamp && stamp.Size == Size)
                return new(place, stamp);
        return null;
    }

    public static LfsPointer? Parse(ReadOnlySpan<byte> blob)
    {
        if (!blob.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return null;
        string? oid = null;
        var size = -1L;
        foreach (var line in Encoding.UTF8.GetString(blob).AsSpan().EnumerateLines())
        {
            if (line.StartsWith("oid sha256:") && ContentHash.TryParse(line[11..], out var hash))
                oid = hash.ToString();
            else if (line.StartsWith("size ") && !long.TryParse(line[5..], CultureInfo.InvariantCulture, out size))
                return null;
        }
        return oid is not null && size >= 0 ? new(oid, size) : null;
    }
}

internal static class LfsPointers
{
    private const int Shortest = 120,
        Longest = 1023;

    /// <summary>
    /// The pointers among <paramref name="items"/>, by position. Nothing is read unless some .gitattributes speaks of
    /// LFS.
    /// </summary>
    public static async Task<List<(int At, LfsPointer Pointer)>> FindAsync(
        IReadOnlyList<CargoItem> items,
        GitBlobs blobs,
        CancellationToken ct
    )
    {
        var attributes = items.Where(item => item.IsFile && IsAttributes(item.Path.Bytes)).ToList();
        var found = new List<(int, LfsPointer)>();
        if (!(await blobs.ReadWholeAsync(attributes, ct)).Exists(text => text.AsSpan().IndexOf("filter=lfs"u8) >= 0))
            return found;
        var small = Enumerable
            .Range(0, items.Count)
            .Where(at => items[at].IsFile && items[at].Size is >= Shortest and <= Longest)
            .ToList();
        var contents = await blobs.ReadWholeAsync([.. small.Select(at => items[at])], ct);
        foreach (var (at, content) in small.Zip(contents))
            if (LfsPointer.Parse(content) is { } pointer)
                found.Add((at, pointer));
        return found;

        static bool IsAttributes(ReadOnlySpan<byte> path) => path.EndsWith(".gitattributes"u8);
    }
}
