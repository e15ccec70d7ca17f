using System.Buffers.Binary;
using System.Numerics;
using Muster.Samples;

namespace Muster;

/// <summary>
/// What ODM makes of the photos in samples/, without ODM: the landscape of those photos from above, its heights, and
/// points of it; and the cloud of the samples, in tiles.
/// </summary>
public sealed class OdmFolder : IDisposable
{
    private const int Width = 1800;
    private const int Height = 1500;
    private const float Metres = 0.1f;
    private const int PointSize = 26;

    /// <summary>Of the heights that the landscape counts from.</summary>
    private const float Sea = 430;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("muster-odm-");

    public OdmFolder()
    {
        var land = new Landscape();
        var seen = Seen(land);
        Write(
            Orthophoto,
            GeoTiff.Write(
                Width,
                Height,
                samples: 4,
                Metres,
                (x, y, band) => (byte)(seen[(y * Width) + x] >> (8 * band))
            )
        );
        Write("odm_dem/dsm.tif", Surface(land));
        Write("odm_dem/dtm.tif", "This stands for a terrain model.\n"u8.ToArray());
        Write("odm_georeferencing/odm_georeferenced_model.las", Points(land, seen));
        var samples = System.IO.Path.Combine(Repository.Folder, "samples", "ellipsoid");
        foreach (var file in Directory.EnumerateFiles(samples, "*", SearchOption.AllDirectories))
            Write($"entwine_pointcloud/{System.IO.Path.GetRelativePath(samples, file)}", File.ReadAllBytes(file));
    }

    public const string Orthophoto = "odm_orthophoto/odm_orthophoto.tif";

    public string Path => _folder.FullName;

    /// <summary>Red, green, blue and whether a photo showed it.</summary>
    private static uint[] Seen(Landscape land)
    {
        var seen = new uint[Width * Height];
        Parallel.For(
            0,
            Height,
            row =>
            {
                for (var column = 0; column < Width; column++)
                {
                    var (east, north) = Place(column, row);
                    if (!IsSeen(east, north))
                        continue;
                    var color = Vector3.Clamp(land.Color(east, north) * 255, Vector3.Zero, new(255));
                    seen[(row * Width) + column] =
                        (uint)color.X | ((uint)color.Y << 8) | ((uint)color.Z << 16) | 0xff000000;
                }
            }
        );
        return seen;
    }

    /// <summary>Half as fine, as ODM's are.</summary>
    private static byte[] Surface(Landscape land) =>
        GeoTiff.Write(
            Width / 2,
            Height / 2,
            samples: 1,
            2 * Metres,
            (x, y, _) =>
            {
                var (east, north) = Place(2 * x, 2 * y);
                return IsSeen(east, north) ? Sea + land.Height(east, north) : -1;
            }
        );

    /// <summary>Every third place of the orthophoto, as a LAS file of format 2, its colours in sixteen bits.</summary>
    private static byte[] Points(Landscape land, uint[] seen)
    {
        const int header = 227;
        var places = Enumerable
            .Range(0, Width / 3 * (Height / 3))
            .Select(n => (Column: 3 * (n % (Width / 3)), Row: 3 * (n / (Width / 3))))
            .Where(place => seen[(place.Row * Width) + place.Column] > 0)
            .ToList();
        var file = new byte[header + (places.Count * PointSize)];
        var head = file.AsSpan(0, header);
        "LASF"u8.CopyTo(head);
        (head[24], head[25], head[104]) = (1, 2, 2);
        BinaryPrimitives.WriteUInt16LittleEndian(head[94..], header);
        BinaryPrimitives.WriteInt32LittleEndian(head[96..], header);
        BinaryPrimitives.WriteUInt16LittleEndian(head[105..], PointSize);
        BinaryPrimitives.WriteInt32LittleEndian(head[107..], places.Count);
        double[] numbers = [0.01, 0.01, 0.01, 576_000, 5_188_000, 0, 576_158, 576_022, 5_187_994, 5_187_856, 443, 429];
        for (var n = 0; n < numbers.Length; n++)
            BinaryPrimitives.WriteDoubleLittleEndian(head[(131 + (8 * n))..], numbers[n]);
        Parallel.For(
            0,
            places.Count,
            n =>
            {
                var point = file.AsSpan(header + (n * PointSize), PointSize);
                var (column, row) = places[n];
                var (east, north) = Place(column, row);
                int[] steps = [10 * column, -10 * row, (int)(100 * (Sea + land.Height(east, north)))];
                for (var axis = 0; axis < 3; axis++)
                    BinaryPrimitives.WriteInt32LittleEndian(point[(4 * axis)..], steps[axis]);
                for (var band = 0; band < 3; band++)
                    point[20 + (2 * band) + 1] = (byte)(seen[(row * Width) + column] >> (8 * band));
            }
        );
        return file;
    }

    private static (float East, float North) Place(int column, int row) =>
        ((column - (Width / 2)) * Metres, ((Height / 2) - row) * Metres);

    /// <summary>Photos end where they end, and that is nowhere a straight line.</summary>
    private static bool IsSeen(float east, float north)
    {
        var (across, along) = ((0.95f * east) + (0.3f * north), (0.95f * north) - (0.3f * east));
        var ragged = 5 * Noise.At(east / 6, north / 6);
        return MathF.Abs(across) < 66 + ragged && MathF.Abs(along) < 48 + ragged;
    }

    private void Write(string path, byte[] content)
    {
        var full = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
