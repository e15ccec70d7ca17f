using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Muster.Scenes.Formats.Ply;

/// <summary>The points of a PLY file, read as they are wanted. Other elements and properties are passed over.</summary>
public sealed class PlyCloud : IDisposable
{
    private const int Batch = 1 << 14;
    private readonly FileStream _file;
    private readonly PlyHeader _header;
    private readonly PlyElement _vertices;
    private readonly long _bodyAt;

    private PlyCloud(string path, FileStream file)
    {
        (Path, _file) = (path, file);
        _header = PlyHeader.Read(path, file);
        _bodyAt = file.Position;
        _vertices =
            _header.Elements.FirstOrDefault(element => element.Name == "vertex")
            ?? throw SceneException.Unreadable(path, "it has no vertices");
        foreach (var axis in (string[])["x", "y", "z"])
        {
            if (!_vertices.Properties.Any(property => property.Name == axis && property.CountType is null))
                throw SceneException.Unreadable(path, $"its vertices have no {axis}");
        }
    }

    public string Path { get; }
    public long Count => _vertices.Count;
    public bool HasColour => _vertices.Properties.Any(property => property.Name == "red");

    public static PlyCloud Open(string path)
    {
        FileStream? file = null;
        try
        {
            file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 18);
            return new(path, file);
        }
        catch (Exception fault)
        {
            file?.Dispose();
            if (fault is IOException or UnauthorizedAccessException)
                throw new SceneException(
                    SceneFault.Unreadable,
                    $"{path} cannot be opened: {fault.Message}",
                    "Name a file that is there and may be read.",
                    fault
                );
            throw;
        }
    }

    /// <summary>All points in order, in batches, as often as one asks. The batch is reused.</summary>
    public IEnumerable<ArraySegment<ScenePoint>> Read(CancellationToken ct)
    {
        _file.Position = _bodyAt;
        foreach (var batch in _header.Format == PlyFormat.Ascii ? AsciiBatches() : BinaryBatches(ct))
        {
            ct.ThrowIfCancellationRequested();
            yield return batch;
        }
    }

    public void Dispose() => _file.Dispose();

    private IEnumerable<ArraySegment<ScenePoint>> BinaryBatches(CancellationToken ct)
    {
        foreach (var before in _header.Elements.TakeWhile(element => element != _vertices))
            SkipBinary(before, ct);
        if (_vertices.Properties.Any(property => property.CountType is not null))
            throw SceneException.Unreadable(Path, "its vertices have lists, which Muster does not read");
        var size = _vertices.Properties.Sum(property => PlyHeader.Size(property.Type));
        if (Count > (_file.Length - _file.Position) / size)
            throw CutOff();
        var wanted = Wanted();
        var points = new ScenePoint[(int)Math.Min(Math.Min(Batch, Math.Max(1, Count)), Math.Max(1, (64 << 20) / size))];
        var buffer = new byte[size * points.Length];
        for (var left = Count; left > 0; )
        {
            var some = (int)Math.Min(left, points.Length);
            _file.ReadExactly(buffer, 0, some * size);
            for (var i = 0; i < some; i++)
                points[i] = PointIn(buffer.AsSpan(i * size, size), wanted, _header.Format == PlyFormat.BigEndian);
            yield return new(points, 0, some);
            left -= some;
        }
    }

    private void SkipBinary(PlyElement element, CancellationToken ct)
    {
        if (element.Properties.All(property => property.CountType is null))
        {
            var size = element.Properties.Sum(property => PlyHeader.Size(property.Type));
            if (size > 0 && element.Count > (_file.Length - _file.Position) / size)
                throw CutOff();
            _file.Position += element.Count * size;
            return;
        }
        SkipLists(element, ct);
    }

    /// <summary>
    /// Each list says only at its place how far the next one is: their lengths are taken from a buffer, many from one
    /// read.
    /// </summary>
    private void SkipLists(PlyElement element, CancellationToken ct)
    {
        var (length, at) = (_file.Length, _file.Position);
        var buffer = new byte[1 << 18];
        var (start, held) = (at, 0);
        for (var i = 0L; i < element.Count; i++)
        {
            if (i % Batch == 0)
                ct.ThrowIfCancellationRequested();
            foreach (var property in element.Properties)
            {
                var items = 1L;
                if (property.CountType is { } type)
                {
                    var size = PlyHeader.Size(type);
                    if (at + size > start + held)
                    {
                        (_file.Position, start) = (at, at);
                        held = _file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                        if (held < size)
                            throw CutOff();
                    }
                    var count = Value(buffer.AsSpan((int)(at - start)), type, _header.Format == PlyFormat.BigEndian);
                    if (!(count >= 0 && count <= length))
                        throw CutOff();
                    (items, at) = ((long)count, at + size);
                }
                at += items * PlyHeader.Size(property.Type);
                if (at > length)
                    throw CutOff();
            }
        }
        _file.Position = at;
    }

    private IEnumerable<ArraySegment<ScenePoint>> AsciiBatches()
    {
        var lines = new AsciiLines(_file);
        foreach (var before in _header.Elements.TakeWhile(element => element != _vertices))
        {
            for (var i = 0L; i < before.Count; i++)
                if (!lines.Next(out _))
                    throw CutOff();
        }
        var width = _vertices.Properties.Count;
        var columns = new double[width];
        int[] wanted =
        [
            .. ((string[])["x", "y", "z", "red", "green", "blue"]).Select(name =>
                _vertices.Properties.FindIndex(property => property.Name == name)
            ),
        ];
        var points = new ScenePoint[(int)Math.Min(Batch, Math.Max(1, Count))];
        var used = 0;
        for (var i = 0L; i < Count; i++)
        {
            if (!lines.Next(out var line))
                throw CutOff();
            if (NumberLine.Read(line.Span, columns) < width)
                throw SceneException.Unreadable(Path, $"its point {i + 1} is not {width} numbers");
            points[used++] = new(
                new(columns[wanted[0]], columns[wanted[1]], columns[wanted[2]]),
                Colour(wanted[3]),
                Colour(wanted[4]),
                Colour(wanted[5])
            );
            if (used < points.Length)
                continue;
            yield return new(points, 0, used);
            used = 0;
        }
        if (used > 0)
            yield return new(points, 0, used);

        byte Colour(int column) =>
            column < 0 ? (byte)200 : ColourOf(columns[column], _vertices.Properties[column].Type);
    }

    private SceneException CutOff() => SceneException.Unreadable(Path, "it ends before its last point");

    /// <summary>Where in a record x, y, z, red, green and blue are; null where there is no such property.</summary>
    private (int At, PlyType Type)?[] Wanted()
    {
        var places = new Dictionary<string, (int, PlyType)>(StringComparer.Ordinal);
        var at = 0;
        foreach (var property in _vertices.Properties)
        {
            places.TryAdd(property.Name, (at, property.Type));
            at += PlyHeader.Size(property.Type);
        }
        return
        [
            .. ((string[])["x", "y", "z", "red", "green", "blue"]).Select(name =>
                places.TryGetValue(name, out var place) ? place : ((int, PlyType)?)null
            ),
        ];
    }

    private static ScenePoint PointIn(ReadOnlySpan<byte> record, (int At, PlyType Type)?[] wanted, bool big)
    {
        var (x, y, z) = (wanted[0]!.Value, wanted[1]!.Value, wanted[2]!.Value);
        return new(
            new(
                Value(record[x.At..], x.Type, big),
                Value(record[y.At..], y.Type, big),
                Value(record[z.At..], z.Type, big)
            ),
            Colour(record, wanted[3], big),
            Colour(record, wanted[4], big),
            Colour(record, wanted[5], big)
        );
    }

    private static byte Colour(ReadOnlySpan<byte> record, (int At, PlyType Type)? place, bool big) =>
        place is not { } at ? (byte)200
        : at.Type == PlyType.UInt8 ? record[at.At]
        : ColourOf(Value(record[at.At..], at.Type, big), at.Type);

    private static byte ColourOf(double value, PlyType type) =>
        type switch
        {
            PlyType.Float32 or PlyType.Float64 => (byte)Math.Clamp(value * 255, 0, 255),
            PlyType.UInt16 => (byte)((int)Math.Clamp(value, 0, 65535) >> 8),
            _ => (byte)Math.Clamp(value, 0, 255),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Value(ReadOnlySpan<byte> at, PlyType type, bool big) =>
        type switch
        {
            PlyType.Float32 => big
                ? BinaryPrimitives.ReadSingleBigEndian(at)
                : BinaryPrimitives.ReadSingleLittleEndian(at),
            PlyType.Float64 => big
                ? BinaryPrimitives.ReadDoubleBigEndian(at)
                : BinaryPrimitives.ReadDoubleLittleEndian(at),
            PlyType.Int8 => (sbyte)at[0],
            PlyType.UInt8 => at[0],
            PlyType.Int16 => big ? BinaryPrimitives.ReadInt16BigEndian(at) : BinaryPrimitives.ReadInt16LittleEndian(at),
            PlyType.UInt16 => big
                ? BinaryPrimitives.ReadUInt16BigEndian(at)
                : BinaryPrimitives.ReadUInt16LittleEndian(at),
            PlyType.Int32 => big ? BinaryPrimitives.ReadInt32BigEndian(at) : BinaryPrimitives.ReadInt32LittleEndian(at),
            _ => big ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at),
        };
}
