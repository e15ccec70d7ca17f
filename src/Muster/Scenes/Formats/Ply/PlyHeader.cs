using System.Globalization;
using System.Text;

namespace Muster.Scenes.Formats.Ply;

internal enum PlyType
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Float32,
    Float64,
}

/// <param name="CountType">Of a list, what its length is written as.</param>
internal sealed record PlyProperty(string Name, PlyType Type, PlyType? CountType);

internal sealed record PlyElement(string Name, long Count, List<PlyProperty> Properties);

/// <summary>What a PLY file says it holds.</summary>
internal sealed record PlyHeader(PlyFormat Format, IReadOnlyList<PlyElement> Elements)
{
    private const int MostLine = 4096,
        MostLines = 1000;

    public static PlyHeader Read(string path, Stream from)
    {
        if (Line(path, from) != "ply")
            throw SceneException.Unreadable(path, "it is no PLY file");
        PlyFormat? format = null;
        var elements = new List<PlyElement>();
        for (var lines = 0; lines < MostLines; lines++)
        {
            var line = Line(path, from);
            switch (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                case ["format", var name, _]:
                    format = name switch
                    {
                        "ascii" => PlyFormat.Ascii,
                        "binary_little_endian" => PlyFormat.Binary,
                        "binary_big_endian" => PlyFormat.BigEndian,
                        _ => throw SceneException.Unreadable(path, $"its format '{name}' is not known"),
                    };
                    break;
                case ["comment" or "obj_info", ..] or []:
                    break;
                case ["element", var name, var count]
                    when long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number):
                    elements.Add(new(name, number, []));
                    break;
                case ["property", "list", var count, var type, var name] when elements.Count > 0:
                    elements[^1].Properties.Add(new(name, TypeOf(path, type), TypeOf(path, count)));
                    break;
                case ["property", var type, var name] when elements.Count > 0:
                    elements[^1].Properties.Add(new(name, TypeOf(path, type), null));
                    break;
                case ["end_header"]:
                    return new(format ?? throw SceneException.Unreadable(path, "its header names no format"), elements);
                default:
                    throw SceneException.Unreadable(
                        path,
                        $"its header has a line that PLY does not know: '{(line.Length > 60 ? line[..60] : line)}'"
                    );
            }
        }
        throw SceneException.Unreadable(path, "its header does not end");
    }

    public static int Size(PlyType type) =>
        type switch
        {
            PlyType.Int8 or PlyType.UInt8 => 1,
            PlyType.Int16 or PlyType.UInt16 => 2,
            PlyType.Float64 => 8,
            _ => 4,
        };

    private static PlyType TypeOf(string path, string name) =>
        name switch
        {
            "char" or "int8" => PlyType.Int8,
            "uchar" or "uint8" => PlyType.UInt8,
            "short" or "int16" => PlyType.Int16,
            "ushort" or "uint16" => PlyType.UInt16,
            "int" or "int32" => PlyType.Int32,
            "uint" or "uint32" => PlyType.UInt32,
            "float" or "float32" => PlyType.Float32,
            "double" or "float64" => PlyType.Float64,
            _ => throw SceneException.Unreadable(
                path,
                $"its header has a type that PLY does not know: '{(name.Length > 60 ? name[..60] : name)}'"
            ),
        };

    private static string Line(string path, Stream from)
    {
        var line = new List<byte>();
        for (int one; (one = from.ReadByte()) != '\n'; line.Add((byte)one))
        {
            if (one < 0 || line.Count == MostLine)
                throw SceneException.Unreadable(path, "its header is cut off");
        }
        return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
    }
}
