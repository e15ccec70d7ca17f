using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Muster.Scenes.Formats.Tensors;

/// <summary>numpy's file of one array, versions 1 to 3.</summary>
public static partial class NpyFile
{
    private const int MostHeader = 1 << 20;
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    /// <param name="file">Stays open for as long as the tensor is read.</param>
    internal static Tensor Open(string path, string name, SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var start = new byte[Math.Min(length, 12)];
        RandomAccess.Read(file, start, 0);
        if (start.Length < 10 || !start.AsSpan(0, 6).SequenceEqual(Magic))
            throw SceneException.Unreadable(path, "it is no .npy file");
        var (headerAt, headerLength) = start[6] switch
        {
            1 => (10, BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8))),
            2 or 3 when start.Length == 12 => (12, BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8))),
            var other => throw SceneException.Unreadable(path, $"version {other} of .npy is not known"),
        };
        if (headerLength > MostHeader || headerAt + headerLength > length)
            throw SceneException.Unreadable(path, "its header is cut off");
        var text = new byte[headerLength];
        RandomAccess.Read(file, text, headerAt);
        var (type, fortran, shape) = ReadHeader(
            path,
            (start[6] == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(text)
        );
        var dataAt = headerAt + headerLength;
        return new(
            name,
            new(path, file, dataAt, (length - dataAt) / type.Size(), type, null),
            0,
            shape,
            Strides(shape, fortran)
        );
    }

    /// <summary>Writes an array so that its numbers begin at a multiple of 64 bytes.</summary>
    public static void Write<T>(Stream to, ReadOnlySpan<T> numbers, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        var descr = default(T) switch
        {
            float => "<f4",
            double => "<f8",
            byte => "|u1",
            int => "<i4",
            long => "<i8",
            bool => "|b1",
            _ => throw new NotSupportedException($"no .npy of {typeof(T)}"),
        };
        var sizes = string.Join(", ", shape.ToArray()) + (shape.Length == 1 ? "," : "");
        var header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}";
        header = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)header.Length);
        to.Write([.. Magic, 1, 0, .. length, .. Encoding.ASCII.GetBytes(header)]);
        to.Write(MemoryMarshal.AsBytes(numbers));
    }

    private static (ElementType Type, bool Fortran, long[] Shape) ReadHeader(string path, string text)
    {
        var (descr, order, sizes) = (Descr().Match(text), Order().Match(text), Sizes().Match(text));
        if (
            !text.StartsWith('{')
            || !text.TrimEnd().EndsWith('}')
            || !descr.Success
            || !order.Success
            || !sizes.Success
        )
            throw SceneException.Unreadable(path, "its header is not a dictionary of descr, fortran_order and shape");
        ElementType type = descr.Groups["value"].Value switch
        {
            "<f4" => ElementType.Float32,
            "<f8" => ElementType.Float64,
            "<f2" => ElementType.Float16,
            "|u1" => ElementType.UInt8,
            "|i1" => ElementType.Int8,
            "<i2" => ElementType.Int16,
            "<i4" => ElementType.Int32,
            "<i8" => ElementType.Int64,
            "|b1" => ElementType.Bool,
            var other => throw new SceneException(
                SceneFault.Unreadable,
                $"{path}: its numbers are of kind '{other}'",
                "Save it as little-endian numbers, such as array.astype('<f4')."
            ),
        };
        try
        {
            return (
                type,
                order.Groups["value"].Value == "True",
                [
                    .. sizes
                        .Groups["value"]
                        .Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                        .Select(size => long.Parse(size, NumberStyles.None)),
                ]
            );
        }
        catch (Exception wrong) when (wrong is OverflowException or FormatException)
        {
            throw SceneException.Unreadable(path, "its shape is no list of sizes");
        }
    }

    private static long[] Strides(long[] shape, bool fortran)
    {
        var strides = new long[shape.Length];
        var stride = 1L;
        foreach (var axis in fortran ? Enumerable.Range(0, shape.Length) : Enumerable.Range(0, shape.Length).Reverse())
        {
            strides[axis] = stride;
            stride =
                stride > long.MaxValue / Math.Max(1, shape[axis]) ? long.MaxValue : stride * Math.Max(1, shape[axis]);
        }
        return strides;
    }

    [GeneratedRegex(@"'descr'\s*:\s*'(?<value>[^']*)'", RegexOptions.NonBacktracking)]
    private static partial Regex Descr();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(?<value>True|False)", RegexOptions.NonBacktracking)]
    private static partial Regex Order();

    [GeneratedRegex(@"'shape'\s*:\s*\((?<value>[0-9, ]*)\)", RegexOptions.NonBacktracking)]
    private static partial Regex Sizes();
}
