using System.Buffers.Binary;
using System.Text;

namespace Muster.Node.Engines;

/// <summary>A JPEG of headers only, with the EXIF data that a drone's camera would write.</summary>
internal sealed record TestPhoto
{
    public double? Latitude { get; init; }
    public double Longitude { get; init; }
    public double Altitude { get; init; } = 150;
    public DateTime Taken { get; init; } = new(2025, 6, 1, 12, 0, 0);
    public string Model { get; init; } = "FC350";
    public ushort Width { get; init; } = 4000;
    public ushort Height { get; init; } = 3000;
    public double? HeightAboveStart { get; init; }

    /// <summary>XML that stands in the XMP packet before everything else.</summary>
    public string Nested { get; init; } = "";

    public byte[] Jpeg()
    {
        using var jpeg = new MemoryStream();
        jpeg.Write([0xff, 0xd8]);
        Segment(jpeg, 0xe1, [.. "Exif\0\0"u8, .. Tiff()]);
        if (HeightAboveStart is { } height)
        {
            Segment(
                jpeg,
                0xe1,
                Encoding.UTF8.GetBytes(
                    $"""http://ns.adobe.com/xap/1.0/{'\0'}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{Nested}<rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:RelativeAltitude="+{height}"/></rdf:RDF></x:xmpmeta>"""
                )
            );
        }
        Segment(jpeg, 0xc0, [8, (byte)(Height >> 8), (byte)Height, (byte)(Width >> 8), (byte)Width, 1, 1, 0x11, 0]);
        jpeg.Write([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0, 0xff, 0xd9]);
        return jpeg.ToArray();
    }

    private static void Segment(MemoryStream jpeg, byte marker, byte[] content)
    {
        var length = content.Length + 2;
        jpeg.Write([0xff, marker, (byte)(length >> 8), (byte)length]);
        jpeg.Write(content);
    }

    private byte[] Tiff()
    {
        var tiff = new TiffBytes();
        tiff.Directory(
            8,
            [
                TiffBytes.Text(0x010f, "DJI"),
                TiffBytes.Text(0x0110, Model),
                TiffBytes.Long(0x8769, 1000),
                .. Latitude is null ? Array.Empty<TiffBytes.Entry>() : [TiffBytes.Long(0x8825, 2000)],
            ]
        );
        tiff.Directory(1000, [TiffBytes.Text(0x9003, $"{Taken:yyyy:MM:dd HH:mm:ss}"), TiffBytes.Short(0xa405, 20)]);
        if (Latitude is { } latitude)
        {
            tiff.Directory(
                2000,
                [
                    TiffBytes.Text(1, latitude < 0 ? "S" : "N"),
                    TiffBytes.Degrees(2, Math.Abs(latitude)),
                    TiffBytes.Text(3, Longitude < 0 ? "W" : "E"),
                    TiffBytes.Degrees(4, Math.Abs(Longitude)),
                    TiffBytes.Byte(5, 0),
                    TiffBytes.Rationals(6, Altitude),
                ]
            );
        }
        return tiff.Bytes;
    }

    /// <summary>
    /// Little-endian TIFF with directories at given places; values that do not fit into an entry follow behind.
    /// </summary>
    private sealed class TiffBytes
    {
        private int _free = 3000;

        public byte[] Bytes { get; } = [.. "II*\0\x8\0\0\0"u8, .. new byte[4000]];

        public sealed record Entry(ushort Tag, ushort Type, int Count, byte[] Value);

        public static Entry Text(ushort tag, string text) =>
            new(tag, 2, text.Length + 1, Encoding.ASCII.GetBytes(text + "\0"));

        public static Entry Byte(ushort tag, byte value) => new(tag, 1, 1, [value]);

        public static Entry Short(ushort tag, short value) => new(tag, 3, 1, [(byte)value, (byte)(value >> 8)]);

        public static Entry Long(ushort tag, int value) => new(tag, 4, 1, BitConverter.GetBytes(value));

        public static Entry Rationals(ushort tag, params IEnumerable<double> values) =>
            new(
                tag,
                5,
                values.Count(),
                [
                    .. values.SelectMany(value =>
                        (byte[])
                            [
                                .. BitConverter.GetBytes((uint)Math.Round(value * 1_000_000)),
                                .. BitConverter.GetBytes(1_000_000u),
                            ]
                    ),
                ]
            );

        public static Entry Degrees(ushort tag, double degrees) =>
            Rationals(tag, Math.Floor(degrees), 0, (degrees - Math.Floor(degrees)) * 3600);

        public void Directory(int at, IReadOnlyList<Entry> entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(at), (ushort)entries.Count);
            foreach (var (entry, index) in entries.Select((entry, index) => (entry, index)))
            {
                var span = Bytes.AsSpan(at + 2 + (12 * index));
                BinaryPrimitives.WriteUInt16LittleEndian(span, entry.Tag);
                BinaryPrimitives.WriteUInt16LittleEndian(span[2..], entry.Type);
                BinaryPrimitives.WriteInt32LittleEndian(span[4..], entry.Count);
                if (entry.Value.Length <= 4)
                {
                    entry.Value.CopyTo(span[8..]);
                    continue;
                }
                BinaryPrimitives.WriteInt32LittleEndian(span[8..], _free);
                entry.Value.CopyTo(Bytes, _free);
                _free += entry.Value.Length;
            }
        }
    }
}
