using System.Globalization;
using Muster.Scenes.Drawing;
using Muster.Scenes.Export;
using Muster.Scenes.Formats.Png;
using Muster.Scenes.Formats.Tensors;
using Muster.Scenes.Geometry;

namespace Muster.Scenes;

/// <summary>
/// A room with a ball and a box, seen by a camera that walks through it: every depth, pose and colour is known. In
/// metres, y down.
/// </summary>
internal sealed class SyntheticScene
{
    private static readonly Vec3 RoomMin = new(-2, -1.2, -1.5),
        RoomMax = new(2, 1, 4),
        BoxMin = new(-1.1, 0.3, 2.2),
        BoxMax = new(-0.4, 1, 2.9),
        Ball = new(0.5, 0.5, 2.5);
    private const double Radius = 0.5;

    public SyntheticScene(int frames, int height, int width)
    {
        (Height, Width) = (height, width);
        Camera = new(0.9 * width, 0.9 * width, (width - 1) / 2.0, (height - 1) / 2.0);
        CameraToWorld =
        [
            .. Enumerable.Range(0, frames).Select(i => Stand(frames == 1 ? 0 : (2.0 * i / (frames - 1)) - 1)),
        ];
    }

    public int Height { get; }
    public int Width { get; }
    public Pinhole Camera { get; }
    public Pose[] CameraToWorld { get; }

    /// <summary>How far a place is from the nearest surface.</summary>
    public static double Distance(Vec3 p)
    {
        var room = new[]
        {
            p.X - RoomMin.X,
            RoomMax.X - p.X,
            p.Y - RoomMin.Y,
            RoomMax.Y - p.Y,
            p.Z - RoomMin.Z,
            RoomMax.Z - p.Z,
        }.Min(Math.Abs);
        var (outside, inside) = (
            new Vec3(Beyond(p.X, BoxMin.X, BoxMax.X), Beyond(p.Y, BoxMin.Y, BoxMax.Y), Beyond(p.Z, BoxMin.Z, BoxMax.Z)),
            0.0
        );
        if (outside.Length == 0)
            inside = new[]
            {
                p.X - BoxMin.X,
                BoxMax.X - p.X,
                p.Y - BoxMin.Y,
                BoxMax.Y - p.Y,
                p.Z - BoxMin.Z,
                BoxMax.Z - p.Z,
            }.Min();
        return Math.Min(room, Math.Min(outside.Length + inside, Math.Abs((p - Ball).Length - Radius)));

        static double Beyond(double value, double least, double most) =>
            Math.Max(0, Math.Max(least - value, value - most));
    }

    /// <summary>Depths along the camera's axis, and colours.</summary>
    public (float[] Depth, Raster Image) Render(int frame)
    {
        var (depths, image) = (new float[Height * Width], new Raster(Width, Height));
        var pose = CameraToWorld[frame];
        var rotation = pose.Rotation.ToMatrix();
        Parallel.For(
            0,
            Height,
            v =>
            {
                for (var u = 0; u < Width; u++)
                {
                    var ray = rotation.Apply(new((u - Camera.Cx) / Camera.Fx, (v - Camera.Cy) / Camera.Fy, 1));
                    var (depth, surface) = Cast(pose.Position, ray);
                    depths[(v * Width) + u] = (float)depth;
                    image[u, v] = Paint(pose.Position + (depth * ray), surface);
                }
            }
        );
        return (depths, image);
    }

    /// <summary>
    /// As DROID-SLAM saves it, in units of its own in which the mean inverse depth is 1. Gives how many metres such a
    /// unit is.
    /// </summary>
    public double WriteReconstruction(string folder)
    {
        Directory.CreateDirectory(folder);
        var frames = CameraToWorld.Length;
        var images = new byte[frames * 3 * Height * Width];
        var disparities = new float[frames * Height * Width];
        for (var i = 0; i < frames; i++)
        {
            var (depth, image) = Render(i);
            for (var pixel = 0; pixel < depth.Length; pixel++)
            {
                disparities[(i * depth.Length) + pixel] = 1 / depth[pixel];
                for (var channel = 0; channel < 3; channel++)
                    images[(((3 * i) + channel) * depth.Length) + pixel] = image.Pixels[(3 * pixel) + 2 - channel];
            }
        }
        var metres = 1 / disparities.Average(d => (double)d);
        for (var at = 0; at < disparities.Length; at++)
            disparities[at] *= (float)metres;
        Put("disps", (ReadOnlySpan<float>)disparities, frames, Height, Width);
        Put("images", (ReadOnlySpan<byte>)images, frames, 3, Height, Width);
        Put("tstamps", (ReadOnlySpan<float>)[.. Enumerable.Range(0, frames).Select(i => (float)(2 * i))], frames);
        Put(
            "intrinsics",
            (ReadOnlySpan<float>)
                [
                    .. Enumerable
                        .Repeat(
                            (float[])
                                [
                                    (float)(Camera.Fx / 8),
                                    (float)(Camera.Fy / 8),
                                    (float)(Camera.Cx / 8),
                                    (float)(Camera.Cy / 8),
                                ],
                            frames
                        )
                        .SelectMany(row => row),
                ],
            frames,
            4
        );
        Put("poses", Rows(CameraToWorld.Select(pose => pose.Inverse.Scaled(1 / metres))), frames, 7);
        return metres;

        void Put<T>(string name, ReadOnlySpan<T> numbers, params ReadOnlySpan<long> shape)
            where T : unmanaged
        {
            using var file = File.Create(Path.Combine(folder, $"{name}.npy"));
            NpyFile.Write(file, numbers, shape);
        }
    }

    /// <summary>As one trains on it: images, depths, poses, a camera.</summary>
    public void WriteSequence(string folder)
    {
        foreach (var below in (string[])["images", "depth"])
            Directory.CreateDirectory(Path.Combine(folder, below));
        for (var i = 0; i < CameraToWorld.Length; i++)
        {
            var (depth, image) = Render(i);
            using var png = File.Create(Path.Combine(folder, "images", $"{i:000000}.png"));
            PngWriter.Write(png, image);
            using var npy = File.Create(Path.Combine(folder, "depth", $"{i:000000}.npy"));
            NpyFile.Write<float>(npy, depth, Height, Width);
        }
        File.WriteAllLines(
            Path.Combine(folder, "poses.txt"),
            CameraToWorld.Select(pose =>
                string.Join(' ', Row(pose).Select(number => number.ToString("R", CultureInfo.InvariantCulture)))
            )
        );
        File.WriteAllText(
            Path.Combine(folder, "intrinsics.txt"),
            string.Create(CultureInfo.InvariantCulture, $"{Camera.Fx} {Camera.Fy} {Camera.Cx} {Camera.Cy}\n")
        );
        File.WriteAllText(
            Path.Combine(folder, "sequence.json"),
            """{"source":"synthetic","units":"m","frame_rate":30,"split":"train"}"""
        );
    }

    public static float[] Rows(IEnumerable<Pose> poses) => [.. poses.SelectMany(Row).Select(number => (float)number)];

    private static double[] Row(Pose pose) =>
        [
            pose.Position.X,
            pose.Position.Y,
            pose.Position.Z,
            pose.Rotation.X,
            pose.Rotation.Y,
            pose.Rotation.Z,
            pose.Rotation.W,
        ];

    /// <summary>From left to right on a curve, looking at the middle of the room.</summary>
    private static Pose Stand(double along) =>
        new(
            new(0.9 * along, -0.15 + (0.1 * along * along), 0.35 * Math.Abs(along)),
            new Rotation(-0.04, -0.16 * along, 0.02 * along, 1).Normalized()
        );

    private static (double Depth, int Surface) Cast(Vec3 eye, Vec3 ray)
    {
        var (depth, surface) = Leave(eye, ray);
        if (Enter(eye, ray) is { } box && box.Depth < depth)
            (depth, surface) = box;
        var (toward, square) = (eye - Ball, ray.Dot(ray));
        var (half, rest) = (toward.Dot(ray), toward.Dot(toward) - (Radius * Radius));
        var root = (half * half) - (square * rest);
        if (root > 0 && (-half - Math.Sqrt(root)) / square is > 0 and var ball && ball < depth)
            (depth, surface) = (ball, 20);
        return (depth, surface);
    }

    private static (double Depth, int Surface) Leave(Vec3 eye, Vec3 ray)
    {
        var x =
            ray.X > 0 ? (RoomMax.X - eye.X) / ray.X
            : ray.X < 0 ? (RoomMin.X - eye.X) / ray.X
            : double.PositiveInfinity;
        var y =
            ray.Y > 0 ? (RoomMax.Y - eye.Y) / ray.Y
            : ray.Y < 0 ? (RoomMin.Y - eye.Y) / ray.Y
            : double.PositiveInfinity;
        var z =
            ray.Z > 0 ? (RoomMax.Z - eye.Z) / ray.Z
            : ray.Z < 0 ? (RoomMin.Z - eye.Z) / ray.Z
            : double.PositiveInfinity;
        return x < y && x < z ? (x, ray.X > 0 ? 1 : 0)
            : y < z ? (y, ray.Y > 0 ? 3 : 2)
            : (z, ray.Z > 0 ? 5 : 4);
    }

    private static (double Depth, int Surface)? Enter(Vec3 eye, Vec3 ray)
    {
        var (x0, x1) = Slab(eye.X, ray.X, BoxMin.X, BoxMax.X);
        var (y0, y1) = Slab(eye.Y, ray.Y, BoxMin.Y, BoxMax.Y);
        var (z0, z1) = Slab(eye.Z, ray.Z, BoxMin.Z, BoxMax.Z);
        var (near, far) = (Math.Max(x0, Math.Max(y0, z0)), Math.Min(x1, Math.Min(y1, z1)));
        return near > 0 && near < far
            ? (
                near,
                near == x0 ? 10
                : near == y0 ? 11
                : 12
            )
            : null;

        static (double, double) Slab(double eye, double ray, double least, double most)
        {
            var (a, b) = ((least - eye) / ray, (most - eye) / ray);
            return a < b ? (a, b) : (b, a);
        }
    }

    private static Ink Paint(Vec3 p, int surface)
    {
        var (a, b) = surface switch
        {
            0 or 1 or 10 => (p.Y, p.Z),
            2 or 3 or 11 => (p.X, p.Z),
            _ => (p.X, p.Y),
        };
        var light =
            0.62
            + (0.5 * (Noise(5 * a, 5 * b, surface) - 0.5))
            + (0.5 * (Noise(17 * a, 17 * b, surface + 31) - 0.5))
            + ((((long)Math.Floor(2 * a) + (long)Math.Floor(2 * b)) & 1) == 0 ? 0.12 : 0);
        var (red, green, blue) = surface switch
        {
            3 => (196, 164, 120),
            2 => (228, 228, 222),
            0 => (150, 176, 196),
            1 => (182, 152, 170),
            5 => (170, 190, 150),
            20 => (236, 120, 60),
            >= 10 => (90, 130, 220),
            _ => (160, 160, 160),
        };
        byte Lit(int colour) => (byte)Math.Clamp(colour * light, 0, 255);
        return new(Lit(red), Lit(green), Lit(blue));
    }

    /// <summary>Smooth from 0 to 1, a bump a unit.</summary>
    private static double Noise(double x, double y, int seed)
    {
        var (i, j) = (Math.Floor(x), Math.Floor(y));
        var (u, v) = (x - i, y - j);
        (u, v) = (u * u * (3 - (2 * u)), v * v * (3 - (2 * v)));
        double At(double di, double dj)
        {
            var hash =
                ((ulong)(long)(i + di) * 0x9e3779b97f4a7c15)
                ^ ((ulong)(long)(j + dj) * 0xc2b2ae3d27d4eb4f)
                ^ ((ulong)seed * 0x165667b19e3779f9);
            hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9;
            return (hash >> 40) / (double)(1 << 24);
        }
        return ((At(0, 0) * (1 - u)) + (At(1, 0) * u)) * (1 - v) + (((At(0, 1) * (1 - u)) + (At(1, 1) * u)) * v);
    }
}
