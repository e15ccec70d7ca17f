using System.Globalization;
using MetadataExtractor;
using MetadataExtractor.Formats.Exif;
using MetadataExtractor.Formats.FileType;
using MetadataExtractor.Formats.Xmp;

namespace Muster.Node.Engines.Survey;

/// <summary>What a photo says of itself.</summary>
internal sealed record Photo
{
    public required string Name { get; init; }
    public long Bytes { get; init; }

    /// <summary>Why it cannot be read as a photo; null when it can.</summary>
    public string? Fault { get; init; }
    public int? Width { get; init; }
    public int? Height { get; init; }
    public string? Camera { get; init; }
    public DateTime? Taken { get; init; }
    public double? Latitude { get; init; }
    public double? Longitude { get; init; }

    /// <summary>Meters above the sea, or above the ellipsoid: cameras differ.</summary>
    public double? Altitude { get; init; }

    /// <summary>Meters above the place of the start, as some drones note it.</summary>
    public double? HeightAboveStart { get; init; }

    /// <summary>Millimeters, as if the sensor were 36 mm wide.</summary>
    public double? Focal35 { get; init; }

    public static Photo Read(string path)
    {
        var photo = new Photo { Name = Path.GetFileName(path), Bytes = new FileInfo(path).Length };
        if (photo.Bytes == 0)
            return photo with { Fault = "the file is empty" };
        try
        {
            using var file = File.OpenRead(path);
            if (PhotoHeaders.AddTo(photo, file) is { } read)
                return read;
            // Formats that few photos have. Whatever their reader does, it does it in a process with limits.
            file.Position = 0;
            var directories = ImageMetadataReader.ReadMetadata(file);
            if (
                directories
                    .OfType<FileTypeDirectory>()
                    .FirstOrDefault()
                    ?.GetString(FileTypeDirectory.TagDetectedFileMimeType)
                    ?.StartsWith("image/", StringComparison.Ordinal)
                is not true
            )
                return photo with { Fault = "it is no image" };
            return photo.With(directories);
        }
        catch (Exception fault)
            when (fault
                    is ImageProcessingException
                        or IOException
                        or MetadataException
                        or ArgumentException
                        or OverflowException
                        or IndexOutOfRangeException
            )
        {
            // the reader meets broken files with many kinds of fault
            return photo with { Fault = "it cannot be read as an image" };
        }
        catch (OutOfMemoryException)
        {
            return photo with { Fault = "reading it takes more memory than a survey may use" };
        }
    }

    private Photo With(IReadOnlyList<MetadataExtractor.Directory> directories)
    {
        var first = directories.OfType<ExifIfd0Directory>().FirstOrDefault();
        var exif = directories.OfType<ExifSubIfdDirectory>().FirstOrDefault();
        var gps = directories.OfType<GpsDirectory>().FirstOrDefault();
        var xmp = directories
            .OfType<XmpDirectory>()
            .SelectMany(directory => directory.GetXmpProperties())
            .GroupBy(pair => pair.Key)
            .ToDictionary(group => group.Key, group => group.First().Value);
        var position = gps?.GetGeoLocation();
        var camera = string.Join(
            ' ',
            new[] { first?.GetString(ExifDirectoryBase.TagMake), first?.GetString(ExifDirectoryBase.TagModel) }
                .Select(text => text?.Trim('\0', ' '))
                .Where(text => text is { Length: > 0 })
        );
        return this with
        {
            Width = Size(directories, "Image Width") ?? Number(exif, ExifDirectoryBase.TagExifImageWidth),
            Height = Size(directories, "Image Height") ?? Number(exif, ExifDirectoryBase.TagExifImageHeight),
            Camera = camera.Length > 0 ? camera : null,
            Taken = exif?.TryGetDateTime(ExifDirectoryBase.TagDateTimeOriginal, out var taken) is true ? taken : null,
            Latitude = position?.Latitude,
            Longitude = position?.Longitude,
            Altitude =
                gps?.TryGetRational(GpsDirectory.TagAltitude, out var altitude) is true && altitude.Denominator != 0
                    ? altitude.ToDouble()
                        * (gps.TryGetInt32(GpsDirectory.TagAltitudeRef, out var below) && below == 1 ? -1 : 1)
                    : null,
            HeightAboveStart = double.TryParse(
                xmp.GetValueOrDefault("drone-dji:RelativeAltitude"),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out var height
            )
                ? height
                : null,
            Focal35 = Number(exif, ExifDirectoryBase.Tag35MMFilmEquivFocalLength) is > 0 and var focal ? focal : null,
        };
    }

    private static int? Number(MetadataExtractor.Directory? directory, int tag) =>
        directory?.TryGetInt32(tag, out var number) is true ? number : null;

    /// <summary>As the image itself has it, whatever its format.</summary>
    private static int? Size(IReadOnlyList<MetadataExtractor.Directory> directories, string name) =>
        (
            from directory in directories
            where directory is not (ExifThumbnailDirectory or ExifSubIfdDirectory)
            from tag in directory.Tags
            where tag.Name == name && directory.TryGetInt32(tag.Type, out _)
            select (int?)directory.GetInt32(tag.Type)
        ).FirstOrDefault();
}
