using System.Buffers.Binary;

namespace Muster.NodeOdm;

/// <summary>One file of an archive, as its directory tells of it.</summary>
/// <param name="Packed">Its bytes as they lie there.</param>
internal sealed record ZipMember(string Name, int Method, long Packed, long Bytes, uint Crc, long HeadAt)
{
    private const int HeadBytes = 30;

    /// <summary>It lies there as it is, so that any range of it can be read.</summary>
    public bool IsStored => Method == 0 && Packed == Bytes;
    public bool IsDeflated => Method == 8;

    /// <summary>Where its content begins.</summary>
    /// <exception cref="InvalidDataException">The archive lies about it.</exception>
    public long ContentAt(Stream archive)
    {
        var head = new byte[HeadBytes];
        archive.Position = Math.Clamp(HeadAt, 0, archive.Length);
        if (
            archive.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) < HeadBytes
            || !head.AsSpan(0, 4).SequenceEqual("PK\u0003\u0004"u8)
        )
            throw new InvalidDataException($"{Name} is not where the directory says");
        var at =
            HeadAt
            + HeadBytes
            + BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(26))
            + BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(28));
        return at + Packed <= archive.Length ? at : throw new InvalidDataException($"{Name} ends behind the archive");
    }
}

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

    /// <summary>What an archive holds, at most so many.</summary>
    public static IEnumerable<ZipMember> Read(Stream file, int most)
    {
        if (End(file) is not { } end || end.At < 0 || end.At > file.Length)
            yield break;
        file.Position = end.At;
        var stream = new BufferedStream(file, 1 << 16); // not disposed of, as the file is the caller's
        var entry = new byte[EntryBytes];
        for (
            var count = 0;
            count < most
                && stream.ReadAtLeast(entry, EntryBytes, throwOnEndOfStream: false) == EntryBytes
                && entry.AsSpan(0, 4).SequenceEqual("PK\u0001\u0002"u8);
            count++
        )
        {
            var rest = new byte[Word(entry, 28) + Word(entry, 30) + Word(entry, 32)];
            if (stream.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length)
                yield break;
            yield return Member(entry, rest);
        }
    }

    /// <summary>Sizes that do not fit stand in a field of their own, in this order.</summary>
    private static ZipMember Member(byte[] entry, byte[] rest)
    {
        long bytes = Long(entry, 24),
            packed = Long(entry, 20),
            at = Long(entry, 42);
        var (names, extra) = (Word(entry, 28), Word(entry, 30));
        for (var from = names; from + 4 <= names + extra; from += 4 + Word(rest, from + 2))
        {
            if (Word(rest, from) != 1)
                continue;
            var (next, last) = (from + 4, Math.Min(from + 4 + Word(rest, from + 2), names + extra));
            Take(ref bytes);
            Take(ref packed);
            Take(ref at);
            break;

            void Take(ref long value)
            {
                if (value != uint.MaxValue || next + 8 > last)
                    return;
                value = BinaryPrimitives.ReadInt64LittleEndian(rest.AsSpan(next));
                next += 8;
            }
        }
        var name = System.Text.Encoding.UTF8.GetString(rest, 0, names).Replace('\\', '/');
        return new(name, Word(entry, 10), packed, bytes, (uint)Long(entry, 16), at);
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

    private static long Long(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static int Word(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));
}
