using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Muster.Scenes.Formats.Colmap;

/// <summary>Writes a COLMAP model as three files, in text or binary. Points come as they are made.</summary>
internal static class ColmapWriter
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    public static IReadOnlyList<string> Files(ColmapForm form) =>
        form == ColmapForm.Text
            ? ["cameras.txt", "images.txt", "points3D.txt"]
            : ["cameras.bin", "images.bin", "points3D.bin"];

    public static void Write(
        string folder,
        ColmapForm form,
        IReadOnlyList<ColmapCamera> cameras,
        IReadOnlyList<ColmapImage> images,
        long count,
        IEnumerable<ScenePoint[]> points
    )
    {
        if (form == ColmapForm.Text)
        {
            WholeFile.WriteText(Path.Combine(folder, "cameras.txt"), text => Cameras(text, cameras));
            WholeFile.WriteText(Path.Combine(folder, "images.txt"), text => Images(text, images));
            WholeFile.WriteText(Path.Combine(folder, "points3D.txt"), text => Points(text, count, points));
            return;
        }
        WholeFile.Write(Path.Combine(folder, "cameras.bin"), stream => Cameras(new BinaryWriter(stream), cameras));
        WholeFile.Write(Path.Combine(folder, "images.bin"), stream => Images(new BinaryWriter(stream), images));
        WholeFile.Write(Path.Combine(folder, "points3D.bin"), stream => Points(stream, count, points));
    }

    private static void Cameras(TextWriter to, IReadOnlyList<ColmapCamera> cameras)
    {
        to.WriteLine($"# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]\n# Number of cameras: {cameras.Count}");
        foreach (var camera in cameras)
            to.WriteLine(
                $"{camera.Id} {camera.Model} {camera.Width} {camera.Height} "
                    + $"{string.Join(' ', camera.Parameters.Select(one => one.ToString("G9", Plain)))}"
            );
    }

    private static void Images(TextWriter to, IReadOnlyList<ColmapImage> images)
    {
        to.WriteLine(
            $"# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n# POINTS2D[] as (X, Y, POINT3D_ID)\n# Number of "
                + $"images: {images.Count}"
        );
        foreach (var image in images)
        {
            var (t, q) = (image.WorldToCamera.Position, image.WorldToCamera.Rotation.Canonical());
            double[] pose = [q.W, q.X, q.Y, q.Z, t.X, t.Y, t.Z];
            var written = string.Join(' ', pose.Select(one => (one + 0.0).ToString("F9", Plain)));
            to.WriteLine($"{image.Id} {written} {image.Camera} {image.Name}\n");
        }
    }

    private static void Points(TextWriter to, long count, IEnumerable<ScenePoint[]> points)
    {
        to.WriteLine(
            $"# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)\n# Number of points: {count}"
        );
        var id = 0L;
        foreach (var batch in points)
        {
            foreach (ref readonly var point in batch.AsSpan())
            {
                var p = point.Position;
                to.Write(
                    string.Create(
                        Plain,
                        $"{++id} {p.X:G9} {p.Y:G9} {p.Z:G9} {point.Red} {point.Green} {point.Blue} 0\n"
                    )
                );
            }
        }
    }

    private static void Cameras(BinaryWriter to, IReadOnlyList<ColmapCamera> cameras)
    {
        to.Write((ulong)cameras.Count);
        foreach (var camera in cameras)
        {
            to.Write(camera.Id);
            to.Write(Array.FindIndex(ColmapCamera.Models, model => model.Name == camera.Model));
            to.Write((ulong)camera.Width);
            to.Write((ulong)camera.Height);
            foreach (var parameter in camera.Parameters)
                to.Write(parameter);
        }
        to.Flush();
    }

    private static void Images(BinaryWriter to, IReadOnlyList<ColmapImage> images)
    {
        to.Write((ulong)images.Count);
        foreach (var image in images)
        {
            var (t, q) = (image.WorldToCamera.Position, image.WorldToCamera.Rotation.Canonical());
            to.Write(image.Id);
            foreach (var number in (double[])[q.W, q.X, q.Y, q.Z, t.X, t.Y, t.Z])
                to.Write(number);
            to.Write(image.Camera);
            to.Write(Encoding.UTF8.GetBytes($"{image.Name}\0"));
            to.Write(0UL);
        }
        to.Flush();
    }

    private static void Points(Stream to, long count, IEnumerable<ScenePoint[]> points)
    {
        var record = new byte[51];
        BinaryPrimitives.WriteInt64LittleEndian(record, count);
        to.Write(record, 0, 8);
        var id = 0L;
        foreach (var batch in points)
        {
            foreach (ref readonly var point in batch.AsSpan())
            {
                BinaryPrimitives.WriteInt64LittleEndian(record, ++id);
                BinaryPrimitives.WriteDoubleLittleEndian(record.AsSpan(8), point.Position.X);
                BinaryPrimitives.WriteDoubleLittleEndian(record.AsSpan(16), point.Position.Y);
                BinaryPrimitives.WriteDoubleLittleEndian(record.AsSpan(24), point.Position.Z);
                (record[32], record[33], record[34]) = (point.Red, point.Green, point.Blue);
                to.Write(record); // the error and the length of the track stay zero
            }
        }
    }
}
