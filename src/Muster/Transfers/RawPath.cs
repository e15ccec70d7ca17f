using System.Text;

namespace Muster.Transfers;

/// <summary>
/// A relative path as the bytes that file systems and git use: never absolute, no empty part, no <c>.</c> or <c>..</c>.
/// </summary>
public readonly struct RawPath : IEquatable<RawPath>, IComparable<RawPath>
{
    private readonly byte[] _bytes;

    private RawPath(byte[] bytes) => _bytes = bytes;

    public RawPath(string path)
        : this(Encoding.UTF8.GetBytes(path))
    {
        if (!IsValid(_bytes))
            throw new ArgumentException($"'{path}' is not a plain relative path", nameof(path));
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The path as text, exact when its bytes are UTF-8; for use with this machine's file system.</summary>
    public string Text => Encoding.UTF8.GetString(_bytes);

    public static bool TryParse(ReadOnlySpan<byte> bytes, out RawPath path)
    {
        path = IsValid(bytes) ? new(bytes.ToArray()) : default;
        return path._bytes is not null;
    }

    /// <summary>For bytes from a program that only has valid paths, such as git.</summary>
    public static RawPath Parse(ReadOnlySpan<byte> bytes) =>
        TryParse(bytes, out var path)
            ? path
            : throw new FormatException($"'{Show(bytes)}' is not a plain relative path");

    public RawPath Below(RawPath folder) => new([.. folder._bytes, (byte)'/', .. _bytes]);

    /// <summary>
    /// The path as it may be printed: control characters and bytes that are not UTF-8 are written as <c>\xNN</c>.
    /// </summary>
    public override string ToString() => Show(_bytes);

    public bool Equals(RawPath other) => _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => obj is RawPath other && Equals(other);

    public int CompareTo(RawPath other) => _bytes.AsSpan().SequenceCompareTo(other._bytes);

    public static bool operator ==(RawPath left, RawPath right) => left.Equals(right);

    public static bool operator !=(RawPath left, RawPath right) => !left.Equals(right);

    public static bool operator <(RawPath left, RawPath right) => left.CompareTo(right) < 0;

    public static bool operator >(RawPath left, RawPath right) => left.CompareTo(right) > 0;

    public static bool operator <=(RawPath left, RawPath right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RawPath left, RawPath right) => left.CompareTo(right) >= 0;

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    private static bool IsValid(ReadOnlySpan<byte> path)
    {
        if (path.Contains((byte)0))
            return false;
        foreach (var range in path.Split((byte)'/'))
        {
            var part = path[range];
            if (part.IsEmpty || part.SequenceEqual("."u8) || part.SequenceEqual(".."u8))
                return false;
        }
        return true;
    }

    private static string Show(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var used);
            if (status == System.Buffers.OperationStatus.Done && !Rune.IsControl(rune))
                text.Append(rune);
            else
                foreach (var one in bytes[..used])
                    text.Append($"\\x{one:x2}");
            bytes = bytes[used..];
        }
        return text.ToString();
    }
}
