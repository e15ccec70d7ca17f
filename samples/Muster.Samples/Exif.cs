using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Muster.Samples;

/// <summary>
/// What a drone's camera writes into a photo: where, when, with which lens, and how high above its start.
/// </summary>
internal static class Exif
{
    private const double Latitude = 47,
        Longitude = 8,
        Altitude = 430,
        MetersPerDegree = 111_320;

    /// <param name="place">East and north of the landscape's middle, and above it, in meters.</param>
    public static IReadOnlyList<byte[]> Segments(Vector3 place, DateTime time) =>
        [
            [
                .. "Exif\0\0"u8,
                .. Tiff(
                    Latitude + (place.Y / MetersPerDegree),
                    Longitude + (place.X / MetersPerDegree / Math.Cos(Latitude * Math.PI / 180)),
                    Altitude + place.Z,
                    time
                ),
            ],
            Encoding.UTF8.GetBytes(
                $"""http://ns.adobe.com/xap/1.0/{'\0'}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:RelativeAltitude="+{place.Z:0.00}"/></rdf:RDF></x:xmpmeta>"""
            ),
        ];

    private static byte[] Tiff(double latitude, double longitude, double altitude, DateTime time)
    {
        const int first = 8,
            camera = 200,
            gps = 400,
            values = 600;
        var tiff = new Writer(values);
        tiff.Directory(
            first,
            [
                Text(0x010f, "Muster"),
                Text(0x0110, "Rendered 1"),
                Text(0x0132, $"{time:yyyy:MM:dd HH:mm:ss}"),
                Number(0x8769, 4, camera),
                Number(0x8825, 4, gps),
            ]
        );
        tiff.Directory(
            camera,
            [
                Rationals(0x829a, 1 / 1000.0),
                Rationals(0x829d, 2.8),
                Text(0x9003, $"{time:yyyy:MM:dd HH:mm:ss}"),
                Rationals(0x920a, 8.8),
                Number(0xa002, 4, Camera.Width),
                Number(0xa003, 4, Camera.Height),
                Number(0xa405, 3, Camera.Focal35),
            ]
        );
        tiff.Directory(
            gps,
            [
                Text(1, "N"),
                Degrees(2, latitude),
                Text(3, "E"),
                Degrees(4, longitude),
                Number(5, 1, 0),
                Rationals(6, altitude),
            ]
        );
        return [.. "II*\0"u8, .. BitConverter.GetBytes(first), .. tiff.Bytes.AsSpan(first)];
    }

    private sealed record Entry(ushort Tag, ushort Type, int Count, byte[] Value);

    private static Entry Text(ushort tag, string text) =>
        new(tag, 2, text.Length + 1, Encoding.ASCII.GetBytes(text + "\0"));

    private static Entry Number(ushort tag, ushort type, int value) => new(tag, type, 1, BitConverter.GetBytes(value));

    private static Entry Degrees(ushort tag, double degrees) =>
        Rationals(tag, Math.Floor(degrees), Math.Floor(degrees * 60 % 60), degrees * 3600 % 60);

    private static Entry Rationals(ushort tag, params IReadOnlyList<double> values) =>
        new(
            tag,
            5,
            values.Count,
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

    /// <summary>
    /// Directories at given places; values that do not fit into an entry follow from <paramref name="free"/> on.
    /// </summary>
    private sealed class Writer(int free)
    {
        private int _free = free;

        public byte[] Bytes { get; } = new byte[1000];

        public void Directory(int at, IReadOnlyList<Entry> entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(at), (ushort)entries.Count);
            at += 2;
            foreach (var entry in entries)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(at), entry.Tag);
                BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(at + 2), entry.Type);
                BinaryPrimitives.WriteInt32LittleEndian(Bytes.AsSpan(at + 4), entry.Count);
                var aside = entry.Value.Length > 4;
                if (aside)
                    BinaryPrimitives.WriteInt32LittleEndian(Bytes.AsSpan(at + 8), _free);
                entry.Value.CopyTo(Bytes, aside ? _free : at + 8);
                if (aside)
                    _free += entry.Value.Length;
                at += 12;
            }
        }
    }
}
