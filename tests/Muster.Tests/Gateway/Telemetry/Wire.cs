using System.Buffers.Binary;
using System.Text;

namespace Muster.Gateway.Telemetry;

/// <summary>
/// A message in protobuf's wire format, read without its schema: fields by number, as often as they come.
/// </summary>
internal sealed class Wire
{
    private readonly List<(int Field, ulong Number, byte[]? Bytes)> _fields = [];

    public Wire(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var tag = Varint(ref bytes);
            switch (tag & 7)
            {
                case 0:
                    _fields.Add(((int)(tag >> 3), Varint(ref bytes), null));
                    break;
                case 1:
                    _fields.Add(((int)(tag >> 3), BinaryPrimitives.ReadUInt64LittleEndian(bytes), null));
                    bytes = bytes[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref bytes);
                    _fields.Add(((int)(tag >> 3), 0, bytes[..length].ToArray()));
                    bytes = bytes[length..];
                    break;
                case 5:
                    _fields.Add(((int)(tag >> 3), BinaryPrimitives.ReadUInt32LittleEndian(bytes), null));
                    bytes = bytes[4..];
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7}");
            }
        }
    }

    /// <summary>Messages below a path of field numbers.</summary>
    public IEnumerable<Wire> Below(params int[] path) =>
        path is [var first, .. var rest] ? Parts(first).SelectMany(part => part.Below(rest)) : [this];

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    public byte[] Bytes(int field) => _fields.FirstOrDefault(one => one.Field == field).Bytes ?? [];

    public ulong Number(int field) => _fields.FirstOrDefault(one => one.Field == field).Number;

    public double Double(int field) => BitConverter.UInt64BitsToDouble(Number(field));

    public bool Has(int field) => _fields.Exists(one => one.Field == field);

    /// <summary>Key-value pairs, as attributes are.</summary>
    public Dictionary<string, string> Pairs(int field) =>
        Parts(field)
            .ToDictionary(
                pair => pair.Text(1),
                pair => new Wire(pair.Bytes(2)) is var value && value.Has(1) ? value.Text(1) : $"{value.Number(3)}"
            );

    private IEnumerable<Wire> Parts(int field) =>
        _fields.Where(one => one.Field == field).Select(one => new Wire(one.Bytes));

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var one = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
                return value;
        }
    }
}
