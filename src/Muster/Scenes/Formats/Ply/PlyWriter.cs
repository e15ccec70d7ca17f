using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Muster.Scenes.Formats.Ply;

public enum PlyFormat
{
    Binary,
    BigEndian,
    Ascii,
}

/// <summary>Writes a coloured cloud, whose size is known beforehand, as it comes.</summary>
public sealed class PlyWriter
{
    private readonly Stream _to;
    private readonly PlyFormat _format;
    private readonly bool _doubles;
    private readonly byte[] _buffer = new byte[1 << 16];

    public PlyWriter(
        Stream to,
        long count,
        PlyFormat format = PlyFormat.Binary,
        bool doubles = false,
        string? comment = null
    )
    {
        (_to, _format, _doubles) = (to, format, doubles);
        var number = doubles ? "double" : "float";
        var kind = format switch
        {
            PlyFormat.Ascii => "ascii",
            PlyFormat.BigEndian => "binary_big_endian",
            _ => "binary_little_endian",
        };
        to.Write(
            Encoding.ASCII.GetBytes(
                $"ply\nformat {kind} 1.0\n{(comment is null ? "" : $"comment {comment}\n")}element vertex {count}\n"
                    + $"property {number} x\nproperty {number} y\nproperty {number} z\nproperty uchar red\nproperty "
                    + $"uchar green\nproperty uchar blue\nend_header\n"
            )
        );
    }

    public void Write(ReadOnlySpan<ScenePoint> points)
    {
        const int mostRecord = 128;
        var used = 0;
        foreach (ref readonly var point in points)
        {
            if (used > _buffer.Length - mostRecord)
                Flush(ref used);
            var record = _buffer.AsSpan(used);
            used += _format == PlyFormat.Ascii ? Ascii(record, point) : Binary(record, point);
        }
        Flush(ref used);
    }

    private int Binary(Span<byte> to, in ScenePoint point)
    {
        var size = _doubles ? 8 : 4;
        Number(to, point.Position.X);
        Number(to[size..], point.Position.Y);
        Number(to[(2 * size)..], point.Position.Z);
        to[(3 * size) + 2] = point.Blue;
        to[(3 * size) + 1] = point.Green;
        to[3 * size] = point.Red;
        return (3 * size) + 3;
    }

    private void Number(Span<byte> to, double value)
    {
        if (_doubles && _format == PlyFormat.BigEndian)
            BinaryPrimitives.WriteDoubleBigEndian(to, value);
        else if (_doubles)
            BinaryPrimitives.WriteDoubleLittleEndian(to, value);
        else if (_format == PlyFormat.BigEndian)
            BinaryPrimitives.WriteSingleBigEndian(to, (float)value);
        else
            BinaryPrimitives.WriteSingleLittleEndian(to, (float)value);
    }

    private int Ascii(Span<byte> to, in ScenePoint point)
    {
        var at = 0;
        foreach (var value in (ReadOnlySpan<double>)[point.Position.X, point.Position.Y, point.Position.Z])
        {
            var length = 0;
            if (_doubles)
                Utf8Formatter.TryFormat(value, to[at..], out length);
            else
                Utf8Formatter.TryFormat((float)value, to[at..], out length);
            at += length;
            to[at++] = (byte)' ';
        }
        foreach (var value in (ReadOnlySpan<byte>)[point.Red, point.Green, point.Blue])
        {
            Utf8Formatter.TryFormat(value, to[at..], out var length);
            at += length;
            to[at++] = (byte)' ';
        }
        to[at - 1] = (byte)'\n';
        return at;
    }

    private void Flush(ref int used)
    {
        _to.Write(_buffer, 0, used);
        used = 0;
    }
}
