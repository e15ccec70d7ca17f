using System.Buffers.Binary;

namespace Muster.Node.Engines.Survey;

/// <summary>
/// The headers of JPEG, PNG and TIFF: walked part by part, only the parts asked for are read, and none is unpacked. So
/// no photo costs more than its length.
/// </summary>
internal static class PhotoHeaders
{
    private const int MostExif = 1 << 20;
    private static ReadOnlySpan<byte> Exif => "Exif\0\0"u8;
    private static ReadOnlySpan<byte> Xmp => "http://ns.adobe.com/xap/1.0/\0"u8;

    // the last byte says that it is not compressed
    private static ReadOnlySpan<byte> PngXmp => "XML:com.adobe.xmp\0\0"u8;

    /// <summary>Null for a file of another format.</summary>
    /// <exception cref="IOException">The file is broken.</exception>
    public static Photo? AddTo(Photo photo, Stream file)
    {
        Span<byte> magic = stackalloc byte[4];
        if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length)
            return null;
        return magic switch
        {
            [0xff, 0xd8, ..] => Jpeg(photo, file),
            [0x89, (byte)'P', (byte)'N', (byte)'G'] => Png(photo, file),
            [(byte)'I', (byte)'I', 42, 0] or [(byte)'M', (byte)'M', 0, 42] => ExifBlock.AddTo(photo, file),
            _ => null,
        };
    }

    private static Photo Jpeg(Photo photo, Stream file)
    {
        const byte app1 = 0xe1,
            startOfScan = 0xda,
            endOfImage = 0xd9;
        var hasExif = false;
        file.Position = 2;
        while (true)
        {
            var marker = file.ReadByte();
            if (marker != 0xff)
                throw new IOException("no marker where one is due");
            while (marker == 0xff)
                marker = file.ReadByte();
            if (marker is startOfScan or endOfImage)
                return photo;
            if (marker is 0x01 or (>= 0xd0 and <= 0xd8))
                continue; // these have no content
            var content = BinaryPrimitives.ReadUInt16BigEndian(Block(file, 2)) - 2;
            if (content < 0)
                throw new IOException("a segment shorter than its head");
            var next = Within(file, file.Position + content);
            if (marker == app1)
            {
                var block = Block(file, content);
                if (!hasExif && block.AsSpan().StartsWith(Exif))
                    (hasExif, photo) = (true, WithExif(photo, block[Exif.Length..]));
                else if (block.AsSpan().StartsWith(Xmp))
                    photo = WithXmp(photo, block.AsSpan(Xmp.Length));
            }
            else if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc) && content >= 5)
            {
                var frame = Block(file, 5);
                photo = photo with { Height = (frame[1] << 8) | frame[2], Width = (frame[3] << 8) | frame[4] };
            }
            file.Seek(next, SeekOrigin.Begin); // unlike setting the position, it keeps what is in the buffer
        }
    }

    private static Photo Png(Photo photo, Stream file)
    {
        const int checksum = 4;
        file.Position = 8;
        while (true)
        {
            var head = Block(file, 8);
            var length = BinaryPrimitives.ReadUInt32BigEndian(head);
            var next = Within(file, file.Position + length + checksum);
            switch (head.AsSpan(4))
            {
                case [(byte)'I', (byte)'E', (byte)'N', (byte)'D']:
                    return photo;
                case [(byte)'I', (byte)'H', (byte)'D', (byte)'R'] when length >= 8:
                    var size = Block(file, 8);
                    photo = photo with
                    {
                        Width = BinaryPrimitives.ReadInt32BigEndian(size),
                        Height = BinaryPrimitives.ReadInt32BigEndian(size.AsSpan(4)),
                    };
                    break;
                case [(byte)'e', (byte)'X', (byte)'I', (byte)'f'] when length <= MostExif:
                    photo = WithExif(photo, Block(file, (int)length));
                    break;
                case [(byte)'i', (byte)'T', (byte)'X', (byte)'t'] when length <= XmpPacket.MostBytes:
                    // Keyword, the two bytes on compression, then language and translated keyword, each with its end.
                    var text = Block(file, (int)length);
                    if (!text.AsSpan().StartsWith(PngXmp))
                        break;
                    var packet = text.AsSpan(Math.Min(text.Length, PngXmp.Length + 1));
                    for (var skipped = 0; skipped < 2; skipped++)
                        packet = packet[(packet.IndexOf((byte)0) + 1)..];
                    photo = WithXmp(photo, packet);
                    break;
            }
            file.Seek(next, SeekOrigin.Begin); // unlike setting the position, it keeps what is in the buffer
        }
    }

    /// <summary>A broken block says nothing; the photo can be read all the same.</summary>
    private static Photo WithExif(Photo photo, byte[] block)
    {
        try
        {
            return ExifBlock.AddTo(photo, new MemoryStream(block, writable: false));
        }
        catch (EndOfStreamException)
        {
            return photo;
        }
    }

    private static Photo WithXmp(Photo photo, ReadOnlySpan<byte> packet) =>
        photo.HeightAboveStart is null ? photo with { HeightAboveStart = XmpPacket.HeightAboveStart(packet) } : photo;

    private static byte[] Block(Stream file, int bytes)
    {
        var block = new byte[bytes];
        file.ReadExactly(block);
        return block;
    }

    private static long Within(Stream file, long place) =>
        place <= file.Length ? place : throw new EndOfStreamException();
}
