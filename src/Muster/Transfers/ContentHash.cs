using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Muster.Transfers;

/// <summary>A SHA-256 of content, or another identity of at most 32 bytes such as a git object's name.</summary>
public readonly record struct ContentHash
{
    public const int Length = 32;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    /// <summary>Shorter identities are filled up with zeros.</summary>
    public ContentHash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> all = stackalloc byte[Length];
        bytes.CopyTo(all);
        var words = MemoryMarshal.Cast<byte, ulong>(all);
        (_first, _second, _third, _fourth) = (words[0], words[1], words[2], words[3]);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(new ReadOnlySpan<ContentHash>(in this));

    public static ContentHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(content, hash);
        return new(hash);
    }

    public static bool TryParse(ReadOnlySpan<char> hex, out ContentHash hash)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var parsed =
            hex.Length == 2 * Length
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        hash = parsed ? new(bytes) : default;
        return parsed;
    }

    /// <summary>The bytes are evenly spread already.</summary>
    public override int GetHashCode() => (int)_first;

    public override string ToString() => Convert.ToHexStringLower(Bytes);
}

/// <summary>
/// One file of a site's store. A mode belongs to the inode, so executable content is a file of its own.
/// </summary>
public readonly record struct StoreName(ContentHash Hash, bool Executable)
{
    /// <summary>Such as <c>3f/3f7a….x</c>: the path below <c>store/</c>.</summary>
    public override string ToString() => $"{Hash.ToString().AsSpan(0, 2)}/{Hash}{(Executable ? ".x" : "")}";

    /// <summary>The same as bytes, behind <paramref name="folder"/>; answers how many were written.</summary>
    public int Write(ReadOnlySpan<byte> folder, Span<byte> path)
    {
        folder.CopyTo(path);
        var at = folder.Length;
        Convert.TryToHexStringLower(Hash.Bytes, path[(at + 3)..], out _);
        path[at] = path[at + 3];
        path[at + 1] = path[at + 4];
        path[at + 2] = (byte)'/';
        at += 3 + (2 * ContentHash.Length);
        if (!Executable)
            return at;
        ".x"u8.CopyTo(path[at..]);
        return at + 2;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out StoreName name)
    {
        var executable = text.EndsWith(".x");
        if (executable)
            text = text[..^2];
        name = text.Length > 3 && ContentHash.TryParse(text[3..], out var hash) ? new(hash, executable) : default;
        return name != default;
    }
}
