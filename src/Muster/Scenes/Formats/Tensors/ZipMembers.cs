using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Muster.Scenes.Formats.Tensors;

/// <summary>
/// The members of a zip file that are stored as they are, and where each begins: torch never compresses, so tensors are
/// read in place.
/// </summary>
internal static class ZipMembers
{
    private const int MostNameBytes = 64 << 20;
    private const uint LocalMark = 0x04034b50,
        CentralMark = 0x02014b50,
        EndMark = 0x06054b50,
        End64Mark = 0x06064b50,
        Locator64Mark = 0x07064b50;

    public static IReadOnlyDictionary<string, Member> Read(string path, SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var (start, size) = FindDirectory(path, file, length);
        if (start < 0 || size < 0 || start > length - size || size > MostNameBytes)
            throw Broken(path, "its list of members lies outside the file");
        var directory = Bytes(path, file, start, (int)size);
        var members = new Dictionary<string, Member>(StringComparer.Ordinal);
        for (var at = 0; at < directory.Length; )
        {
            var entry = directory.AsSpan(at);
            if (entry.Length < 46 || U32(entry) != CentralMark)
                throw Broken(path, "its list of members is damaged");
            int nameLength = U16(entry[28..]),
                extraLength = U16(entry[30..]),
                commentLength = U16(entry[32..]);
            if (entry.Length < 46 + nameLength + extraLength + commentLength)
                throw Broken(path, "its list of members is cut off");
            var name = Encoding.UTF8.GetString(entry.Slice(46, nameLength));
            long packed = U32(entry[20..]),
                whole = U32(entry[24..]),
                local = U32(entry[42..]);
            ReadLarge(entry.Slice(46 + nameLength, extraLength), ref whole, ref packed, ref local);
            at += 46 + nameLength + extraLength + commentLength;
            if (U16(entry[10..]) != 0 || packed != whole || (U16(entry[8..]) & 1) != 0)
                throw Broken(path, $"its member '{name}' is compressed or encrypted, which torch.save never does");
            if (local < 0 || whole < 0 || local > length - 30)
                throw Broken(path, $"its member '{name}' lies outside the file");
            var head = Bytes(path, file, local, 30);
            if (U32(head) != LocalMark)
                throw Broken(path, $"its member '{name}' is not where it should be");
            var data = local + 30 + U16(head.AsSpan(26)) + U16(head.AsSpan(28));
            if (data > length - whole)
                throw Broken(path, $"its member '{name}' is cut off");
            if (!members.TryAdd(name, new(data, whole, U32(entry[16..]))))
                throw Broken(path, $"it has two members '{name}'");
        }
        return members;
    }

    /// <summary>The bytes of a member, compared with its checksum.</summary>
    public static byte[] ReadAll(string path, SafeFileHandle file, Member member, long most)
    {
        if (member.Length > most)
            throw Broken(path, $"its index is larger than {most >> 20} MB");
        var bytes = Bytes(path, file, member.Start, (int)member.Length);
        return Crc32.HashToUInt32(bytes) == member.Crc
            ? bytes
            : throw Broken(path, "its index does not have the checksum that was written with it");
    }

    private static (long Start, long Size) FindDirectory(string path, SafeFileHandle file, long length)
    {
        var tailStart = Math.Max(0, length - 65_557);
        var tail = Bytes(path, file, tailStart, (int)(length - tailStart));
        for (var at = tail.Length - 22; at >= 0; at--)
        {
            var end = tail.AsSpan(at);
            if (U32(end) != EndMark || U16(end[20..]) > end.Length - 22)
                continue;
            long size = U32(end[12..]),
                start = U32(end[16..]);
            if (at < 20 || U32(tail.AsSpan(at - 20)) != Locator64Mark)
                return (start, size);
            var end64 = (long)U64(tail.AsSpan(at - 12));
            if (end64 < 0 || end64 > length - 56)
                break;
            var record = Bytes(path, file, end64, 56);
            if (U32(record) != End64Mark)
                break;
            return ((long)U64(record.AsSpan(48)), (long)U64(record.AsSpan(40)));
        }
        throw Broken(path, "the end of its list of members is missing: it is cut off");
    }

    private static void ReadLarge(ReadOnlySpan<byte> extra, ref long whole, ref long packed, ref long local)
    {
        while (extra.Length >= 4)
        {
            var length = Math.Min(U16(extra[2..]), extra.Length - 4);
            var field = extra.Slice(4, length);
            if (U16(extra) == 1)
            {
                whole = Large(whole, ref field);
                packed = Large(packed, ref field);
                local = Large(local, ref field);
            }
            extra = extra[(4 + length)..];
        }
    }

    private static long Large(long small, ref ReadOnlySpan<byte> field)
    {
        if (small != uint.MaxValue || field.Length < 8)
            return small;
        var large = (long)U64(field);
        field = field[8..];
        return large;
    }

    private static byte[] Bytes(string path, SafeFileHandle file, long start, int length)
    {
        var bytes = new byte[length];
        new Storage(path, file, start, length, ElementType.UInt8, null).Read(0, bytes);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt16LittleEndian(at);

    private static uint U32(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt32LittleEndian(at);

    private static ulong U64(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt64LittleEndian(at);

    private static SceneException Broken(string path, string why) => SceneException.Unreadable(path, why);

    public sealed record Member(long Start, long Length, uint Crc);
}
