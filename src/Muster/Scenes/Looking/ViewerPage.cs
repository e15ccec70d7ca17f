using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Muster.Scenes.Export;
using Muster.Scenes.Geometry;

namespace Muster.Scenes.Looking;

/// <summary>
/// A page to turn a scene around in, whole in one file: it asks nothing of any network. Points lie in chunks that are
/// near each other, each with
/// a box of its own in which sixteen bits an axis are enough; within a chunk they are shuffled, so that the first part
/// of each shows all of it.
/// </summary>
public sealed class ViewerPage
{
    private const int ChunkSize = 1 << 16;
    private readonly Stance _stance;
    private readonly Vec3 _centre;
    private readonly double _size;
    private readonly Scene _scene;

    private ViewerPage(Scene scene, SceneSurvey survey)
    {
        var frame = survey.Frame(scene.Cameras.Select(camera => camera.Position));
        (_scene, _stance, _centre, _size) = (scene, Stance.Of(scene.Cameras), frame.Centre, frame.Size.Length);
    }

    /// <summary>
    /// For whoever serves the page: its own script and style and no other, and an origin of its own, so that it has no
    /// way to what the server's other pages may do.
    /// </summary>
    public static string Policy => OwnPolicy.Value;

    private static readonly Lazy<string> OwnPolicy = new(() =>
        $"sandbox allow-scripts; default-src 'none'; script-src {Hash("script")}; style-src {Hash("style")}; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );

    /// <summary>Of what the template has between these tags.</summary>
    private static string Hash(string tag)
    {
        var template = Template();
        var start = template.IndexOf($"<{tag}>", StringComparison.Ordinal) + tag.Length + 2;
        var text = template[start..template.IndexOf($"</{tag}>", start, StringComparison.Ordinal)];
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";
    }

    public static void Write(Stream to, string title, Scene scene, SceneSurvey survey, ScenePoint[] points) =>
        new ViewerPage(scene, survey).Write(to, title, points, survey.Points);

    private void Write(Stream to, string title, ScenePoint[] points, long all)
    {
        using var page = new StreamWriter(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        var template = Template();
        var at = template.IndexOf("<!-- scene -->", StringComparison.Ordinal);
        page.Write(template[..at]);
        page.Write("<script type=\"application/json\" id=\"scene\">{\"title\":\"");
        page.Write(JavaScriptEncoder.Default.Encode(title));
        page.Write(
            string.Create(
                CultureInfo.InvariantCulture,
                $"\",\"size\":{_size:R},\"all\":{all},\"cameras\":{_scene.Cameras.Count},\"way\":"
                    + $"{_scene.Way.Count}}}</script>\n"
            )
        );
        Floats(page, "lines", CameraCorners());
        Floats(page, "path", _scene.Way.Where(place => place.IsFinite).Select(Seen));
        Arrange(points);
        for (var start = 0; start < points.Length; start += ChunkSize)
            WriteChunk(page, points.AsSpan(start, Math.Min(ChunkSize, points.Length - start)));
        page.Write(template[at..]);
    }

    private static string Template()
    {
        using var reader = new StreamReader(
            typeof(ViewerPage).Assembly.GetManifestResourceStream("Scenes/Looking/viewer.html")!
        );
        return reader.ReadToEnd();
    }

    /// <summary>As the page's eye has it: right, up, and toward who looks.</summary>
    private Vec3 Seen(Vec3 place) =>
        _stance.Seen(place - _centre) is var seen ? new(seen.X, -seen.Y, -seen.Z) : default;

    private IEnumerable<Vec3> CameraCorners() =>
        _scene
            .Cameras.Where(camera => camera.Position.IsFinite)
            .SelectMany(camera =>
            {
                Vec3[] corners = [.. CameraLines.Corners(camera, _size * 0.008).Select(Seen)];
                return CameraLines.Edges.SelectMany(edge => (Vec3[])[corners[edge.From], corners[edge.To]]);
            });

    /// <summary>
    /// Puts points that are near each other near each other, by the curve that runs through all cubes of the frame.
    /// </summary>
    private void Arrange(ScenePoint[] points)
    {
        var keys = new ulong[points.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var seen = Seen(points[i].Position);
            points[i] = points[i] with { Position = seen };
            keys[i] = Spread(seen.X) | (Spread(seen.Y) << 1) | (Spread(seen.Z) << 2);
        }
        Array.Sort(keys, points);
        var random = new Random(1);
        for (var start = 0; start < points.Length; start += ChunkSize)
            random.Shuffle(points.AsSpan(start, Math.Min(ChunkSize, points.Length - start)));
    }

    /// <summary>The place along one axis in 21 bits, with two free ones after each.</summary>
    private ulong Spread(double value)
    {
        var bits = (ulong)(Math.Clamp((value / (2 * _size)) + 0.5, 0, 1) * 0x1fffff);
        bits = (bits | (bits << 32)) & 0x1f00000000ffff;
        bits = (bits | (bits << 16)) & 0x1f0000ff0000ff;
        bits = (bits | (bits << 8)) & 0x100f00f00f00f00f;
        bits = (bits | (bits << 4)) & 0x10c30c30c30c30c3;
        return (bits | (bits << 2)) & 0x1249249249249249;
    }

    private static void WriteChunk(StreamWriter page, ReadOnlySpan<ScenePoint> points)
    {
        var tally = new CloudTally();
        tally.Add(points);
        var (min, size) = (tally.Bounds!.Min, tally.Bounds.Size);
        var bytes = new byte[9 * points.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var p = points[i].Position - min;
            var place = bytes.AsSpan(6 * i);
            var colour = bytes.AsSpan((6 * points.Length) + (3 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(place, Part(p.X, size.X));
            BinaryPrimitives.WriteUInt16LittleEndian(place[2..], Part(p.Y, size.Y));
            BinaryPrimitives.WriteUInt16LittleEndian(place[4..], Part(p.Z, size.Z));
            (colour[0], colour[1], colour[2]) = (points[i].Red, points[i].Green, points[i].Blue);
        }
        page.Write(
            string.Create(
                CultureInfo.InvariantCulture,
                $"<script type=\"text/plain\" class=\"chunk\" data-count=\"{points.Length}\" data-min=\"{min.X:R} "
                    + $"{min.Y:R} {min.Z:R}\" data-size=\"{size.X:R} {size.Y:R} {size.Z:R}\">"
            )
        );
        page.Write(Convert.ToBase64String(bytes));
        page.Write("</script>\n");

        static ushort Part(double value, double whole) =>
            whole > 0 ? (ushort)((value / whole * 65535) + 0.5) : (ushort)0;
    }

    private static void Floats(StreamWriter page, string id, IEnumerable<Vec3> places)
    {
        float[] numbers = [.. places.SelectMany(place => (float[])[(float)place.X, (float)place.Y, (float)place.Z])];
        page.Write(
            $"<script type=\"text/plain\" "
                + $"id=\"{id}\">{Convert.ToBase64String(MemoryMarshal.AsBytes<float>(numbers))}</script>\n"
        );
    }
}
