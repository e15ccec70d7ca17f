using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Muster.Runs.Measures;

/// <summary>
/// Reads the scalars of a TensorBoard event file: records with their lengths, each an <c>Event</c> in protobuf, of
/// which the few fields are read that tell a step and a number.
/// </summary>
internal static class EventFile
{
    public static IReadOnlyList<MetricSeries> Read(ReadOnlySpan<byte> file)
    {
        var book = new MetricBook();
        // length (8), its checksum (4), data, its checksum (4); what is cut off at the end is still being written
        while (file.Length >= 16)
        {
            var length = BinaryPrimitives.ReadUInt64LittleEndian(file);
            if (length > (ulong)(file.Length - 16))
                break;
            ReadEvent(file.Slice(12, (int)length), book);
            file = file[(16 + (int)length)..];
        }
        return book.Series();
    }

    private static void ReadEvent(ReadOnlySpan<byte> data, MetricBook book)
    {
        long step = 0;
        ReadOnlySpan<byte> summary = default;
        var fields = new Fields(data);
        while (fields.Next())
        {
            if (fields is { Number: 2, Kind: 0 })
                step = (long)fields.Value;
            else if (fields is { Number: 5, Kind: 2 })
                summary = fields.Bytes;
        }
        var values = new Fields(summary);
        while (values.Next())
        {
            if (values is { Number: 1, Kind: 2 })
                ReadValue(values.Bytes, step, book);
        }
    }

    private static void ReadValue(ReadOnlySpan<byte> data, long step, MetricBook book)
    {
        var tag = "";
        double? number = null;
        var fields = new Fields(data);
        while (fields.Next())
        {
            switch (fields.Number, fields.Kind)
            {
                case (1, 2) when fields.Bytes.Length <= 200:
                    tag = Encoding.UTF8.GetString(fields.Bytes);
                    break;
                case (2, 5):
                    number = Exact(BitConverter.UInt32BitsToSingle((uint)fields.Value));
                    break;
                case (8, 2):
                    number = Scalar(fields.Bytes) ?? number;
                    break;
            }
        }
        if (number is { } value)
            book.Put(tag, step, value);
    }

    /// <summary>The one number of a tensor; null where it holds anything else.</summary>
    private static double? Scalar(ReadOnlySpan<byte> data)
    {
        ulong type = 0;
        double? number = null;
        ReadOnlySpan<byte> content = default;
        var fields = new Fields(data);
        while (fields.Next())
        {
            switch (fields.Number, fields.Kind)
            {
                case (1, 0):
                    type = fields.Value;
                    break;
                case (4, 2):
                    content = fields.Bytes;
                    break;
                case (5, 5):
                    number = Exact(BitConverter.UInt32BitsToSingle((uint)fields.Value));
                    break;
                case (5, 2) when fields.Bytes.Length == 4:
                    number = Exact(BinaryPrimitives.ReadSingleLittleEndian(fields.Bytes));
                    break;
                case (6, 1):
                    number = BitConverter.UInt64BitsToDouble(fields.Value);
                    break;
                case (6, 2) when fields.Bytes.Length == 8:
                    number = BinaryPrimitives.ReadDoubleLittleEndian(fields.Bytes);
                    break;
            }
        }
        return (type, content.Length) switch
        {
            (1, 4) => Exact(BinaryPrimitives.ReadSingleLittleEndian(content)),
            (2, 8) => BinaryPrimitives.ReadDoubleLittleEndian(content),
            (19, 2) => Exact((float)BinaryPrimitives.ReadHalfLittleEndian(content)),
            (14, 2) => Exact(BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(content) << 16)),
            (3, 4) => BinaryPrimitives.ReadInt32LittleEndian(content),
            (9, 8) => BinaryPrimitives.ReadInt64LittleEndian(content),
            (1 or 2 or 14 or 19, 0) => number,
            _ => null,
        };
    }

    /// <summary>The shortest decimal number that is this one: 0.3, not 0.30000001192092896.</summary>
    private static double Exact(float value) =>
        float.IsFinite(value)
            ? double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : value;

    /// <summary>The fields of one message; a broken one ends them.</summary>
    private ref struct Fields(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _rest = data;

        public int Number { get; private set; }

        /// <summary>0: a number, 1 and 5: eight and four bytes, 2: bytes.</summary>
        public int Kind { get; private set; }
        public ulong Value { get; private set; }
        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty || !Take(out var key))
                return false;
            (Number, Kind) = ((int)Math.Min(key >> 3, int.MaxValue), (int)(key & 7));
            switch (Kind)
            {
                case 0:
                    if (!Take(out var value))
                        return false;
                    Value = value;
                    return true;
                case 1 when _rest.Length >= 8:
                    Value = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                    _rest = _rest[8..];
                    return true;
                case 5 when _rest.Length >= 4:
                    Value = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                    _rest = _rest[4..];
                    return true;
                case 2:
                    if (!Take(out var length) || length > (ulong)_rest.Length)
                        return false;
                    Bytes = _rest[..(int)length];
                    _rest = _rest[(int)length..];
                    return true;
                default:
                    return false;
            }
        }

        private bool Take(out ulong value)
        {
            value = 0;
            for (var i = 0; i < 10 && i < _rest.Length; i++)
            {
                value |= (ulong)(_rest[i] & 127) << (7 * i);
                if (_rest[i] < 128)
                {
                    _rest = _rest[(i + 1)..];
                    return true;
                }
            }
            return false;
        }
    }
}
