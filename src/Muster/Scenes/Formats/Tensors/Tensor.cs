using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Muster.Scenes.Formats.Tensors;

/// <summary>
/// Where a tensor's numbers lie in an open file. Nothing is read before it is asked for, and never all of it at once.
/// </summary>
public sealed class Tensor
{
    /// <summary>
    /// A view may skip this many times what it shows; beyond that, reading it would be reading the file over and over.
    /// </summary>
    private const long MostSpread = 16;

    private readonly Storage _storage;
    private readonly long _offset;
    private readonly long[] _strides;

    /// <param name="offset">In elements, as are the strides.</param>
    internal Tensor(string name, Storage storage, long offset, long[] shape, long[] strides)
    {
        (Name, _storage, _offset, Shape, _strides) = (name, storage, offset, shape, strides);
        if (
            shape.Length != strides.Length
            || offset < 0
            || shape.Any(size => size < 0)
            || strides.Any(stride => stride < 0)
        )
            throw Misshapen("has an impossible shape");
        Count = shape.Contains(0) ? 0 : 1;
        foreach (var size in shape)
        {
            if (Count > 0 && Count > storage.Count / size)
                throw Misshapen("claims more numbers than the file holds");
            Count *= size;
        }
        if (Count > 0 && (Int128)offset + Span(shape, strides) > storage.Count)
            throw Misshapen("reaches beyond its storage");
    }

    public string Name { get; }
    public long[] Shape { get; }
    public long Count { get; }
    public ElementType Type => _storage.Type;

    /// <summary>All numbers of a small tensor.</summary>
    public double[] ToDoubles()
    {
        if (Count > 1 << 26)
            throw Misshapen($"has {Count} numbers where few are expected");
        var all = new double[Count];
        var whole = new Tensor(Name, _storage, _offset, [1, .. Shape], [0, .. _strides]);
        whole.ReadPlanes((_, bytes) => ToDoubles(bytes, Type, all), CancellationToken.None);
        return all;
    }

    /// <summary>
    /// Reads plane by plane along the first dimension. What was read whole is compared with the container's checksum.
    /// </summary>
    public void ReadPlanes(PlaneReader read, CancellationToken ct)
    {
        if (Count == 0)
            return;
        var (inner, strides) = (Shape[1..], _strides[1..]);
        var count = inner.Aggregate(1L, (product, size) => product * size);
        var span = (long)Span(inner, strides);
        var size = Type.Size();
        if (span > count * MostSpread || span * size > Array.MaxLength || count * size > Array.MaxLength)
            throw Misshapen("is laid out so that it cannot be read plane by plane");
        var dense = IsDense(inner, strides);
        var check =
            dense
            && _offset == 0
            && Count == _storage.Count
            && (_strides[0] == count || Shape[0] == 1)
            && _storage.Crc is not null
                ? new Crc32()
                : null;
        var buffer = ArrayPool<byte>.Shared.Rent((int)(span * size));
        var plane = dense ? buffer : ArrayPool<byte>.Shared.Rent((int)(count * size));
        try
        {
            for (var i = 0; i < Shape[0]; i++)
            {
                ct.ThrowIfCancellationRequested();
                var bytes = buffer.AsSpan(0, (int)(span * size));
                _storage.Read((_offset + (i * _strides[0])) * size, bytes);
                check?.Append(bytes);
                if (!dense)
                    Gather(bytes, plane, inner, strides, size);
                read(i, plane.AsSpan(0, (int)(count * size)));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (!dense)
                ArrayPool<byte>.Shared.Return(plane);
        }
        if (check is not null && check.GetCurrentHashAsUInt32() != _storage.Crc)
            throw SceneException.Unreadable(
                _storage.Path,
                $"tensor '{Name}' does not have the checksum that was written with it"
            );
    }

    /// <summary>Reads one plane along the first dimension.</summary>
    public void ReadPlane(int index, PlaneReader read) =>
        new Tensor(Name, _storage, _offset + (index * _strides[0]), [1, .. Shape[1..]], _strides).ReadPlanes(
            (_, bytes) => read(index, bytes),
            CancellationToken.None
        );

    public static void ToDoubles(ReadOnlySpan<byte> bytes, ElementType type, Span<double> to)
    {
        switch (type)
        {
            case ElementType.Float32:
                Convert<float>(bytes, to);
                break;
            case ElementType.Float64:
                Convert<double>(bytes, to);
                break;
            case ElementType.Float16:
                Convert<Half>(bytes, to);
                break;
            case ElementType.Int8:
                Convert<sbyte>(bytes, to);
                break;
            case ElementType.Int16:
                Convert<short>(bytes, to);
                break;
            case ElementType.Int32:
                Convert<int>(bytes, to);
                break;
            case ElementType.Int64:
                Convert<long>(bytes, to);
                break;
            case ElementType.BFloat16:
                for (var i = 0; i < to.Length; i++)
                    to[i] = BitConverter.Int32BitsToSingle(
                        BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]) << 16
                    );
                break;
            default:
                Convert<byte>(bytes, to);
                break;
        }

        static void Convert<T>(ReadOnlySpan<byte> bytes, Span<double> to)
            where T : unmanaged, System.Numerics.INumberBase<T>
        {
            var from = MemoryMarshal.Cast<byte, T>(bytes);
            for (var i = 0; i < from.Length; i++)
                to[i] = double.CreateChecked(from[i]);
        }
    }

    private SceneException Misshapen(string why) =>
        new(
            SceneFault.ShapeMismatch,
            $"{_storage.Path}: tensor '{Name}' [{string.Join(", ", Shape)}] {why}",
            "Save it again with its own storage: tensor.contiguous().clone()."
        );

    private static Int128 Span(long[] shape, long[] strides) =>
        1 + shape.Zip(strides).Aggregate(Int128.Zero, (sum, pair) => sum + (Int128)(pair.First - 1) * pair.Second);

    private static bool IsDense(long[] shape, long[] strides)
    {
        var expected = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }

    private static void Gather(ReadOnlySpan<byte> from, Span<byte> to, long[] shape, long[] strides, int size)
    {
        var at = new long[shape.Length];
        var source = 0L;
        for (var done = 0; ; done += size)
        {
            from.Slice((int)source * size, size).CopyTo(to[done..]);
            var axis = shape.Length - 1;
            for (; axis >= 0; axis--)
            {
                source += strides[axis];
                if (++at[axis] < shape[axis])
                    break;
                source -= strides[axis] * shape[axis];
                at[axis] = 0;
            }
            if (axis < 0)
                return;
        }
    }
}

/// <summary>Gets the bytes of one plane, in order. They are reused for the next.</summary>
public delegate void PlaneReader(int index, ReadOnlySpan<byte> bytes);

/// <summary>Numbers in a row in an open file.</summary>
/// <param name="Start">In bytes from the file's beginning.</param>
/// <param name="Crc">The checksum of all its bytes, where the container has one.</param>
internal sealed record Storage(string Path, SafeFileHandle File, long Start, long Count, ElementType Type, uint? Crc)
{
    public void Read(long offset, Span<byte> bytes)
    {
        var at = Start + offset;
        while (!bytes.IsEmpty)
        {
            var got = RandomAccess.Read(File, bytes, at);
            if (got == 0)
                throw SceneException.Unreadable(Path, "it ends in the middle of its numbers");
            at += got;
            bytes = bytes[got..];
        }
    }
}
