using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Muster.Node.Engines.Survey;

/// <summary>
/// TIFF directories as EXIF uses them: the first, and the two that it names. Of each only the entries asked for are
/// kept and none leads any further,
/// so that a photo costs no more than the length of its directories, whatever their entries claim.
/// </summary>
internal sealed class ExifBlock
{
    private const ushort ImageWidth = 0x0100,
        ImageHeight = 0x0101,
        Make = 0x010f,
        Model = 0x0110,
        Xmp = 0x02bc,
        ExifPlace = 0x8769,
        GpsPlace = 0x8825;
    private const ushort Taken = 0x9003,
        ExifWidth = 0xa002,
        ExifHeight = 0xa003,
        Focal35 = 0xa405;
    private const ushort LatitudeRef = 1,
        Latitude = 2,
        LongitudeRef = 3,
        Longitude = 4,
        AltitudeRef = 5,
        Altitude = 6;
    private const int EntryBytes = 12;
    private const int MostText = 1024;

    private static readonly string[] Dates =
    [
        "yyyy:MM:dd HH:mm:ss",
        "yyyy:MM:dd HH:mm:ss.fff",
        "yyyy:MM:dd HH:mm",
        "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd HH:mm",
        "yyyy.MM.dd HH:mm:ss",
        "yyyy.MM.dd HH:mm",
        "yyyy-MM-ddTHH:mm:ss",
        "yyyy-MM-ddTHH:mm:ss.fff",
        "yyyy-MM-ddTHH:mm",
    ];

    private readonly Stream _tiff;
    private readonly bool _isLittle;

    private readonly record struct Entry(ushort Type, uint Count, byte[] Value);

    private ExifBlock(Stream tiff, bool isLittle) => (_tiff, _isLittle) = (tiff, isLittle);

    /// <summary>Adds to the photo what the block says of it.</summary>
    /// <exception cref="IOException">It is no TIFF, or shorter than it says.</exception>
    public static Photo AddTo(Photo photo, Stream tiff)
    {
        tiff.Position = 0;
        Span<byte> head = stackalloc byte[8];
        tiff.ReadExactly(head);
        var block = new ExifBlock(tiff, head[0] == (byte)'I');
        var first = block.Directory(
            block.Long(head[4..]),
            [ImageWidth, ImageHeight, Make, Model, Xmp, ExifPlace, GpsPlace]
        );
        var exif = block.Named(first, ExifPlace, [Taken, ExifWidth, ExifHeight, Focal35]);
        var gps = block.Named(first, GpsPlace, [LatitudeRef, Latitude, LongitudeRef, Longitude, AltitudeRef, Altitude]);
        var camera = string.Join(
            ' ',
            new[] { block.Text(first, Make), block.Text(first, Model) }.Where(text => text is { Length: > 0 })
        );
        var position = (
            Latitude: block.Degrees(gps, Latitude, LatitudeRef, 'S'),
            Longitude: block.Degrees(gps, Longitude, LongitudeRef, 'W')
        );
        var isPlaced = position is { Latitude: not null, Longitude: not null };
        return photo with
        {
            Width = photo.Width ?? block.Whole(first, ImageWidth) ?? block.Whole(exif, ExifWidth),
            Height = photo.Height ?? block.Whole(first, ImageHeight) ?? block.Whole(exif, ExifHeight),
            Camera = camera.Length > 0 ? camera : null,
            Taken = DateTime.TryParseExact(
                block.Text(exif, Taken),
                Dates,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var taken
            )
                ? taken
                : null,
            Latitude = isPlaced ? position.Latitude : null,
            Longitude = isPlaced ? position.Longitude : null,
            Altitude =
                block.Real(gps, Altitude) is { } altitude && double.IsFinite(altitude)
                    ? altitude * (block.Whole(gps, AltitudeRef) == 1 ? -1 : 1)
                    : null,
            Focal35 = block.Whole(exif, Focal35) is > 0 and var focal ? focal : null,
            HeightAboveStart =
                photo.HeightAboveStart
                ?? (
                    block.Find(first, Xmp, XmpPacket.MostBytes) is { } packet
                        ? XmpPacket.HeightAboveStart(packet.Value)
                        : null
                ),
        };
    }

    private static int SizeOf(ushort type) =>
        type switch
        {
            1 or 2 or 6 or 7 => 1,
            3 or 8 => 2,
            4 or 9 or 11 or 13 => 4,
            5 or 10 or 12 => 8,
            _ => 0,
        };

    private Dictionary<ushort, Entry> Directory(uint at, ReadOnlySpan<ushort> wanted)
    {
        _tiff.Position = at;
        Span<byte> two = stackalloc byte[2];
        _tiff.ReadExactly(two);
        var entries = new byte[Short(two) * EntryBytes];
        _tiff.ReadExactly(entries);
        var found = new Dictionary<ushort, Entry>();
        for (var from = 0; from < entries.Length; from += EntryBytes)
        {
            var entry = entries.AsSpan(from, EntryBytes);
            if (wanted.Contains(Short(entry)))
                found.TryAdd(Short(entry), new(Short(entry[2..]), Long(entry[4..]), entry[8..].ToArray()));
        }
        return found;
    }

    /// <summary>
    /// A directory whose place an entry holds; an empty one where it is not there, as photos without it can be read all
    /// the same.
    /// </summary>
    private Dictionary<ushort, Entry> Named(Dictionary<ushort, Entry> first, ushort place, ReadOnlySpan<ushort> wanted)
    {
        try
        {
            return Whole(first, place) is > 0 and var at ? Directory((uint)at, wanted) : [];
        }
        catch (EndOfStreamException)
        {
            return [];
        }
    }

    /// <summary>The entry with its value read; null where there is none, or one longer than anybody writes.</summary>
    private Entry? Find(Dictionary<ushort, Entry> directory, ushort tag, int most)
    {
        if (!directory.TryGetValue(tag, out var entry))
            return null;
        var bytes = SizeOf(entry.Type) * (long)entry.Count;
        if (bytes == 0 || bytes > most)
            return null;
        if (bytes <= entry.Value.Length)
            return entry with { Value = entry.Value[..(int)bytes] };
        var at = Long(entry.Value);
        if (at + bytes > _tiff.Length)
            return null;
        var value = new byte[bytes];
        _tiff.Position = at;
        _tiff.ReadExactly(value);
        return entry with { Value = value };
    }

    private string? Text(Dictionary<ushort, Entry> directory, ushort tag) =>
        Find(directory, tag, MostText) is { } entry ? Encoding.UTF8.GetString(entry.Value).Trim('\0', ' ') : null;

    private int? Whole(Dictionary<ushort, Entry> directory, ushort tag) =>
        Real(directory, tag) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : null;

    private double? Real(Dictionary<ushort, Entry> directory, ushort tag) =>
        Reals(directory, tag) is [var number, ..] ? number : null;

    private double[] Reals(Dictionary<ushort, Entry> directory, ushort tag)
    {
        if (Find(directory, tag, MostText) is not { } entry)
            return [];
        var size = SizeOf(entry.Type);
        return
        [
            .. Enumerable
                .Range(0, entry.Value.Length / size)
                .Select(at => Number(entry.Type, entry.Value.AsSpan(at * size, size))),
        ];
    }

    private double Number(ushort type, ReadOnlySpan<byte> value) =>
        type switch
        {
            1 => value[0],
            6 => (sbyte)value[0],
            3 => Short(value),
            8 => (short)Short(value),
            4 or 13 => Long(value),
            9 => (int)Long(value),
            5 => Long(value) == 0 && Long(value[4..]) == 0 ? double.NaN : (double)Long(value) / Long(value[4..]),
            10 => (double)(int)Long(value) / (int)Long(value[4..]),
            _ => double.NaN,
        };

    /// <summary>Degrees, minutes and seconds as one number. What is not given, 0/0, counts as none.</summary>
    private double? Degrees(Dictionary<ushort, Entry> directory, ushort tag, ushort side, char negative)
    {
        if (
            Reals(directory, tag) is not [var degrees, var minutes, var seconds]
            || Text(directory, side) is not { } text
        )
            return null;
        double Given(double number) => double.IsNaN(number) ? 0 : number;
        var sum = Given(degrees) + (Given(minutes) / 60) + (Given(seconds) / 3600);
        return double.IsFinite(sum)
            ? text.StartsWith(negative)
                ? -sum
                : sum
            : null;
    }

    private ushort Short(ReadOnlySpan<byte> bytes) =>
        _isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private uint Long(ReadOnlySpan<byte> bytes) =>
        _isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
