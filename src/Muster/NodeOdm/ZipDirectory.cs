using System.Buffers.Binary;

namespace Muster.NodeOdm;

/// <summary>
/// Walks through an archive's directory without keeping any of it: one of millions of entries would take gigabytes in
/// <c>ZipArchive</c>, whatever its end says of their number.
/// </summary>
internal static class ZipDirectory
{
    private const int EndBytes = 22;
    private const int LongestComment = ushort.MaxValue;
    private const int Zip64LocatorBytes = 20;
    private const int EntryBytes = 46;

    /// <returns>
    /// The number of entries, or one more than <paramref name="most"/>; null without a whole directory.
    /// </returns>
    public static long? Count(Stream file, long most)
    {
        try
        {
            if (End(file) is not { } end || end.At < 0 || end.At > file.Length)
                return null;
            file.Position = end.At;
            var stream = new BufferedStream(file, 1 << 16); // not disposed of, as the file is the caller's
            var entry = new byte[EntryBytes];
            var count = 0L;
            while (
                count <= most
                && stream.ReadAtLeast(entry, EntryBytes, throwOnEndOfStream: false) == EntryBytes
                && entry.AsSpan(0, 4).SequenceEqual("PK\u0001\u0002"u8)
            )
            {
                count++;
                stream.Seek(Word(entry, 28) + Word(entry, 30) + Word(entry, 32), SeekOrigin.Current);
            }
            return count > most || count == end.Entries ? count : null;
        }
        catch (Exception fault) when (fault is EndOfStreamException or ArgumentException)
        {
            return null;
        }
    }

    private static (long At, long Entries)? End(Stream file)
    {
        var tail = new byte[Math.Min(file.Length, EndBytes + LongestComment)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        if (tail.Length < EndBytes)
            return null;
        var at = tail.AsSpan(0, tail.Length - EndBytes + 4).LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0)
            return null;
        long entries = Word(tail, at + 10);
        long directory = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
        if (entries != ushort.MaxValue && directory != uint.MaxValue)
            return (directory, entries);
        return Zip64(file, file.Length - tail.Length + at - Zip64LocatorBytes) ?? (directory, entries);
    }

    private static (long At, long Entries)? Zip64(Stream file, long locatorAt)
    {
        if (locatorAt < 0)
            return null;
        var locator = new byte[Zip64LocatorBytes];
        file.Position = locatorAt;
        file.ReadExactly(locator);
        if (!locator.AsSpan(0, 4).SequenceEqual("PK\u0006\u0007"u8))
            return null;
        var end = new byte[56];
        file.Position = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        file.ReadExactly(end);
        if (!end.AsSpan(0, 4).SequenceEqual("PK\u0006\u0006"u8))
            return null;
        var directory = BinaryPrimitives.ReadInt64LittleEndian(end.AsSpan(48));
        return (directory, BinaryPrimitives.ReadInt64LittleEndian(end.AsSpan(32)));
    }

    private static int Word(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
}
